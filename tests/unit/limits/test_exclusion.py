"""One at a time under a name, in order of arrival, in one process."""

import asyncio
from collections.abc import Sequence

import structlog
from structlog.testing import capture_logs

from connector.limits.shared.exclusion import Exclusion, OwnArrivals, Standing

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


async def test_the_few_of_another_owner_do_not_wait_for_the_many_of_one() -> None:
    exclusion, order = Exclusion(OwnArrivals()), list[str]()

    async def go(owner: str) -> None:
        async with exclusion.turn("endpoint/siret", PLENTY, owner) as is_ours:
            assert is_ours
            order.append(owner)

    await asyncio.gather(*(go(owner) for owner in ["many"] * 10 + ["few"] * 2))
    assert order == ["many", "few"] * 2 + ["many"] * 8


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


class Failing(OwnArrivals):
    """A server that answers what nobody foresaw."""

    async def tell(self, name: str, here: Sequence[str], gone: Sequence[str]) -> Standing:
        """Fail."""
        raise RuntimeError(f"{name}: {len(here)} here, {len(gone)} gone")


async def test_what_nobody_foresaw_is_told_once_and_leaves_the_order_of_this_process() -> None:
    exclusion = Exclusion(Failing())

    async def go() -> bool:
        async with exclusion.turn("a", PLENTY) as is_ours:
            return is_ours

    structlog.contextvars.bind_contextvars(job_id="the-first")
    with capture_logs([structlog.contextvars.merge_contextvars]) as logs:
        assert all(await asyncio.gather(go(), go(), go()))
    structlog.contextvars.clear_contextvars()
    assert [(entry["event"], entry.get("job_id")) for entry in logs] == [("exclusion.unexpected_error", None)]
    await exclusion.close()


async def test_nothing_goes_on_once_it_is_closed() -> None:
    exclusion = Exclusion(Failing())
    async with exclusion.turn("a", PLENTY):
        pass
    await exclusion.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}
