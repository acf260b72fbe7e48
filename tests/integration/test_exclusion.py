"""One at a time across processes that share a real Redis, whoever dies, is cancelled, or loses the server."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from connector.limits.shared.exclusion import Exclusion
from connector.limits.shared.link import RedisLink
from connector.limits.shared.redis_arrivals import RedisArrivals
from connector.limits.shared.rounds import place_in
from tests.servers.redis_node import RedisNode

NAME = "endpoint/siret"
ORDER, ENDS = (f"ccas-connector:exclusion:{NAME}:{what}" for what in ("order", "ends"))
PLENTY = 60.0
LOOKS = 3000


@pytest.fixture
async def links(redis_node: RedisNode) -> AsyncIterator[tuple[RedisLink, RedisLink]]:
    """The links of two processes to an empty server."""
    made = [RedisLink(SecretStr(redis_node.url())) for _ in range(2)]
    await made[0].redis.flushall()
    for each in made:
        await each.connect()
    yield made[0], made[1]
    for each in made:
        await each.close()


@pytest.fixture
def exclusions(links: tuple[RedisLink, RedisLink]) -> list[Exclusion]:
    return [Exclusion(RedisArrivals(link)) for link in links]


async def nobody_is_left(link: RedisLink) -> bool:
    """Tell whether the server has no ticket, once every task has ended."""
    await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}), return_exceptions=True)
    return await link.redis.exists(ORDER, ENDS) == 0


async def so_many_wait(link: RedisLink, count: int) -> None:
    """Return once the server has so many tickets."""
    for _ in range(LOOKS):
        if await link.redis.zcard(ORDER) >= count:
            return
        await asyncio.sleep(0.01)
    pytest.fail("they did not come to wait")


async def test_many_of_two_processes_go_one_at_a_time(
    links: tuple[RedisLink, RedisLink], exclusions: list[Exclusion]
) -> None:
    busy, most, order = 0, 0, list[int]()

    async def go(number: int) -> None:
        nonlocal busy, most
        async with exclusions[number % 2].turn(NAME, PLENTY) as is_ours:
            assert is_ours
            busy += 1
            most = max(most, busy)
            await asyncio.sleep(0)
            order.append(number)
            busy -= 1

    await asyncio.gather(*map(go, range(20)))
    assert most == 1
    assert [number for number in order if number % 2 == 0] == list(range(0, 20, 2))
    assert [number for number in order if number % 2 == 1] == list(range(1, 20, 2))
    assert await nobody_is_left(links[0])


async def test_one_that_is_cancelled_at_any_moment_leaves_no_ticket(
    links: tuple[RedisLink, RedisLink], exclusions: list[Exclusion]
) -> None:
    async def go(number: int) -> None:
        async with exclusions[number % 2].turn(NAME, PLENTY):
            await asyncio.sleep(0)

    async def cancel_after(steps: int) -> None:
        going = asyncio.create_task(go(steps))
        for _ in range(steps):
            await asyncio.sleep(0)
        going.cancel()
        await asyncio.gather(going, return_exceptions=True)

    await asyncio.gather(*(cancel_after(steps) for steps in range(200)))
    assert await nobody_is_left(links[0])


@pytest.mark.parametrize("end", [0, 10**15], ids=["that ran out", "of a clock that was set back"])
async def test_a_ticket_is_passed_over(
    links: tuple[RedisLink, RedisLink], exclusions: list[Exclusion], end: int
) -> None:
    dead = RedisArrivals(links[1])
    assert (await dead.tell(NAME, ["dead"], ())).first == "dead"
    async with exclusions[0].turn(NAME, 0.0) as is_ours:
        assert not is_ours
    await links[1].redis.zadd(ENDS, {"dead": end})
    async with exclusions[0].turn(NAME, PLENTY) as is_ours:
        assert is_ours
    assert await nobody_is_left(links[0])


async def test_a_ticket_that_is_alive_is_waited_for(
    links: tuple[RedisLink, RedisLink], exclusions: list[Exclusion]
) -> None:
    other = RedisArrivals(links[1])
    await other.tell(NAME, ["alive"], ())
    waiting = asyncio.create_task(exclusions[0].turn(NAME, PLENTY).__aenter__())
    assert (await other.tell(NAME, ["alive"], ())).first == "alive"
    assert not waiting.done()
    await other.tell(NAME, (), ["alive"])
    assert await waiting


async def test_without_the_server_a_process_keeps_its_own_order_and_tells_of_it_afterwards(
    redis_node: RedisNode, links: tuple[RedisLink, RedisLink], exclusions: list[Exclusion]
) -> None:
    order = list[str]()

    async def go(name: str) -> None:
        async with exclusions[0].turn(NAME, PLENTY) as is_ours:
            assert is_ours
            order.append(name)

    async with exclusions[1].turn(NAME, PLENTY):
        # The other process has the turn, and cannot be asked any more whether it has made way.
        waiting = [asyncio.create_task(go(name)) for name in "ab"]
        await asyncio.sleep(0)
        redis_node.kill()
        try:
            await asyncio.gather(*waiting)
        finally:
            redis_node.start()
    assert order == ["a", "b"]
    for link in links:
        await link.connect()
    async with exclusions[0].turn(NAME, PLENTY) as is_ours:
        assert is_ours
    assert await nobody_is_left(links[0])


async def test_the_server_orders_as_one_process_does(links: tuple[RedisLink, RedisLink]) -> None:
    """Owners come, go and are interleaved at random, the same for both."""
    chance = random.Random(2026)  # noqa: S311 - no secret
    shared, line = RedisArrivals(links[0]), list[str]()
    for number in range(300):
        gone = [line.pop(0)] if line and chance.random() < 0.4 else []
        owner = chance.choice(["a", "a", "a", "b", "c-d", ""])
        line.insert(place_in([ticket.partition("/")[0] for ticket in line], owner), f"{owner}/{number}")
        standing = await shared.tell(NAME, line, gone)
        assert standing.first == line[0]
        ordered = await links[0].redis.zrange(ORDER, 0, -1)
        assert ordered == line


async def test_the_few_of_one_process_do_not_wait_for_the_many_of_another(
    links: tuple[RedisLink, RedisLink], exclusions: list[Exclusion]
) -> None:
    order = list[str]()
    everybody_waits = asyncio.Event()

    async def go(owner: str, process: int) -> None:
        async with exclusions[process].turn(NAME, PLENTY, owner) as is_ours:
            assert is_ours
            await everybody_waits.wait()
            order.append(owner)

    many = [asyncio.create_task(go("many", 0)) for _ in range(8)]
    await so_many_wait(links[0], len(many))
    few = asyncio.create_task(go("few", 1))
    await so_many_wait(links[0], len(many) + 1)
    everybody_waits.set()
    await asyncio.gather(*many, few)
    assert order.index("few") <= 1
