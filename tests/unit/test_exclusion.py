"""One at a time under a name, in order of arrival, in one process and across several."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.shared.exclusion import LEASE_SECONDS, NOBODY, Exclusion, Queue, goes, left, renewed
from connector.shared.state import MemoryState

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PLENTY = 60.0


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_the_first_to_arrive_goes_and_the_next_one_when_it_has_left() -> None:
    queue = renewed(renewed(NOBODY, "a", NOW), "b", NOW)
    assert (goes(queue, "a"), goes(queue, "b")) == (True, False)
    assert goes(left(queue, "a"), "b")
    assert left(left(queue, "a"), "b") == NOBODY


def test_a_ticket_that_is_renewed_keeps_its_place() -> None:
    queue = renewed(renewed(renewed(NOBODY, "a", NOW), "b", NOW), "a", after(1))
    assert [ticket.id for ticket in queue.tickets] == ["a", "b"]


def test_whoever_died_is_passed_over_and_whoever_is_renewed_is_not() -> None:
    queue = renewed(renewed(NOBODY, "dead", NOW), "b", NOW)
    queue = renewed(queue, "b", after(LEASE_SECONDS - 1))
    assert not goes(queue, "b")
    assert goes(renewed(queue, "b", after(LEASE_SECONDS)), "b")


def test_a_clock_that_is_set_back_leaves_no_ticket_for_ever() -> None:
    queue = renewed(NOBODY, "ahead", after(3600))
    assert goes(renewed(queue, "b", NOW), "b")


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.booleans(), st.floats(0, 20)), max_size=30))
def test_one_goes_at_most_and_nobody_overtakes(steps: list[tuple[str, bool, float]]) -> None:
    queue, at = Queue(), 0.0
    for name, leaves, seconds in steps:
        at += seconds
        before = [ticket.id for ticket in queue.tickets]
        queue = left(queue, name) if leaves else renewed(queue, name, after(at))
        names = [ticket.id for ticket in queue.tickets]
        assert len(names) == len(set(names))
        kept = [one for one in before if one in names]
        assert names[: len(kept)] == kept
        assert sum(goes(queue, one) for one in names) == bool(names)


class Source:
    """Refuses to do two things at once, and keeps the order in which it was asked."""

    def __init__(self) -> None:
        self.busy = 0
        self.most = 0
        self.order: list[int] = []

    async def ask(self, number: int) -> None:
        """Be busy for a moment."""
        self.busy += 1
        self.most = max(self.most, self.busy)
        self.order.append(number)
        await asyncio.sleep(0)
        self.busy -= 1


def clock_of(loop: asyncio.AbstractEventLoop) -> Callable[[], datetime]:
    """Return a clock that runs as the loop does."""
    start = loop.time()
    return lambda: after(loop.time() - start)


@pytest.mark.parametrize("processes", [1, 2])
async def test_twenty_at_once_go_one_at_a_time_in_order_of_arrival(processes: int) -> None:
    source, queues = Source(), MemoryState(NOBODY)
    clock = clock_of(asyncio.get_running_loop())
    exclusions = [Exclusion(queues, clock) for _ in range(processes)]

    async def go(number: int) -> bool:
        async with exclusions[number % processes].turn("endpoint/siret", PLENTY) as is_ours:
            if is_ours:
                await source.ask(number)
            return is_ours

    assert await asyncio.gather(*map(go, range(20))) == [True] * 20
    assert (source.most, source.order) == (1, list(range(20)))
    assert queues.held() == []


async def test_other_names_do_not_wait_for_each_other() -> None:
    exclusion = Exclusion(MemoryState(NOBODY), clock_of(asyncio.get_running_loop()))
    async with exclusion.turn("a", PLENTY) as first, exclusion.turn("b", PLENTY) as second:
        assert (first, second) == (True, True)


async def test_a_turn_that_does_not_come_in_time_is_given_up_and_leaves_nothing() -> None:
    queues = MemoryState(NOBODY)
    exclusion = Exclusion(queues, clock_of(asyncio.get_running_loop()))
    async with exclusion.turn("a", PLENTY):
        async with exclusion.turn("a", 0.0) as is_ours:
            assert not is_ours
        assert len(queues.peek("a").tickets) == 1
    assert queues.held() == []


async def test_one_that_is_cancelled_makes_way() -> None:
    queues = MemoryState(NOBODY)
    exclusion = Exclusion(queues, clock_of(asyncio.get_running_loop()))
    entered = asyncio.Event()

    async def hang() -> None:
        async with exclusion.turn("a", PLENTY):
            entered.set()
            await asyncio.Event().wait()

    hanging = asyncio.create_task(hang())
    await entered.wait()
    waiting = asyncio.create_task(exclusion.turn("a", PLENTY).__aenter__())
    await asyncio.sleep(0)
    hanging.cancel()
    assert await waiting
