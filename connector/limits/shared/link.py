"""A process's link to the Redis or Valkey that its worker processes share: whether it is up, and how many they are."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final
from uuid import uuid4

from pydantic import SecretStr
from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

from connector.availability import Availability
from connector.errors import OperatorError
from connector.events import Event

PREFIX: Final = "ccas-connector:"
BEAT_SECONDS: Final = 1.0
_PROCESSES: Final = f"{PREFIX}processes"
_GONE_AFTER_SECONDS: Final = 10
_ANSWER_SECONDS: Final = 2.0
_MOST_CONNECTIONS: Final = 8
FAILURES: Final = (RedisError, OSError)
"""What redis-py raises when the server is away, or answers what it should not."""
_COUNT: Final = """
local now = tonumber(redis.call('TIME')[1])
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[2]))
redis.call('EXPIRE', KEYS[1], ARGV[2])
return redis.call('ZCARD', KEYS[1])
"""


class SharedStateError(OperatorError):
    """The server of ``CONNECTOR_REDIS_URL`` cannot be used; the message says what to do."""


class _Client(Redis):
    """Bounds each command's time by itself.

    redis-py bounds a write by ``asyncio.wait_for``, which on Python 3.11 returns what was written where its task was
    cancelled meanwhile (https://github.com/python/cpython/issues/86296): a task that is told to end would go on for ever.
    """

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Send a command, and return its answer. Raises ``FAILURES``."""
        async with asyncio.timeout(_ANSWER_SECONDS):
            return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]  # redis-py's


class RedisLink:
    """Knows whether the server answers. Away, each process goes on with the share of a quota that it can be sure of."""

    def __init__(self, url: SecretStr) -> None:
        """Nothing is connected yet. Raises ``SharedStateError`` for an address that redis-py cannot read."""
        try:
            # Questions beyond these wait: a burst of them is no server that is away.
            pool = BlockingConnectionPool.from_url(
                url.get_secret_value(),
                max_connections=_MOST_CONNECTIONS,
                timeout=_ANSWER_SECONDS,
                socket_timeout=None,
                socket_connect_timeout=_ANSWER_SECONDS,
                decode_responses=True,
            )
            self.redis = _Client.from_pool(pool)
        except ValueError:
            raise SharedStateError("CONNECTOR_REDIS_URL: not an address; write redis://host:6379/0") from None
        self._count = self.redis.register_script(_COUNT)
        self._process = uuid4().hex
        self._refreshers: list[Callable[[], Awaitable[None]]] = []
        self.processes = 1
        """How many worker processes shared the server when it last answered."""
        self._server = Availability(Event.SHARED_STATE_AWAY, Event.SHARED_STATE_BACK, has_answered=False)

    @property
    def is_up(self) -> bool:
        """Whether the server answered when it was last asked."""
        return not self._server.is_away

    def when_beating(self, refresh: Callable[[], Awaitable[None]]) -> None:
        """Have ``refresh`` called at each beat, while the server answers; it may raise ``FAILURES``."""
        self._refreshers.append(refresh)

    async def connect(self) -> None:
        """Take part. Raises ``SharedStateError`` where the server does not answer: a quota would not be kept."""
        try:
            await self._beat()
        except FAILURES as error:
            raise SharedStateError(
                f"CONNECTOR_REDIS_URL: the server does not answer ({type(error).__name__}); start Redis or Valkey, or, "
                "for a single worker process, unset it",
            ) from None
        self._server.answered()

    async def keep(self) -> None:
        """Take part for ever."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                await self._beat()
            except FAILURES as error:
                self.lose(type(error).__name__)
            else:
                self._server.answered(processes=self.processes)

    def lose(self, error: str) -> None:
        """Note that the server does not answer; ``error`` is an error type's name."""
        self._server.lost(error=error, share=f"1/{self.processes} of each quota")

    async def close(self) -> None:
        """Leave."""
        # Else it is forgotten there by itself.
        with suppress(*FAILURES):
            await self.redis.zrem(_PROCESSES, self._process)
        await self.redis.aclose()

    async def _beat(self) -> None:
        self.processes = int(await self._count(keys=[_PROCESSES], args=[self._process, _GONE_AFTER_SECONDS]))
        for refresh in self._refreshers:
            await refresh()
