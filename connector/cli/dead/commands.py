"""``ccas-connector dead``: what could be neither processed nor answered, and what could not be delivered."""

import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from connector.cli.dead.options import (
    QUEUE,
    QUEUES,
    check_ids,
    fail_unknown,
    look,
    open_dead_queues,
    read_age,
)
from connector.cli.options import AS_JSON, fail, failing_cleanly, finishing, settings_or_exit
from connector.jobs.records import Lane

if TYPE_CHECKING:
    from connector.amqp.dead.letters import DeadLetter


@click.group()
def dead() -> None:
    """List, show, replay and purge what could not be answered or delivered.

    connector.dead holds jobs, connector.undeliverable holds replies. A letter that another of these commands is
    looking at is seen by none beside it.
    """


@dead.command("list")
@QUEUE
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many to show.")
@click.option("--oldest-first", is_flag=True, help="The oldest first. Default: the newest.")
@AS_JSON
def list_letters(*, queues: list[str], limit: int, oldest_first: bool, as_json: bool) -> None:
    """Count the dead letters by reason, and list them, without personal data. Nothing is taken.

    Example: ccas-connector dead list --queue dead --limit 10
    """
    from connector.cli.dead.report import list_of, print_json, print_list

    with open_dead_queues(settings_or_exit()) as dead_queues:
        held, _ = look(dead_queues, queues, "Looking")
        listed = list_of((each.letter for each in held), limit, oldest_first=oldest_first)
    (print_json if as_json else print_list)(listed)


@dead.command()
@click.argument("letter_id", metavar="ID", callback=check_ids)
@click.option("--body", is_flag=True, help="With the body and all that the vendor wrote: personal data.")
def show(letter_id: str, body: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Show the dead letter ID: its properties, and the headers of the connector and of the broker.

    Example: ccas-connector dead show 4f0c2a9be1d7
    """
    from connector.cli.dead.letter import print_letter

    with open_dead_queues(settings_or_exit()) as dead_queues:
        every, _ = look(dead_queues, list(QUEUES.values()), "Looking")
        found = next((held for held in every if held.letter.id == letter_id), None)
    if found is None:
        fail_unknown({letter_id})
    if body:
        click.echo("ccas-connector: what follows holds personal data; do not keep it", err=True)
    print_letter(found, with_body=body)


@dead.command()
@click.argument("letter_ids", nargs=-1, metavar="[ID]...", callback=check_ids)
@click.option("--all", "is_all", is_flag=True, help="Every letter that lies there when the command starts.")
@QUEUE
@click.option(
    "--lane",
    type=click.Choice([lane.value for lane in Lane]),
    help="The lane of those jobs of which none is known, as of those published under an unknown one.",
)
@click.option("--dry-run", is_flag=True, help="Say what would go where, and change nothing.")
def replay(
    *, letter_ids: tuple[str, ...], is_all: bool, queues: list[str], lane: str | None, dry_run: bool
) -> None:
    """Bring dead letters back to where they came from, with their count of deliveries begun anew.

    A job goes to connector.deferred.<lane>, sealed under its vendor's name. Its deadline counts from its AMQP
    timestamp, as ever: one that is too old is answered expired. A reply goes to its reply queue; while that does
    not exist, it stays.

    A letter leaves its queue once the broker has confirmed its replay. Ctrl-C or SIGTERM finish the letter in flight;
    a crash may leave one that was replayed too. A job that is replayed twice is answered from memory, a reply that
    comes twice has the same job_id. Exits 0 when every letter asked for was replayed, 1 when some stay, 2 for an
    unknown ID or a broker that is away.

    Example: ccas-connector dead replay --all --queue undeliverable --dry-run
    """
    from connector.cli.dead.replay import Run, print_run, replay_letters
    from connector.vault import Vault

    if bool(letter_ids) == is_all:
        fail("give the IDs of the letters to replay, or --all; see: ccas-connector dead list")
    settings = settings_or_exit()
    with failing_cleanly():
        vault = Vault(settings.secret_key)
    run = Run(frozenset(letter_ids), Lane(lane) if lane else None, is_dry=dry_run)
    try:
        with finishing() as interruption, open_dead_queues(settings) as dead_queues:
            held, run.total = look(dead_queues, queues, "Replaying")
            replay_letters(run, held, dead_queues, vault, interruption)
    finally:
        print_run(run)
    if interruption.signum is None and run.missing:
        fail_unknown(run.missing)
    sys.exit(interruption.exit_status or (1 if run.stays else 0))


@dead.command()
@click.option(
    "--older-than", "age", required=True, metavar="AGE", callback=read_age, help="Such as 30d, 12h or 45m."
)
@QUEUE
@click.option("--include-undated", is_flag=True, help="Also those of which no age is known.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Count them, and purge none.")
def purge(*, age: timedelta, queues: list[str], include_undated: bool, yes: bool, dry_run: bool) -> None:
    """Delete for good the dead letters older than AGE, once they are counted and you agree.

    Example: ccas-connector dead purge --older-than 30d --dry-run
    """
    from collections import Counter

    from connector.cli.dead.report import print_counts
    from connector.cli.tables import tracked
    from connector.clock import utc_now

    before = utc_now() - age

    def is_old(letter: "DeadLetter") -> bool:
        return include_undated if letter.since is None else letter.since <= before

    with open_dead_queues(settings_or_exit()) as dead_queues:
        every, _ = look(dead_queues, queues, "Looking")
        # Of each its tag alone: bodies are not kept.
        old = [(held.letter, held.delivery_tag) for held in every if is_old(held.letter)]
        print_counts(Counter((letter.queue, letter.reason) for letter, _ in old))
        if not old or dry_run:
            click.echo(f"{len(old)} letters would be purged" if dry_run else "Nothing to purge.")
            return
        if not yes:
            click.confirm(f"Delete these {len(old)} letters for good?", abort=True)
        gone = 0
        with finishing() as interruption:
            for _, delivery_tag in tracked(old, len(old), "Purging"):
                if interruption.signum is not None:
                    break
                dead_queues.let_go(delivery_tag)
                gone += 1
    click.echo(f"{gone} of {len(old)} letters purged")
    sys.exit(interruption.exit_status)
