"""The broker's address: RabbitMQ's URI, with the TLS options that its query gives; several nodes of a cluster, ``;``-separated.

``amqps://user:password@host:5671/vhost?cacertfile=/ca.pem&certfile=/client.pem&keyfile=/client.key`` names the
files as RabbitMQ's URI query parameters do (https://www.rabbitmq.com/docs/uri-query-parameters). The broker's
certificate must be signed by that authority, or by one of the system's, and be the host's own.

The nodes of a cluster share their users, their virtual hosts and their certificates' authority: their addresses differ in host and
port alone.
"""

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import SplitResult, parse_qsl, urlunsplit

from connector.settings.addresses import BETWEEN_NODES, hosts_of, read_address

_SCHEMES: Final = frozenset({"amqp", "amqps"})
_FILES: Final = MappingProxyType({"cacertfile": "ca_certs", "certfile": "certfile", "keyfile": "keyfile"})


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """What a kombu connection is made with."""

    url: str = field(repr=False)
    """The nodes' addresses, as kombu takes them: each is tried in turn."""
    ssl: dict[str, Any] | bool
    """py-amqp's TLS options; False for a connection in clear."""

    @property
    def files(self) -> tuple[str, ...]:
        """The paths of the files that TLS needs."""
        return (
            ()
            if isinstance(self.ssl, bool)
            else tuple(self.ssl[name] for name in _FILES.values() if name in self.ssl)
        )


def broker_address(uri: str) -> BrokerAddress:
    """Return the parts of ``uri``.

    Raises ``ValueError`` when it cannot be read, or names an option that is not one of the three files, or gives one in clear, or
    several nodes that differ in more than host and port. No message repeats a part of it: what stands for an option may be the rest of
    a password.
    """
    first, *others = (_read(node) for node in hosts_of(uri))
    if any(_shared(other) != _shared(first) for other in others):
        raise ValueError("has several nodes that differ in more than host and port")
    options = dict(parse_qsl(first.query, keep_blank_values=True))
    if set(options) - set(_FILES):
        raise ValueError(f"has an option that is none of {', '.join(_FILES)}")
    if first.scheme != "amqps":
        if options:
            raise ValueError("has a certificate's file, and amqp:// has none: write amqps://")
        return BrokerAddress(uri, ssl=False)
    if "keyfile" in options and "certfile" not in options:
        raise ValueError("has a keyfile without its certfile")
    files = {_FILES[name]: path for name, path in options.items()}
    urls = BETWEEN_NODES.join(urlunsplit(node._replace(query="")) for node in (first, *others))
    # py-amqp checks the host's name only when it is told which to expect.
    return BrokerAddress(urls, ssl={"server_hostname": first.hostname, **files})


def _read(uri: str) -> SplitResult:
    parts = read_address(uri)
    if parts.scheme not in _SCHEMES:
        raise ValueError(
            f"has a {BETWEEN_NODES} that no amqp:// follows: it stands between the nodes of a cluster; percent-encode one that is in "
            "the password"
        )
    if not parts.hostname:
        raise ValueError("has no host")
    return parts


def _shared(parts: SplitResult) -> tuple[str | None, ...]:
    return parts.scheme, parts.username, parts.password, parts.path, parts.query
