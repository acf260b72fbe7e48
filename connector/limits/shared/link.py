"""A process's link to the Redis or Valkey that its worker processes share: whether it is up, and how many they are."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import count
from typing import Final
from uuid import uuid4

from pydantic import SecretStr
from redis.exceptions import NoPermissionError

from connector.availability import Availability
from connector.errors import OperatorError
from connector.events import Event
from connector.limits.shared.server import FAILURES, close_redis, open_redis, redis_cause
from connector.settings.redis_address import redis_address

PREFIX: Final = "ccas-connector:"
BEAT_SECONDS: Final = 1.0
_PROCESSES: Final = f"{PREFIX}processes"
_GONE_AFTER_SECONDS: Final = 10
_LONGEST_LIFE_BEATS: Final = 30
"""Of a connection: a server that the address has left is used so long, if it lets itself be."""
_COUNT: Final = """
local now = tonumber(redis.call('TIME')[1])
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[2]))
redis.call('EXPIRE', KEYS[1], ARGV[2])
return redis.call('ZCARD', KEYS[1])
"""


class SharedStateError(OperatorError):
    """The server of ``CONNECTOR_REDIS_URL`` cannot be used; the message says what to do."""


class RedisLink:
    """Knows whether the server answers. Away, each process goes on with the share of a quota that it can be sure of."""

    def __init__(self, url: SecretStr) -> None:
        """Nothing is connected yet. Raises ``SharedStateError`` for an address that cannot be read."""
        try:
            self.redis = open_redis(redis_address(url.get_secret_value()))
        except ValueError as error:
            raise SharedStateError(f"CONNECTOR_REDIS_URL: {error}") from None
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
            await self._refuse_cluster()
        except FAILURES as error:
            raise SharedStateError(
                f"CONNECTOR_REDIS_URL: the server cannot be used: {redis_cause(error)}; mend that, or, for a single worker process, "
                "unset it",
            ) from None
        self._server.answered()

    async def look(self) -> int:
        """Return how many worker processes take part, without taking part. Raises ``SharedStateError``."""
        try:
            await self.redis.set(f"{PREFIX}health", "", ex=1)
            await self._refuse_cluster()
            now, _ = await self.redis.time()
            return int(await self.redis.zcount(_PROCESSES, now - _GONE_AFTER_SECONDS, "+inf"))
        except FAILURES as error:
            raise SharedStateError(
                f"CONNECTOR_REDIS_URL: the server cannot be used: {redis_cause(error)}"
            ) from None

    async def keep(self) -> None:
        """Take part for ever."""
        for beats in count(1):
            await asyncio.sleep(BEAT_SECONDS)
            try:
                if beats % _LONGEST_LIFE_BEATS == 0:
                    await self.redis.connection_pool.disconnect(inuse_connections=False)
                await self._beat()
            except FAILURES as error:
                self.lose(error)
            else:
                self._server.answered(processes=self.processes)

    def lose(self, error: BaseException) -> None:
        """Note that the server does not answer, or takes no changes."""
        self._server.lost(
            error=type(error).__name__, cause=redis_cause(error), share=f"1/{self.processes} of each quota"
        )

    async def close(self) -> None:
        """Leave."""
        # Else it is forgotten there by itself.
        with suppress(*FAILURES):
            await self.redis.zrem(_PROCESSES, self._process)
        with suppress(*FAILURES):
            await close_redis(self.redis)

    async def _refuse_cluster(self) -> None:
        """Raise ``SharedStateError`` for a server of a Redis Cluster, which would refuse what concerns keys of several of them."""
        with suppress(NoPermissionError):
            told = await self.redis.info("server")
            if told.get("redis_mode") == "cluster":
                raise SharedStateError(
                    "CONNECTOR_REDIS_URL: a Redis Cluster, which spreads keys over its servers: give a single server, or one that "
                    "Sentinels watch"
                )

    async def _beat(self) -> None:
        self.processes = int(await self._count(keys=[_PROCESSES], args=[self._process, _GONE_AFTER_SECONDS]))
        for refresh in self._refreshers:
            await refresh()
