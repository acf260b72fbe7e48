"""One connection to the broker for a command, whose failures are told in one line."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from connector.cli.options import failing_cleanly
from connector.errors import OperatorError
from connector.settings.settings import Settings


class BrokerError(OperatorError):
    """The broker cannot be asked; the message says why."""


@contextlib.contextmanager
def connected(settings: Settings, transport_options: Mapping[str, Any] | None = None) -> Iterator[Any]:
    """Give kombu's connection to ``CONNECTOR_BROKER_URL``; what the broker, or an operator's error, ends exits.

    Print to a pipe outside of it: one that is closed would be taken for the broker's.
    """
    with failing_cleanly(), reaching(settings, transport_options) as connection:
        yield connection


@contextlib.contextmanager
def reaching(settings: Settings, transport_options: Mapping[str, Any] | None = None) -> Iterator[Any]:
    """Give that connection. Raises ``BrokerError`` when the broker is away, or refuses."""
    from amqp.exceptions import AMQPError
    from kombu.exceptions import OperationalError

    from connector.amqp.connection import CONNECT_SECONDS, NodesConnection, broker_cause, connect
    from connector.settings.broker_address import broker_address

    address = broker_address(settings.broker_url.get_secret_value())
    options = dict(transport_options or {})
    try:
        with NodesConnection(
            address.url, ssl=address.ssl, connect_timeout=CONNECT_SECONDS, transport_options=options
        ) as connection:
            if errors := connect(connection):
                raise BrokerError(_told(broker_cause(errors, address.files)))
            yield connection
    except (AMQPError, OSError, OperationalError) as error:
        raise BrokerError(_told(broker_cause((error,)))) from None


def _told(cause: str) -> str:
    return f"CONNECTOR_BROKER_URL: the broker cannot be used: {cause}"
