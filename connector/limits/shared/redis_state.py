"""Values that several processes share, in a hash of Redis or Valkey, with a copy in each process."""

import asyncio
from collections.abc import Awaitable
from typing import Final, Generic, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from connector.limits.shared.link import PREFIX, RedisLink
from connector.limits.shared.server import FAILURES
from connector.limits.shared.state import Change, ResultT

ValueT = TypeVar("ValueT")
_REPLACE: Final = """
local held = redis.call('HGET', KEYS[1], ARGV[1])
if (held or '') ~= ARGV[2] then return {0, held or ''} end
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end
return {1, ARGV[3]}
"""


class RedisState(Generic[ValueT]):
    """``SharedState`` of every process that shares a server.

    What a change leaves as it is costs no question: each process has a copy, renewed with the link's beat. What it
    changes is written only over the value it was decided on. While the server is away the copy stands alone.
    """

    def __init__(self, link: RedisLink, name: str, initial: ValueT, adapter: TypeAdapter[ValueT]) -> None:
        self._link = link
        self._hash = f"{PREFIX}{name}"
        self._initial = initial
        self._adapter = adapter
        self._copy: dict[str, str] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        """One per key: a process contends with others, never with itself."""
        self._untold: set[str] = set()
        """Keys that were changed while the server was away."""
        self._replace = link.redis.register_script(_REPLACE)
        link.when_beating(self._refresh)

    def peek(self, key: str) -> ValueT:
        """Return the value under ``key`` as this process knows it."""
        return self._read(self._copy.get(key, ""))

    def held(self) -> list[tuple[str, ValueT]]:
        """Return every key whose value is not the initial one, as this process knows it."""
        read = ((key, self._read(text)) for key, text in tuple(self._copy.items()))
        return [(key, value) for key, value in read if value != self._initial]

    async def change(self, key: str, change: Change[ValueT, ResultT]) -> ResultT:
        """Replace the value under ``key``."""
        async with self._locks.setdefault(key, asyncio.Lock()):
            while True:
                held = self._copy.get(key, "")
                value = self._read(held)
                changed, result = change(value)
                if changed == value or await self._write(key, held, changed):
                    return result

    async def _write(self, key: str, held: str, changed: ValueT) -> bool:
        text = "" if changed == self._initial else self._adapter.dump_json(changed).decode()
        if self._link.is_up:
            try:
                done, now_held = await self._replace(keys=[self._hash], args=[key, held, text])
            except FAILURES as error:
                self._link.lose(error)
            else:
                self._copy[key] = now_held
                return bool(done)
        self._copy[key] = text
        self._untold.add(key)
        return True

    async def _refresh(self) -> None:
        for key in tuple(self._untold):
            # What was found out while the server was away: a suspension must not end with its absence.
            held = await cast("Awaitable[str | None]", self._link.redis.hget(self._hash, key))
            await self._replace(keys=[self._hash], args=[key, held or "", self._copy.get(key, "")])
            self._untold.discard(key)
        self._copy = dict(await cast("Awaitable[dict[str, str]]", self._link.redis.hgetall(self._hash)))

    def _read(self, text: str) -> ValueT:
        if not text:
            return self._initial
        try:
            return self._adapter.validate_json(text)
        except ValidationError:
            # Written by another version: it is found out anew.
            return self._initial
