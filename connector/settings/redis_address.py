"""The address of the Redis or Valkey that worker processes share: one server, or one that Sentinels name.

    redis://user:password@host:6379/0                     one server
    rediss://host:6379/0?cacertfile=/ca.pem               the same over TLS, by the names that the broker's address has for its files
    redis+sentinel://user:password@a:26379,b:26379/0?service=connector    the master that Sentinels name so
    unix:///run/redis/redis.sock                          one on this machine

The user and the password are the server's. Sentinels that ask for some have them as ``sentinel_user`` and ``sentinel_password``
(https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/).
"""

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qsl, unquote

from connector.settings.addresses import hosts_of, read_address

_SCHEMES: Final = frozenset({"redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel"})
_FILES: Final = frozenset({"cacertfile", "certfile", "keyfile"})
_SERVICE: Final = "service"
_OF_SENTINELS: Final = frozenset({_SERVICE, "sentinel_user", "sentinel_password"})
_PORTS: Final = MappingProxyType({"redis": 6379, "sentinel": 26379})


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisAddress:
    """What a connection is made with."""

    servers: tuple[tuple[str, int], ...]
    """Hosts and ports: of the one server, or of the Sentinels. Empty where there is a socket."""
    socket: str | None = None
    database: int = 0
    service: str | None = None
    """Under which name Sentinels know the server; None: there are none."""
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    sentinel_user: str | None = None
    sentinel_password: str | None = field(default=None, repr=False)
    is_encrypted: bool = False
    files: dict[str, str] = field(default_factory=dict)
    """The paths of TLS's files, by the names that the address has for them."""


def redis_address(text: str) -> RedisAddress:
    """Return the parts of an address.

    Raises ``ValueError`` for one that cannot be read, or has an option that is none of these. No message repeats a part of it.
    """
    first, *others = parts = [read_address(each) for each in hosts_of(text)]
    options = dict(parse_qsl(first.query, keep_blank_values=True))
    scheme, _, sentinel = first.scheme.partition("+")
    if first.scheme not in _SCHEMES:
        raise ValueError(f"is none of {', '.join(sorted(_SCHEMES))}")
    is_encrypted = scheme == "rediss"
    _refuse_options(options, is_encrypted=is_encrypted, has_sentinels=bool(sentinel))
    if others and not sentinel:
        raise ValueError(
            "has several hosts: those of Sentinels are written redis+sentinel://a,b/0?service=name"
        )
    is_socket = scheme == "unix"
    if not is_socket and any(not part.hostname for part in parts):
        raise ValueError("has no host")
    return RedisAddress(
        servers=()
        if is_socket
        else tuple((part.hostname or "", part.port or _PORTS[sentinel or "redis"]) for part in parts),
        socket=unquote(first.path) if is_socket else None,
        database=0 if is_socket else _database(first.path),
        service=options.get(_SERVICE),
        user=unquote(first.username) if first.username else None,
        password=unquote(first.password) if first.password else None,
        sentinel_user=options.get("sentinel_user"),
        sentinel_password=options.get("sentinel_password"),
        is_encrypted=is_encrypted,
        files={name: path for name, path in options.items() if name in _FILES},
    )


def _refuse_options(options: dict[str, str], *, is_encrypted: bool, has_sentinels: bool) -> None:
    taken = {*(_FILES if is_encrypted else ()), *(_OF_SENTINELS if has_sentinels else ())}
    if _FILES.intersection(options) and not is_encrypted:
        raise ValueError("has a certificate's file, and redis:// has none: write rediss://")
    if set(options) - taken:
        raise ValueError(
            f"has an option that is none of {', '.join(sorted(taken)) or 'those that it may have, which are none'}"
        )
    if has_sentinels and not options.get(_SERVICE):
        raise ValueError("has Sentinels, and no ?service= that says under which name they know the server")
    if "keyfile" in options and "certfile" not in options:
        raise ValueError("has a keyfile without its certfile")


def _database(path: str) -> int:
    number = path.strip("/") or "0"
    if not number.isdecimal():
        raise ValueError("has a database that is no number: write redis://host:6379/0")
    return int(number)
