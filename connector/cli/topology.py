"""``ccas-connector topology``: the broker objects of the contract."""

import click

from connector.cli.options import failing_cleanly, settings_or_exit


@click.group()
def topology() -> None:
    """Declare the exchange and the queues of the contract."""


@topology.command()
def declare() -> None:
    """Declare the exchange, the queues and each vendor's reply queue; what exists already is left alone.

    A worker does the same when it starts.

    Example: ccas-connector topology declare
    """
    from connector.bootstrap import open_registry
    from connector.cli.broker import connected
    from connector.messaging.topology import declare_backlog, declare_reply_queue, declare_topology

    settings = settings_or_exit()
    with failing_cleanly():
        known = open_registry(settings).load()
    with connected(settings) as connection:
        declare_topology(connection)
        for vendor in known.vendors:
            declare_reply_queue(connection.default_channel, vendor)
        for flow in known.backlogs:
            declare_backlog(connection.default_channel, flow)
    click.echo(f"Declared, with the reply queues of {len(known.vendors)} vendors.")
