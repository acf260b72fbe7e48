"""The broker's address: RabbitMQ's URI, with the TLS options that its query gives.

``amqps://user:password@host:5671/vhost?cacertfile=/ca.pem&certfile=/client.pem&keyfile=/client.key`` names the
files as RabbitMQ's URI query parameters do (https://www.rabbitmq.com/docs/uri-query-parameters). The broker's
certificate must be signed by that authority, or by one of the system's, and be the host's own.
"""

from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, urlunsplit

from connector.settings.addresses import read_address

_FILES: Final = {"cacertfile": "ca_certs", "certfile": "certfile", "keyfile": "keyfile"}


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """What a kombu connection is made with."""

    url: str = field(repr=False)
    ssl: dict[str, Any] | bool
    """py-amqp's TLS options; False for a connection in clear."""


def broker_address(uri: str) -> BrokerAddress:
    """Return the parts of ``uri``.

    Raises ``ValueError`` when it cannot be read, or names an option that is not one of the three files. No message
    repeats a part of it: what stands for an option may be the rest of a password.
    """
    parts = read_address(uri)
    if not parts.hostname:
        raise ValueError("has no host")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if set(options) - set(_FILES):
        raise ValueError(f"has an option that is none of {', '.join(_FILES)}")
    if parts.scheme != "amqps":
        return BrokerAddress(uri, ssl=False)
    files = {_FILES[name]: path for name, path in options.items()}
    # py-amqp checks the host's name only when it is told which to expect.
    return BrokerAddress(
        urlunsplit(parts._replace(query="")), ssl={"server_hostname": parts.hostname, **files}
    )
