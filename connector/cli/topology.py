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
    from amqp.exceptions import AMQPError
    from kombu import Connection
    from kombu.exceptions import OperationalError

    from connector.bootstrap import open_registry
    from connector.cli.options import fail
    from connector.messaging.address import broker_address
    from connector.messaging.topology import declare_reply_queue, declare_topology

    settings = settings_or_exit()
    address = broker_address(settings.broker_url.get_secret_value())
    with failing_cleanly():
        vendors = open_registry(settings).load().vendors
    try:
        with Connection(address.url, ssl=address.ssl, connect_timeout=10) as connection:
            declare_topology(connection)
            for vendor in vendors:
                declare_reply_queue(connection.default_channel, vendor)
    except AMQPError as error:
        fail(f"CONNECTOR_BROKER_URL: the broker refused: {error.reply_text or type(error).__name__}")
    except (OSError, OperationalError) as error:
        fail(f"CONNECTOR_BROKER_URL: the broker cannot be reached ({type(error).__name__})")
    click.echo(f"Declared, with the reply queues of {len(vendors)} vendors.")
