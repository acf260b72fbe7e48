"""``ccas-connector topology``: the broker objects of the contract."""

import click

from connector.cli.options import failing_cleanly, settings_or_exit


@click.group()
def topology() -> None:
    """Declare the exchanges and the queues of the contract."""


@topology.command()
def declare() -> None:
    """Declare the exchanges, the queues and each vendor's reply queues; what exists already is left alone.

    As a user that may not declare, it says whether they are all there. A worker does the same when it starts.

    Example: ccas-connector topology declare
    """
    from connector.bootstrap import open_registry
    from connector.cli.broker import connected
    from connector.messaging.declaration import ensure_reply_queue, ensure_topology

    settings = settings_or_exit()
    with failing_cleanly():
        vendors = open_registry(settings).load().vendors
    with connected(settings) as connection:
        may_declare = ensure_topology(connection)
        for vendor in vendors.values():
            for name in (None, *vendor.reply_queues):
                ensure_reply_queue(connection, vendor.name, name, may_declare=may_declare)
    done = "Declared" if may_declare else "All there, and this user may not declare"
    click.echo(f"{done}, with the reply queues of {len(vendors)} vendors.")
