"""``ccas-connector topology``: the broker objects of the contract."""

from typing import Final

import click

from connector.cli.options import failing_cleanly, settings_or_exit
from connector.errors import OperatorError

_DONE: Final = {
    "DECLARES": "Declared",
    "BINDS": "All there and bound, and this user may not declare",
    "LOOKS": "All there, and this user may not declare; bindings are shown to nobody",
}
"""By what the user may do: what was done."""


@click.group()
def topology() -> None:
    """Declare the exchanges and the queues of the contract, or replace queues that are not as they must be."""


@topology.command()
def declare() -> None:
    """Declare the exchanges, the queues and each vendor's reply queues; what exists already is left alone.

    As a user that may not declare, it says whether they are all there. A worker does the same when it starts.

    Example: ccas-connector topology declare
    """
    from amqp.exceptions import PreconditionFailed

    from connector.amqp.declaration import Power, ensure_reply_queue, ensure_topology
    from connector.amqp.topology import reply_queue
    from connector.bootstrap.registry import open_registry
    from connector.cli.broker import connected

    settings = settings_or_exit()
    with failing_cleanly():
        vendors = open_registry(settings).load().vendors
    with connected(settings) as connection:
        power = ensure_topology(connection)
        for vendor in vendors.values():
            for name in (None, *vendor.reply_queues):
                try:
                    ensure_reply_queue(connection, vendor.name, name, may_declare=power is Power.DECLARES)
                except PreconditionFailed as error:
                    raise OperatorError(
                        f"{reply_queue(vendor.name, name)} exists with other arguments ({error.reply_text}); "
                        "run: ccas-connector topology replace-reply-queues --dry-run"
                    ) from None
    click.echo(f"{_DONE[power.name]}, with the reply queues of {len(vendors)} vendors.")


@topology.command()
@click.argument("vendor", required=False)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")
@click.option(
    "--with-readers",
    is_flag=True,
    help="Replace a queue that its vendor reads, too: its consumers end, and must consume anew; a reply that a reader "
    "holds then, unacknowledged, does not come again should that reader die.",
)
def replace_reply_queues(*, vendor: str | None, dry_run: bool, with_readers: bool) -> None:
    """Replace the reply queues that exist with other arguments than they must have, where they are empty.

    For those that were declared with a delivery limit of 20: a reply whose reader crashed twenty times left them for
    connector.undeliverable. No worker may run meanwhile, and none can start. Needs the rights to configure, write and read.
    A reader that polls (basic.get) is not seen, nor what it holds unacknowledged: have it stopped first. Exits 1 when a queue
    is left as it is.

    Example: ccas-connector topology replace-reply-queues --dry-run
    """
    from connector.amqp.replacing import Finding, keep_workers_away, look_at, replace
    from connector.bootstrap.registry import open_registry
    from connector.cli.broker import connected

    settings = settings_or_exit()
    with failing_cleanly():
        vendors = open_registry(settings).load().vendors
        if vendor is not None and vendor not in vendors:
            raise OperatorError(f"there is no vendor {vendor}")
    chosen = [each for each in vendors.values() if vendor in (None, each.name)]
    found = []
    with connected(settings) as connection:
        if not dry_run:
            keep_workers_away(connection)
        for each in chosen:
            names = (None, *each.reply_queues)
            if dry_run:
                queues = [look_at(connection, each.name, name) for name in names]
                found += [(queue, queue.finding(with_readers=with_readers)) for queue in queues]
            else:
                found += replace(connection, each.name, names, with_readers=with_readers)
    for queue, finding in found:
        is_done = finding is Finding.REPLACEABLE and not dry_run
        click.echo(f"{queue.name}: {'replaced' if is_done else finding}")
        if queue.difference is not None:
            click.echo(
                f"  {queue.waiting} waiting, {queue.readers} readers; the broker said: {queue.difference}"
            )
    if any(finding in (Finding.FILLED, Finding.READ) for _, finding in found):
        raise SystemExit(1)
