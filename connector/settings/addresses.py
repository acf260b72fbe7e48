"""Addresses of servers, read strictly, and what travels to them unencrypted.

A password that is not percent-encoded moves the borders of an address (RFC 3986, sections 3.2 and 2.1): behind its ``/``,
``?`` or ``#``, its rest passes for a path or an option; before its ``@``, its beginning passes for a user or a host. Such
an address is refused as a whole. No message of this module repeats a part of an address.
"""

import ipaddress
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import SplitResult, parse_qsl, urlsplit

_ENCODE: Final = "percent-encode what is special in its password"
_HOST: Final = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+(%[A-Za-z0-9._-]+)?")
_NOT_ENCODED: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_AUTHORITY: Final = re.compile(r"([^/?#]*)(.*)", re.DOTALL)
_RABBITMQ: Final = frozenset({"amqp", "amqps"})
BETWEEN_NODES: Final = ";"
_CLEAR: Final = frozenset({"http", "amqp", "redis", "redis+sentinel"})
_POSTGRESQL: Final = frozenset({"postgresql", "postgresql+psycopg"})
_AUTHORITIES: Final = frozenset({"cacertfile", "sslrootcert"})
_ENCRYPTED: Final = frozenset({"require", "verify-ca", "verify-full"})
"""What of libpq's ``sslmode`` never falls back to a connection in clear."""


def read_address(text: str) -> SplitResult:
    """Return the parts of a server's address.

    Raises ``ValueError`` where a part of a password may stand for something else, or where the parts cannot be read.
    """
    if any(not character.isprintable() or character in ' \\#"<>`' for character in text):
        raise ValueError(f"holds a space, or another character that an address cannot hold; {_ENCODE}")
    if _NOT_ENCODED.search(text):
        raise ValueError(f"holds a % without the two digits of a percent-encoded character; {_ENCODE}")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(f"cannot be read; {_ENCODE}") from None
    if text.count("@") > 1 or parts.netloc.count("@") != text.count("@"):
        raise ValueError(f"cannot be read: an @ stands where none can; {_ENCODE}")
    if port == 0 or not (parts.hostname is None or _HOST.fullmatch(parts.hostname)):
        raise ValueError(f"cannot be read: its host or its port is none; {_ENCODE}")
    return parts


def hosts_of(text: str) -> tuple[str, ...]:
    """Return an address that names several hosts as one address for each; others as they are. None is read yet.

    Those of RabbitMQ are whole addresses, separated by ``;`` as kombu has it. Other servers' are separated by commas, and have one user,
    password, path and query.
    """
    scheme, separator, rest = text.partition("://")
    if scheme in _RABBITMQ:
        return tuple(text.split(BETWEEN_NODES))
    netloc, after = _AUTHORITY.fullmatch(rest).groups()  # type: ignore[union-attr]  # it always matches
    user, at, hosts = netloc.rpartition("@")
    return tuple(f"{scheme}{separator}{user}{at}{host}{after}" for host in hosts.split(","))


def is_loopback(host: str) -> bool:
    """Tell whether what is sent to ``host`` stays on this machine.

    ``localhost`` does, and 127.0.0.0/8, ::1 and IPv4-mapped loopback in their usual forms. Names that end in
    ``localhost``, and forms that resolvers read each in their own way (``127.1``, ``2130706433``), do not count.
    """
    if host.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def leaves_in_clear(text: str, environ: Mapping[str, str]) -> bool:
    """Tell whether what is sent to an address leaves this machine unencrypted, or may.

    ``environ`` may hold libpq's ``PGSSLMODE`` and ``PGHOST``, which count where a PostgreSQL address says nothing itself.
    """
    return any(_leaves_in_clear(each, environ) for each in hosts_of(text))


def _leaves_in_clear(text: str, environ: Mapping[str, str]) -> bool:
    parts = read_address(text)
    if parts.scheme in _CLEAR:
        return not is_loopback(parts.hostname or "")
    if parts.scheme not in _POSTGRESQL:
        return False
    options = parse_qsl(parts.query)
    # To name an authority is to have it asked (``connector.settings.database_address``).
    implied = (
        "verify-full" if _AUTHORITIES.intersection(dict(options)) else environ.get("PGSSLMODE", "prefer")
    )
    modes = [value for name, value in options if name == "sslmode"] or [implied]
    hosts = [value for name, value in options if name in {"host", "hostaddr"}] or [
        parts.hostname or environ.get("PGHOST", "")
    ]
    return modes[-1] not in _ENCRYPTED and not all(map(_is_local_server, hosts))


def _is_local_server(host: str) -> bool:
    """Tell whether libpq reaches a host without a network: by loopback, or by a socket in a folder."""
    return all(not name or name.startswith(("/", "@")) or is_loopback(name) for name in host.split(","))
