"""What worker processes share, on a real Redis: the limiter's rules, breakers' state, and a server that goes away."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr, TypeAdapter

from connector.checks.retry import BlockedUntil
from connector.limits.breaker import CLOSED, Breaker, CallEnd, Go, Probe, after_call, let_through
from connector.limits.failover import SharedLimiter
from connector.limits.memory_limiter import MemoryLimiter
from connector.limits.redis_limiter import RedisLimiter
from connector.limits.shared.link import RedisLink, SharedStateError
from connector.limits.shared.redis_state import RedisState
from connector.sources.traits import Signal
from schemas.codes import CheckCode
from tests.fakes import ManualTime
from tests.limiter_rules import LimiterRules, demand, near, waits_of
from tests.servers.redis_node import RedisNode

TURNS_OF_A_COMMAND = 40
"""Of the event loop: more than a command has steps."""
LONG_SECONDS = 10.0
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
async def link(redis_node: RedisNode) -> AsyncIterator[RedisLink]:
    """One process's link to an empty server."""
    made = RedisLink(SecretStr(redis_node.url()))
    await made.redis.flushall()
    await made.connect()
    yield made
    await made.close()


@pytest.fixture
async def other(redis_node: RedisNode, link: RedisLink) -> AsyncIterator[RedisLink]:
    """Another's."""
    made = RedisLink(SecretStr(redis_node.url()))
    await made.connect()
    yield made
    await made.close()


class TestRedisLimiter(LimiterRules):
    """The suite, on the limiter in Redis."""

    @pytest.fixture
    def limiter(self, link: RedisLink) -> RedisLimiter:
        return RedisLimiter(link.redis)


async def test_two_processes_share_one_quota(link: RedisLink, other: RedisLink) -> None:
    mine, others = RedisLimiter(link.redis), RedisLimiter(other.redis)
    assert await waits_of(mine, [demand(("a", "3/s"))] * 2) == [0, 0]
    assert await waits_of(others, [demand(("a", "3/s"))] * 2) == [0, near(1.1)]


async def test_processes_count_each_other(link: RedisLink, other: RedisLink) -> None:
    await link.connect()
    assert link.processes == 2
    await other.close()
    await link.connect()
    assert link.processes == 1


async def test_who_takes_part_ends_whenever_it_is_told_to(link: RedisLink) -> None:
    async def take_part() -> None:
        while True:
            await link.connect()

    for turns in range(TURNS_OF_A_COMMAND):
        taking_part = asyncio.create_task(take_part())
        for _ in range(turns):
            await asyncio.sleep(0)
        taking_part.cancel()
        # Told once: a second time would end what has not heard the first.
        assert (await asyncio.wait({taking_part}, timeout=LONG_SECONDS))[0], f"deaf after {turns} turns"


async def test_without_the_server_a_process_keeps_to_its_share(
    redis_node: RedisNode, link: RedisLink, other: RedisLink
) -> None:
    await link.connect()
    time = ManualTime()
    limiter = SharedLimiter(RedisLimiter(link.redis), MemoryLimiter(time.seconds), link)
    assert await waits_of(limiter, [demand(("a", "8/s"))] * 3) == [0, 0, 0]
    redis_node.kill()
    try:
        # One of two processes, hence 4 of 8, of which 3 were let through while the server was there.
        assert await waits_of(limiter, [demand(("a", "8/s"))] * 2) == [0, near(1.1)]
        assert not link.is_up
    finally:
        redis_node.start()


async def test_a_server_that_is_away_is_refused_at_the_start(redis_node: RedisNode) -> None:
    absent = RedisLink(SecretStr("redis://127.0.0.1:1/0"))
    with pytest.raises(
        SharedStateError,
        match="CONNECTOR_REDIS_URL: the server cannot be used: nothing listens at its address",
    ):
        await absent.connect()
    await absent.close()


def state_of(link: RedisLink) -> RedisState[Breaker]:
    return RedisState(link, "breakers", CLOSED, TypeAdapter(Breaker))


def opened(state: Breaker) -> tuple[Breaker, None]:
    end = CallEnd(signal=Signal.DOWN, code=CheckCode.PROVIDER_MAINTENANCE, wait_seconds=60.0, asked_at=NOW)
    return after_call(state, end, NOW), None


async def test_a_breaker_that_one_process_opens_is_open_in_the_other(
    link: RedisLink, other: RedisLink
) -> None:
    mine, others = state_of(link), state_of(other)
    await mine.change("cnaf", opened)
    await other.connect()
    assert isinstance(await others.change("cnaf", lambda state: let_through(state, NOW)), BlockedUntil)
    assert others.peek("cnous") == CLOSED
    assert [key for key, _breaker in others.held()] == ["cnaf"]


async def test_of_two_processes_one_probes(link: RedisLink, other: RedisLink) -> None:
    mine, others = state_of(link), state_of(other)
    await mine.change("cnaf", opened)
    await other.connect()
    later = NOW + timedelta(seconds=61)
    passages = [
        await state.change("cnaf", lambda state: let_through(state, later)) for state in (mine, others)
    ]
    assert [type(passage) for passage in passages] == [Probe, BlockedUntil]


async def test_a_breaker_goes_on_while_the_server_is_away(redis_node: RedisNode, link: RedisLink) -> None:
    mine = state_of(link)
    redis_node.kill()
    try:
        await mine.change("cnaf", opened)
        assert isinstance(await mine.change("cnaf", lambda state: let_through(state, NOW)), BlockedUntil)
        later = NOW + timedelta(seconds=61)
        await mine.change("cnaf", lambda state: let_through(state, later))
        end = CallEnd(signal=Signal.UP, code=CheckCode.NO_RECORD, asked_at=later)
        await mine.change("cnaf", lambda state: (after_call(state, end, later), None))
        assert isinstance(await mine.change("cnaf", lambda state: let_through(state, later)), Go)
    finally:
        redis_node.start()


async def test_a_value_of_another_version_is_found_out_anew(link: RedisLink) -> None:
    await link.redis.hset("ccas-connector:breakers", "cnaf", '{"until": "when it is back"}')
    mine = state_of(link)
    await link.connect()
    assert mine.peek("cnaf") == CLOSED
    await mine.change("cnaf", opened)
    assert mine.peek("cnaf") != CLOSED


async def test_no_change_is_lost_among_hundreds_at_once(link: RedisLink, other: RedisLink) -> None:
    states = [RedisState(one, "counts", 0, TypeAdapter(int)) for one in (link, other)]
    await asyncio.gather(*(state.change("k", lambda value: (value + 1, None)) for state in states * 150))
    await link.connect()
    assert states[0].peek("k") == 300
    assert link.is_up
    assert other.is_up


async def test_what_was_found_out_while_the_server_was_away_is_told_when_it_is_back(
    redis_node: RedisNode, link: RedisLink
) -> None:
    mine = state_of(link)
    redis_node.kill()
    try:
        await mine.change("cnaf", opened)
    finally:
        redis_node.start()
    await link.connect()
    later = RedisLink(SecretStr(redis_node.url()))
    others = state_of(later)
    await later.connect()
    assert others.peek("cnaf") == mine.peek("cnaf") != CLOSED
    await later.close()
