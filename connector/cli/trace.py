"""``ccas-connector trace``: a job's story, from where it left traces."""

import json
from typing import TYPE_CHECKING, Any

import click

from connector.cli.options import AS_JSON, failing_cleanly, settings_or_exit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.amqp.dead.letters import DeadLetter
    from connector.jobs.records import Flow
    from connector.settings.settings import Settings
    from connector.vault import Vault


@click.command()
@click.argument("job_id")
@click.option("--vendor", help="Of this vendor alone: two may have given the same job_id.")
@AS_JSON
def trace(*, job_id: str, vendor: str | None, as_json: bool) -> None:
    """Tell the story of the job JOB_ID: its calls, where it stands, whether it lies on a dead queue; and what is not seen.

    Reads the journal, the reply memory and the dead queues, and takes nothing away; while the broker is away, the first two.
    Exits 1 when nothing is known of it.

    Example: ccas-connector trace 5f3b1c0e-7c0a-4d0e-9d1f-0f6a3c1b2a90 --vendor millesime
    """
    import sys

    from connector.bootstrap.registry import open_current_database
    from connector.cli.journal.options import reading
    from connector.cli.timeline import timeline, unseen
    from connector.errors import OperatorError
    from connector.storage.journal.store import JournalStore, Wanted
    from connector.storage.registry.store import RegistryStore
    from connector.storage.replies.remembered import remembered
    from connector.vault import Vault

    settings = settings_or_exit()
    with failing_cleanly(), reading():
        vault = Vault(settings.secret_key)
        engine = open_current_database(settings, is_pooled=False)
        records = list(JournalStore(engine).each(Wanted(job_id=job_id, vendor=vendor)))
        known = remembered(engine, vault, job_id, vendor)
        overflows = RegistryStore(engine).load().every_overflow
    letters: list[DeadLetter] = []
    waiting: Mapping[str, int] = {}
    away: list[str] = []
    try:
        letters, waiting = _on_the_broker(settings, vault, job_id, overflows)
    except OperatorError as error:
        away = [f"the broker's queues. {error}"]
    steps = timeline(records, known, [each for each in letters if vendor in {None, each.vendor}])
    blind = [
        *away,
        *unseen(
            steps,
            waiting=waiting,
            has_journal=settings.journal_key is not None,
            memory_seconds=settings.reply_memory_seconds,
        ),
    ]
    if as_json:
        shown: dict[str, Any] = {"steps": [step.as_json() for step in steps], "not_seen": blind}
        click.echo(json.dumps(shown, indent=2))
    else:
        from connector.cli.tables import print_table

        rows = [
            (
                f"{step.at:%Y-%m-%d %H:%M:%S}.{step.at.microsecond // 1000:03}" if step.at else "-",
                step.vendor or "-",
                step.source,
                step.told,
            )
            for step in steps
        ]
        if rows:
            print_table(("At (UTC)", "Vendor", "Seen in", "What"), rows)
        else:
            click.echo("Nothing is known of this job.")
        for sentence in blind:
            click.echo(f"Not seen: {sentence}")
    sys.exit(0 if steps else 1)


def _on_the_broker(
    settings: "Settings", vault: "Vault", job_id: str, overflows: "frozenset[Flow]"
) -> "tuple[list[DeadLetter], Mapping[str, int]]":
    """Return the dead letters of a job, and how much waits sealed. Raises ``OperatorError``."""
    from connector.amqp.dead.queue import TRANSPORT_OPTIONS, DeadQueues
    from connector.amqp.deferred import look_at_deferred
    from connector.amqp.queue_state import queue_states
    from connector.amqp.topology import JOURNAL
    from connector.cli.broker import reaching
    from connector.cli.dead.options import QUEUES, look

    with reaching(settings, TRANSPORT_OPTIONS) as connection:
        deferred = look_at_deferred(connection, overflows)
        journal = queue_states(connection)[JOURNAL]
        every, _ = look(DeadQueues(connection), list(QUEUES.values()), "Looking")
        letters = [held.letter for held in every if _job_of(held.message, vault) == job_id]
    return letters, {
        "the delay queues": deferred.waiting,
        "the queues of jobs deferred, and the overflow queues": deferred.back,
        JOURNAL: 0 if journal is None else journal.waiting,
    }


def _job_of(message: Any, vault: "Vault") -> str | None:
    """Return the ``job_id`` of a job or a reply, sealed or not; None where it has none that can be read."""
    from connector.amqp.deferral import read_deferred
    from connector.jobs.delivery import body_of

    sealed = read_deferred(message, vault)
    try:
        found = json.loads(body_of(message) if sealed is None else sealed.body)["job_id"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return found if isinstance(found, str) else None
