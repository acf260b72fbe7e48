"""``ccas-connector topology``: the broker objects of the contract."""

from typing import Final

import click

from connector.cli.options import failing_cleanly, settings_or_exit

_DONE: Final = {
    "DECLARES": "Declared",
    "BINDS": "All there and bound, and this user may not declare",
    "LOOKS": "All there, and this user may not declare; bindings are shown to nobody",
}
"""By what the user may do: what was done."""


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
    from connector.messaging.declaration import Power, ensure_reply_queue, ensure_topology

    settings = settings_or_exit()
    with failing_cleanly():
        vendors = open_registry(settings).load().vendors
    with connected(settings) as connection:
        power = ensure_topology(connection)
        for vendor in vendors.values():
            for name in (None, *vendor.reply_queues):
                ensure_reply_queue(connection, vendor.name, name, may_declare=power is Power.DECLARES)
    click.echo(f"{_DONE[power.name]}, with the reply queues of {len(vendors)} vendors.")
