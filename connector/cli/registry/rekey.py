"""``ccas-connector registry rekey``: every stored secret under the first key, and how long the others are needed."""

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from connector.cli.options import failing_cleanly, finishing, settings_or_exit

if TYPE_CHECKING:
    from connector.jobs.records import Flow
    from connector.settings.settings import Settings
    from connector.vault import Vault


@click.command()
@click.option("--dry-run", is_flag=True, help="Say what is under which key, and change nothing.")
def rekey(dry_run: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Seal every stored secret again, under the first key of CONNECTOR_SECRET_KEY, then tell how long to keep the others.

    Secrets that an earlier version sealed, which do not name the field that holds them, are sealed again under the same key.

    To change the key: give the new one first, the former behind it, to the workers, to beat and to this command; then
    run it; then drop the former key once it says so. It may be interrupted, and run again. Remembered replies,
    jobs that are deferred, and records of the journal that wait to be written are not sealed again: they end by themselves,
    and need the former key until then.

    Example: CONNECTOR_SECRET_KEY=$NEW,$FORMER ccas-connector registry rekey --dry-run
    """
    import sys

    from connector.bootstrap.registry import open_current_database
    from connector.cli.tables import progress
    from connector.storage.registry.rekeying import plan_rekeying
    from connector.storage.registry.rekeying import rekey as reseal
    from connector.storage.registry.store import RegistryStore
    from connector.storage.registry.token_store import TokenStore
    from connector.vault import Vault

    settings = settings_or_exit()
    with failing_cleanly():
        vault = Vault(settings.secret_key)
        engine = open_current_database(settings)
        plan = plan_rekeying(RegistryStore(engine).load().tenants.values(), vault)
    for name in vault.key_names:
        role = "in force" if name == vault.key_names[0] else "former"
        click.echo(f"key {name} ({role}): {plan.by_key.get(name, 0)} secrets")
    if not dry_run and plan.stale:
        with (
            failing_cleanly(),
            finishing() as interruption,
            progress(len(plan.stale), "Sealing") as seen,
        ):
            todo = (one for one in plan.stale if interruption.signum is None)
            done = reseal(todo, vault, TokenStore(engine), seen)
        click.echo(f"{done} of {len(plan.stale)} secrets sealed again under key {vault.key_names[0]}")
        if interruption.signum is not None:
            click.echo("interrupted; run it again to go on")
            sys.exit(interruption.exit_status)
    elif dry_run:
        click.echo(f"{len(plan.stale)} secrets would be sealed again; nothing was written (dry run)")
    if len(vault.key_names) > 1:
        # Read again: an overflow queue may have been opened meanwhile.
        with failing_cleanly():
            overflows = RegistryStore(engine).load().every_overflow
        _tell_how_long(settings, vault, overflows)


def _tell_how_long(settings: "Settings", vault: "Vault", overflows: "frozenset[Flow]") -> None:
    """Tell what still needs the former keys, in the broker and in the reply memory."""
    from connector.amqp.dead.queue import TRANSPORT_OPTIONS, DeadQueues
    from connector.amqp.deferred import look_at_deferred, look_at_queue
    from connector.amqp.topology import DEAD, JOURNAL
    from connector.cli.broker import connected
    from connector.clock import utc_now

    with connected(settings, TRANSPORT_OPTIONS) as connection:
        deferred = look_at_deferred(connection, overflows)
        records = look_at_queue(connection, JOURNAL)
        dead = DeadQueues(connection)
        letters = sum(
            under is not None and not under.is_current
            for held in dead.held({DEAD: dead.count(DEAD)})
            for under in [vault.sealed_under(_bytes(held.message.body))]
        )
    needed_seconds = max(deferred.longest_seconds, settings.reply_memory_seconds)
    until = utc_now() + timedelta(seconds=needed_seconds)
    click.echo(
        f"jobs deferred: {deferred.waiting} wait, the last comes back within {deferred.longest_seconds} s; "
        f"{deferred.back} are there for a worker to take"
    )
    click.echo(f"remembered replies: each for {settings.reply_memory_seconds:.0f} s")
    if records:
        click.echo(f"{JOURNAL}: {records} groups of records wait for a worker that writes them")
    if letters:
        click.echo(f"connector.dead: {letters} letters under a former key; replay or purge them first")
    if deferred.back or letters or records:
        click.echo("keep the former keys; run this again once the jobs, letters and records above are gone")
    else:
        click.echo(
            f"the former keys may be dropped after {until:%Y-%m-%d %H:%M} UTC, if every worker has the new one first by now"
        )


def _bytes(body: bytes | str) -> bytes:
    return body if isinstance(body, bytes) else body.encode()
