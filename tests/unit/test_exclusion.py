"""One at a time under a name, in order of arrival, in one process."""

import asyncio

from connector.shared.exclusion import Exclusion, OwnArrivals

PLENTY = 60.0


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


async def test_twenty_at_once_go_one_at_a_time_in_order_of_arrival() -> None:
    source, exclusion = Source(), Exclusion(OwnArrivals())

    async def go(number: int) -> bool:
        async with exclusion.turn("endpoint/siret", PLENTY) as is_ours:
            if is_ours:
                await source.ask(number)
            return is_ours

    assert await asyncio.gather(*map(go, range(20))) == [True] * 20
    assert (source.most, source.order) == (1, list(range(20)))


async def test_other_names_do_not_wait_for_each_other() -> None:
    exclusion = Exclusion(OwnArrivals())
    async with exclusion.turn("a", PLENTY) as first, exclusion.turn("b", PLENTY) as second:
        assert (first, second) == (True, True)


async def test_a_turn_that_does_not_come_in_time_is_given_up_and_keeps_nobody() -> None:
    exclusion = Exclusion(OwnArrivals())
    async with exclusion.turn("a", PLENTY), exclusion.turn("a", 0.0) as is_ours:
        assert not is_ours
    async with exclusion.turn("a", PLENTY) as is_ours:
        assert is_ours


async def test_one_that_is_cancelled_makes_way_whether_it_goes_or_waits() -> None:
    exclusion = Exclusion(OwnArrivals())
    entered = asyncio.Event()

    async def hang() -> None:
        async with exclusion.turn("a", PLENTY):
            entered.set()
            await asyncio.Event().wait()

    hanging = asyncio.create_task(hang())
    await entered.wait()
    second, third = (asyncio.create_task(exclusion.turn("a", PLENTY).__aenter__()) for _ in range(2))
    await asyncio.sleep(0)
    second.cancel()
    hanging.cancel()
    assert await third
