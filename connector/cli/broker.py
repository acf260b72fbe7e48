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
    """Give kombu's connection to the operator's broker address; what the broker, or an operator's error, ends exits.

    Print to a pipe outside of it: one that is closed would be taken for the broker's.
    """
    with failing_cleanly(), reaching(settings, transport_options) as connection:
        yield connection


@contextlib.contextmanager
def reaching(settings: Settings, transport_options: Mapping[str, Any] | None = None) -> Iterator[Any]:
    """Give that connection. Raises ``BrokerError`` when the broker is away, or refuses.

    ``CONNECTOR_OPERATOR_BROKER_URL``, else ``CONNECTOR_BROKER_URL``: a worker's user may not read what a command shows.
    """
    from amqp.exceptions import AMQPError
    from kombu.exceptions import OperationalError

    from connector.amqp.connection import CONNECT_SECONDS, NodesConnection, broker_cause, connect
    from connector.settings.broker_address import broker_address

    given = settings.operator_broker_url
    variable = "CONNECTOR_BROKER_URL" if given is None else "CONNECTOR_OPERATOR_BROKER_URL"
    address = broker_address((given or settings.broker_url).get_secret_value())
    options = dict(transport_options or {})
    try:
        with NodesConnection(
            address.url, ssl=address.ssl, connect_timeout=CONNECT_SECONDS, transport_options=options
        ) as connection:
            if errors := connect(connection):
                raise BrokerError(_told(variable, broker_cause(errors, address.files)))
            yield connection
    except (AMQPError, OSError, OperationalError) as error:
        raise BrokerError(_told(variable, broker_cause((error,)))) from None


def _told(variable: str, cause: str) -> str:
    return f"{variable}: the broker cannot be used: {cause}"
