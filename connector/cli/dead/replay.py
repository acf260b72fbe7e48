"""What ``dead replay`` does with each letter, and what it says of them."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import click

from connector.amqp.confirmed_channel import Confirmation
from connector.amqp.dead.letters import DeadLetter
from connector.amqp.dead.queue import DeadQueues, Held
from connector.amqp.dead.replay import Replay, Stuck, message_of, not_taken, replay_of
from connector.cli.options import Interruption
from connector.cli.tables import print_table
from connector.clock import utc_now
from connector.jobs.records import Lane
from connector.vault import Vault

_IDS_SHOWN = 5


@dataclass(slots=True)
class Run:
    """What is to be replayed, and what became of it so far: letters by where they went, or by why they stay."""

    letter_ids: frozenset[str]
    """Empty: every letter."""
    lane: Lane | None
    is_dry: bool
    total: int = 0
    """How many letters lay there at the start."""
    seen: int = 0
    went: dict[str, list[str]] = field(default_factory=dict)
    stays: dict[str, list[str]] = field(default_factory=dict)
    is_interrupted: bool = False

    @property
    def missing(self) -> frozenset[str]:
        """The IDs asked for of which no letter was seen."""
        ended = [*self.went.values(), *self.stays.values()]
        return self.letter_ids.difference(*ended)

    def note(self, letter: DeadLetter, end: Replay | Stuck) -> None:
        """Note what became of a letter."""
        if isinstance(end, Stuck):
            self.stays.setdefault(end.reason, []).append(letter.id)
        else:
            self.went.setdefault(end.queue, []).append(letter.id)


def replay_letters(
    run: Run, every: Iterable[Held], dead_queues: DeadQueues, vault: Vault, interruption: Interruption
) -> None:
    """Replay those of ``every`` that the run asks for, one whole letter after the other, until told to end."""
    for held in every:
        if interruption.signum is not None:
            run.is_interrupted = True
            return
        run.seen += 1
        if not run.letter_ids or held.letter.id in run.letter_ids:
            run.note(held.letter, _replay(run, held, dead_queues, vault))


def _replay(run: Run, held: Held, dead_queues: DeadQueues, vault: Vault) -> Replay | Stuck:
    decided = replay_of(held.letter, run.lane)
    if isinstance(decided, Stuck) or run.is_dry:
        return decided
    message = message_of(decided, held.letter, held.message, utc_now(), vault)
    confirmation = dead_queues.publish(message)
    if confirmation is not Confirmation.ROUTED:
        return not_taken(decided, held.letter, confirmation)
    dead_queues.let_go(held.delivery_tag)
    return decided


def print_run(run: Run) -> None:
    """Print what became of the letters, and how far an interrupted run came."""
    verbs = ("would go to", "would stay:") if run.is_dry else ("replayed to", "stay:")
    rows = [
        (str(len(letter_ids)), f"{verb} {end}", _some(letter_ids))
        for verb, ends in zip(verbs, (run.went, run.stays), strict=True)
        for end, letter_ids in sorted(ends.items())
    ]
    if rows:
        print_table(("Letters", "What becomes of them" if run.is_dry else "What became of them", "IDs"), rows)
    replayed = sum(map(len, run.went.values()))
    what = "would be replayed" if run.is_dry else "replayed"
    click.echo(f"{replayed} of {run.total} letters {what}")
    if run.is_interrupted:
        click.echo(f"ccas-connector: interrupted after {run.seen} of {run.total}; run it again", err=True)


def _some(letter_ids: list[str]) -> str:
    more = len(letter_ids) - _IDS_SHOWN
    return ", ".join(letter_ids[:_IDS_SHOWN]) + (f" and {more} more" if more > 0 else "")
