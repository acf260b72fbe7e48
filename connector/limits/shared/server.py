"""The client of the shared server: how it is reached, how long it is waited for, and why it cannot be used, in one sentence."""

import asyncio
import ssl
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from redis.asyncio import Connection, ConnectionPool, Redis, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import MasterNotFoundError, Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    ClusterDownError,
    MasterDownError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)

from connector.settings.causes import network_cause
from connector.settings.redis_address import RedisAddress

ANSWER_SECONDS: Final = 2.0
_MOST_QUESTIONS: Final = 8
"""At once; those beyond wait: a burst of them is no server that is away."""
FAILURES: Final = (RedisError, OSError)
"""What redis-py raises when the server is away, or answers what it should not."""
_READ_ONLY: Final = "it takes no changes: it is a replica"
_SENTENCES: Final = (
    (MasterNotFoundError, "", "the Sentinels name no master of that name, or none of them answers"),
    (ReadOnlyError, "", _READ_ONLY),
    (RedisError, "previous master is now", _READ_ONLY),
    # Of a script, before Redis 7.
    (ResponseError, "READONLY", _READ_ONLY),
    (OutOfMemoryError, "", "its memory is full (maxmemory)"),
    (BusyLoadingError, "", "it is loading its data"),
    (ClusterDownError, "", "its cluster is down"),
    (MasterDownError, "", "it is a replica whose master is down"),
    (NoPermissionError, "", "its user has not the right for that"),
    (ResponseError, "NOAUTH", "it asks for a password, and the address has none"),
    (RedisError, "already authenticated", "it asks for a password, and the address has none"),
    (AuthenticationError, "", "it refuses the user or the password"),
    (AuthorizationError, "", "it refuses the user or the password"),
    (ResponseError, "WRONGPASS", "it refuses the user or the password"),
    (ResponseError, "DB index", "it has no database of that number"),
    (ResponseError, "MISCONF", "it cannot save to its disk, and takes no changes"),
    (ResponseError, "", "it refuses a command"),
)
"""By the error's type and a part of the server's words, the first that fits."""
_FILES: Final[Mapping[str, str]] = MappingProxyType(
    {"cacertfile": "ssl_ca_certs", "certfile": "ssl_certfile", "keyfile": "ssl_keyfile"}
)


class _Client(Redis):
    """Bounds each command's time by itself, and leaves a server that takes no changes any more.

    redis-py bounds a write by ``asyncio.wait_for``, which on Python 3.11 returns what was written where its task was
    cancelled meanwhile (https://github.com/python/cpython/issues/86296): a task that is told to end would go on for ever.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._turns = asyncio.Semaphore(_MOST_QUESTIONS)

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Send a command, and return its answer. Raises ``FAILURES``."""
        async with asyncio.timeout(ANSWER_SECONDS), self._turns:
            try:
                return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]  # redis-py's
            except ResponseError as error:
                if not (isinstance(error, ReadOnlyError) or "READONLY" in str(error)):
                    raise
                # It was demoted: the address, asked again, may lead to the one that took its place.
                await self.connection_pool.disconnect()
                raise


def open_redis(address: RedisAddress) -> Redis:
    """Return a client; nothing is connected yet."""
    options: dict[str, Any] = {
        "socket_timeout": None,
        "socket_connect_timeout": ANSWER_SECONDS,
        "decode_responses": True,
        **(_tls(address) if address.is_encrypted else {}),
    }
    own: dict[str, Any] = {"username": address.user, "password": address.password, "db": address.database}
    if address.service is not None:
        return _watched(address, options, own)
    kind: type[AbstractConnection]
    where: dict[str, Any]
    if address.socket is not None:
        kind, where = UnixDomainSocketConnection, {"path": address.socket}
    else:
        ((host, port),) = address.servers
        kind, where = SSLConnection if address.is_encrypted else Connection, {"host": host, "port": port}
    return _Client.from_pool(ConnectionPool(kind, **where, **options, **own))


def _tls(address: RedisAddress) -> dict[str, Any]:
    return {
        "ssl_check_hostname": True,
        "ssl_cert_reqs": "required",
        "ssl_min_version": ssl.TLSVersion.TLSv1_2,
        **{_FILES[name]: path for name, path in address.files.items()},
    }


def _watched(address: RedisAddress, options: Mapping[str, Any], own: Mapping[str, Any]) -> Redis:
    """Return a client of the master that Sentinels name, whichever it is at each connection."""
    tls = {"ssl": True} if address.is_encrypted else {}
    # One after the other, and all of them within the time of one command.
    each_seconds = ANSWER_SECONDS / (len(address.servers) + 1)
    theirs = {
        "username": address.sentinel_user,
        "password": address.sentinel_password,
        "socket_timeout": each_seconds,
        "socket_connect_timeout": each_seconds,
        "retry": Retry(NoBackoff(), 0),
    }
    make: Any = Sentinel
    asked = {**options, **tls, **theirs}
    sentinel = make(list(address.servers), sentinel_kwargs=asked, **options, **tls)
    client: Redis = sentinel.master_for(address.service, redis_class=_Client, **own)
    return client


async def close_redis(client: Redis) -> None:
    """Close a client's connections, those to Sentinels too. Raises ``FAILURES``."""
    manager = getattr(client.connection_pool, "sentinel_manager", None)
    for each in (client, *(manager.sentinels if manager is not None else ())):
        await each.aclose(close_connection_pool=True)


def redis_cause(error: BaseException) -> str:
    """Return why a command failed, without a part of the address."""
    text = str(error)
    told = (sentence for kind, part, sentence in _SENTENCES if isinstance(error, kind) and part in text)
    return next(told, network_cause(error))
