"""The limiter of one process, and the rates that it keeps to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.jobs.rate import Rate, read_quota
from connector.limits.limiter import AHEAD_SECONDS
from connector.limits.memory_limiter import MemoryLimiter
from tests.fakes import ManualTime
from tests.limiter_rules import LimiterRules, demand


class TestMemoryLimiter(LimiterRules):
    """The suite, on the limiter in memory."""

    @pytest.fixture
    def limiter(self) -> MemoryLimiter:
        return MemoryLimiter(ManualTime().seconds)


@given(
    st.lists(st.tuples(st.floats(0, 0.5), st.booleans()), min_size=20, max_size=150),
    st.integers(1, 12),
    st.floats(0, 0.999),
)
async def test_no_fixed_window_of_the_api_is_ever_met_too_often(
    steps: list[tuple[float, bool]], calls: int, phase: float
) -> None:
    time = ManualTime()
    limiter = MemoryLimiter(time.seconds)
    windows: dict[int, int] = {}
    for pause, is_urgent in steps:
        time.advance(pause)
        (slot,) = await limiter.grant([demand(("a", f"{calls}/s"), is_urgent=is_urgent)], {})
        if slot.is_reserved:
            window = int(time.seconds() + slot.in_seconds + phase)
            windows[window] = windows.get(window, 0) + 1
    assert max(windows.values()) <= calls


@pytest.mark.parametrize(("is_urgent", "quota"), [(True, "4/s"), (False, "4/s"), (False, "250/min")])
async def test_who_waits_as_long_as_it_is_told_uses_most_of_the_quota(*, is_urgent: bool, quota: str) -> None:
    time = ManualTime()
    limiter = MemoryLimiter(time.seconds)
    granted, begun = 0, time.seconds()
    while time.seconds() < begun + 600:
        (slot,) = await limiter.grant([demand(("a", quota), is_urgent=is_urgent)], {})
        granted += slot.is_reserved
        # As late as a busy event loop's timer is.
        time.advance(0.0 if slot.is_reserved else slot.in_seconds - AHEAD_SECONDS + 0.05)
    (rate,) = read_quota(quota)
    assert granted >= 0.9 * rate.calls * 600 / rate.period_seconds


@pytest.mark.parametrize(
    ("text", "quota"),
    [
        ("20/s", (Rate(20, 1.0),)),
        ("1000/min", (Rate(1000, 60.0),)),
        (" 20/s, 250/min ", (Rate(20, 1.0), Rate(250, 60.0))),
        ("0", ()),
    ],
)
def test_a_quota_is_read(text: str, quota: tuple[Rate, ...]) -> None:
    assert read_quota(text) == quota


@pytest.mark.parametrize(
    "text", ["", "20", "0/s", "-1/s", "20/h", "20/s,", "20 / s", "1/s,1/s,1/s,1/s,1/s", "٣/s"]
)
def test_what_is_no_quota_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write CALLS/s"):
        read_quota(text)


@given(st.integers(1, 2000), st.integers(1, 20), st.sampled_from([1.0, 60.0]))
def test_the_shares_of_a_rate_never_add_up_to_more(calls: int, processes: int, period: float) -> None:
    share = Rate(calls, period).share(processes)
    assert processes * share.calls / share.period_seconds <= calls / period * (1 + 1e-9)
