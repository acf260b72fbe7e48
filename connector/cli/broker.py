"""One connection to the broker for a command, whose failures are told in one line."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from connector.cli.options import fail, failing_cleanly
from connector.settings import Settings


@contextlib.contextmanager
def connected(settings: Settings, transport_options: Mapping[str, Any] | None = None) -> Iterator[Any]:
    """Give kombu's connection to ``CONNECTOR_BROKER_URL``; what the broker, or an operator's error, ends exits.

    Print to a pipe outside of it: one that is closed would be taken for the broker's.
    """
    from amqp.exceptions import AMQPError
    from kombu import Connection
    from kombu.exceptions import OperationalError

    from connector.messaging.address import broker_address

    address = broker_address(settings.broker_url.get_secret_value())
    options = dict(transport_options or {})
    try:
        with (
            failing_cleanly(),
            Connection(
                address.url, ssl=address.ssl, connect_timeout=10, transport_options=options
            ) as connection,
        ):
            connection.connect()
            yield connection
    except AMQPError as error:
        fail(f"CONNECTOR_BROKER_URL: the broker refused: {error.reply_text or type(error).__name__}")
    except (OSError, OperationalError) as error:
        fail(f"CONNECTOR_BROKER_URL: the broker cannot be reached ({type(error).__name__})")
