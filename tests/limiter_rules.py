"""What every limiter does, whoever keeps its state; each test has a fresh ``limiter`` from its class."""

import random
import time
from itertools import pairwise

import pytest

from connector.jobs.rate import read_quota
from connector.limits.limiter import (
    AHEAD_SECONDS,
    CATCH_UP_SECONDS,
    SPREAD_SECONDS,
    URGENT_SECONDS,
    Bound,
    Demand,
    Limiter,
    ServerHint,
)
from connector.limits.memory_limiter import MemoryLimiter

NEAR = 0.08
"""Seconds that a test on a real server may take between two questions."""


def demand(*bounds: tuple[str, str], is_urgent: bool = True) -> Demand:
    return Demand(tuple(Bound(key, read_quota(text)) for key, text in bounds), is_urgent)


def near(seconds: float) -> object:
    return pytest.approx(seconds, abs=NEAR)


async def waits_of(
    limiter: Limiter, demands: list[Demand], notes: dict[str, ServerHint] | None = None
) -> list[float]:
    """Return how many seconds away each slot is; those that are reserved are a moment away at most."""
    slots = await limiter.grant(demands, notes or {})
    for slot in slots:
        assert slot.is_reserved is (slot.in_seconds <= AHEAD_SECONDS)
    return [slot.in_seconds for slot in slots]


class LimiterRules:
    """The suite."""

    async def test_what_a_window_holds_is_let_through_at_once_and_no_more(self, limiter: Limiter) -> None:
        waits = await waits_of(limiter, [demand(("a", "4/s"))] * 5)
        assert waits[:4] == [0, 0, 0, 0]
        assert waits[4] == near(1.1)

    async def test_the_narrowest_of_several_windows_decides(self, limiter: Limiter) -> None:
        waits = await waits_of(limiter, [demand(("a", "10/s,3/min"))] * 4)
        assert waits[:3] == [0, 0, 0]
        assert waits[3] == near(61)

    async def test_keys_do_not_share(self, limiter: Limiter) -> None:
        assert await waits_of(limiter, [demand(("a", "1/s")), demand(("b", "1/s"))]) == [0, 0]

    async def test_a_call_counts_against_all_of_its_bounds_or_none(self, limiter: Limiter) -> None:
        both = demand(("a", "1/s"), ("egress", "2/s"))
        waits = await waits_of(limiter, [both, both, demand(("b", "1/s"), ("egress", "2/s"))])
        assert waits == [0, near(1.1), 0]

    async def test_batch_calls_are_spread_over_the_window(self, limiter: Limiter) -> None:
        batch = demand(("a", "4/s"), is_urgent=False)
        # The next one may catch up with a first that was late.
        assert await waits_of(limiter, [batch] * 2) == [0, near(0.275 - CATCH_UP_SECONDS)]

    async def test_batch_calls_of_several_tenants_do_not_set_out_at_one_instant(
        self, limiter: Limiter
    ) -> None:
        batch = [demand((f"t{number}", "4/s"), is_urgent=False) for number in range(11)]
        waits = await waits_of(limiter, batch)
        assert [b - a for a, b in pairwise(waits)] == [pytest.approx(SPREAD_SECONDS, abs=0.001)] * 10

    async def test_a_slot_that_is_reserved_is_counted_from_then(self, limiter: Limiter) -> None:
        batch, urgent = demand(("a", "4/s"), is_urgent=False), demand(("a", "4/s"))
        began_at = time.monotonic()
        # Two are due now and in a moment; the window of the second ends a moment later.
        assert await waits_of(limiter, [batch, batch]) == [0, near(0.175)]
        waits = await waits_of(limiter, [urgent, urgent, urgent])
        assert waits[:2] == [0, 0]
        # What passes between two questions, on a real server, is no longer to be waited for.
        assert 1.1 - NEAR - (time.monotonic() - began_at) <= waits[2] <= 1.1 + NEAR

    async def test_batch_leaves_a_few_calls_to_the_counter(self, limiter: Limiter) -> None:
        urgent, batch = demand(("a", "100/min")), demand(("a", "100/min"), is_urgent=False)
        assert await waits_of(limiter, [urgent] * 95) == [0] * 95
        assert await waits_of(limiter, [batch, *[urgent] * 5]) == [near(61), 0, 0, 0, 0, 0]

    async def test_batch_leaves_alone_what_an_interactive_call_waits_for(self, limiter: Limiter) -> None:
        urgent, batch = demand(("a", "1/s")), demand(("a", "1/s"), is_urgent=False)
        waits = await waits_of(limiter, [urgent, urgent, batch])
        assert waits == [0, near(1.1), near(1.1 + URGENT_SECONDS)]

    async def test_an_interactive_call_that_waits_for_its_token_does_not_hold_the_address(
        self, limiter: Limiter
    ) -> None:
        held = demand(("a", "1/s"), ("egress", "100/s"))
        other = demand(("b", "1/s"), ("egress", "100/s"), is_urgent=False)
        assert await waits_of(limiter, [held, held, other]) == [0, near(1.1), 0]

    async def test_what_the_api_holds_waits(self, limiter: Limiter) -> None:
        notes = {"a": ServerHint(hold_seconds=30)}
        assert await waits_of(limiter, [demand(("a", "4/s")), demand(("b", "4/s"))], notes) == [near(30), 0]

    async def test_a_shorter_hold_does_not_end_a_longer_one(self, limiter: Limiter) -> None:
        await waits_of(limiter, [], {"a": ServerHint(hold_seconds=30)})
        assert await waits_of(limiter, [demand(("a", "4/s"))], {"a": ServerHint(hold_seconds=1)}) == [
            near(30)
        ]

    async def test_what_the_api_says_is_left_is_spread_for_the_batch_lane(self, limiter: Limiter) -> None:
        batch, urgent = demand(("a", "4/s"), is_urgent=False), demand(("a", "4/s"))
        notes = {"a": ServerHint(spacing_seconds=5, spacing_for_seconds=20)}
        assert await waits_of(limiter, [batch, batch, urgent], notes) == [0, near(5 - CATCH_UP_SECONDS), 0]

    async def test_a_call_without_a_quota_is_let_through(self, limiter: Limiter) -> None:
        assert await waits_of(limiter, [demand(), demand(("a", "0"))]) == [0, 0]

    async def test_it_decides_as_the_one_in_memory(self, limiter: Limiter) -> None:
        draw = random.Random(20)  # noqa: S311 - the same sequence each time
        twin = MemoryLimiter(lambda: 1000.0)
        for _ in range(20):
            asked = [
                demand(
                    (f"t{draw.randrange(5)}", draw.choice(("2/s", "3/min", "5/s,9/min"))),
                    *draw.choice(((), (("egress", "30/min"),))),
                    is_urgent=draw.random() < 0.5,
                )
                for _ in range(draw.randrange(1, 6))
            ]
            notes = {f"t{draw.randrange(5)}": ServerHint(hold_seconds=20)} if draw.random() < 0.1 else {}
            got, expected = await waits_of(limiter, asked, notes), await waits_of(twin, asked, notes)
            # Time passes for the one, and not for its twin.
            assert got == pytest.approx(expected, abs=1.0)
