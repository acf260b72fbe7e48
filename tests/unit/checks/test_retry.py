"""What follows a failure: never a call sooner than the source asks, never a wait beyond the deadline."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.checks.retry import (
    POLICIES,
    Blocked,
    BlockedUntil,
    Failed,
    Finish,
    RetryAt,
    Step,
    Window,
    next_step,
)
from connector.jobs.records import Lane
from connector.sources.traits import TRAITS
from schemas.codes import CheckCode

RETRIED = {code for code, traits in TRAITS.items() if traits.is_retried}

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def after(outcome: Failed | BlockedUntil, tried: int = 1, **facts: Any) -> Step:
    """Return what follows, by default on the interactive lane, a second after reception, with 59 left."""
    lane = facts.get("lane", Lane.INTERACTIVE)
    window = Window(
        received_at=NOW - timedelta(seconds=facts.get("age", 1)),
        deadline=NOW + timedelta(seconds=facts.get("left", 59)),
    )
    return next_step(outcome, tried, window, NOW, policy=POLICIES[lane], jitter=facts.get("jitter", 0.5))


def seconds(step: Step) -> float:
    assert isinstance(step, RetryAt | Blocked)
    return (step.at - NOW).total_seconds()


def test_a_failure_is_tried_again_after_a_jittered_back_off_that_doubles() -> None:
    failed = Failed(CheckCode.PROVIDER_UNAVAILABLE)
    waits = [seconds(after(failed, tried)) for tried in range(1, 6)]
    assert waits == [0.25, 0.5, 1.0, 2.0, 4.0]
    assert seconds(after(failed, 5, jitter=0.0)) == 0.0


def test_batch_jobs_are_tried_for_hours() -> None:
    failed = Failed(CheckCode.PROVIDER_UNAVAILABLE)
    day = {"lane": Lane.BATCH, "age": 3600, "left": 24 * 3600}
    assert seconds(after(failed, 30, **day)) == 900.0
    assert isinstance(after(failed, 49, **day), RetryAt)


@pytest.mark.parametrize(("lane", "most"), [(Lane.INTERACTIVE, 6), (Lane.BATCH, 50)])
def test_a_lane_gives_up_after_so_many_calls(lane: Lane, most: int) -> None:
    failed = Failed(CheckCode.UPSTREAM_ERROR, wait_seconds=1)
    assert isinstance(after(failed, most - 1, lane=lane, left=86400), RetryAt)
    assert after(failed, most, lane=lane, left=86400) == Finish()


@pytest.mark.parametrize("code", sorted(set(CheckCode) - RETRIED))
def test_what_cannot_pass_is_answered_at_once(code: CheckCode) -> None:
    assert after(Failed(code, wait_seconds=1)) == Finish()


def test_what_the_source_asks_to_wait_is_waited_and_spread_over_a_second() -> None:
    assert seconds(after(Failed(CheckCode.RATE_LIMITED, 5), jitter=0.0)) == 5.0
    assert seconds(after(Failed(CheckCode.PROVIDER_MAINTENANCE, 5), jitter=0.75)) == 5.75


def test_a_short_wait_told_again_and_again_grows_so_that_a_batch_lasts_for_hours() -> None:
    refused = Failed(CheckCode.RATE_LIMITED, wait_seconds=1)
    day = {"lane": Lane.BATCH, "left": 86400, "jitter": 0.5}
    assert sum(seconds(after(refused, tried, **day)) for tried in range(1, 50)) > 8 * 3600


def test_a_wait_that_is_not_told_is_not_zero() -> None:
    assert seconds(after(Failed(CheckCode.RATE_LIMITED), jitter=0.0)) == 1.0
    assert seconds(after(Failed(CheckCode.PROVIDER_CONFLICT), jitter=0.0)) == 5.0
    assert seconds(after(Failed(CheckCode.RATE_LIMITED, 0), jitter=0.0)) == 0.0


def test_a_wait_is_not_begun_that_ends_at_the_deadline() -> None:
    assert after(Failed(CheckCode.RATE_LIMITED, 59), jitter=0.0) == Finish()
    assert isinstance(after(Failed(CheckCode.RATE_LIMITED, 58), jitter=0.0), RetryAt)


def test_at_the_counter_an_outage_of_unknown_length_is_not_waited_for_to_the_end() -> None:
    failed, down = Failed(CheckCode.PROVIDER_TIMEOUT), BlockedUntil(NOW, CheckCode.PROVIDER_TIMEOUT)
    assert isinstance(after(failed, age=19), RetryAt)
    assert after(failed, age=20) == Finish()
    assert isinstance(after(down, age=19), Blocked)
    assert after(down, age=20) == Finish()
    told = BlockedUntil(NOW + timedelta(seconds=30), CheckCode.PROVIDER_MAINTENANCE, is_known=True)
    assert isinstance(after(told, age=20), Blocked)


def test_a_check_whose_provider_is_not_asked_is_parked_until_it_may_be() -> None:
    held = BlockedUntil(NOW + timedelta(seconds=3), CheckCode.PROVIDER_UNAVAILABLE)
    assert seconds(after(held, 0, jitter=0.0)) == 3.0
    assert seconds(after(held, 5, lane=Lane.BATCH, left=86400)) == 32.0
    assert seconds(after(held, 30, lane=Lane.BATCH, left=86400)) == 150.0


CODES = st.sampled_from(sorted(RETRIED))
JITTERS = st.floats(0, 1, exclude_max=True)
OUTCOMES = st.one_of(
    st.builds(Failed, CODES, st.none() | st.integers(0, 10**7)),
    st.builds(
        BlockedUntil, st.integers(-60, 10**6).map(lambda s: NOW + timedelta(seconds=s)), CODES, st.booleans()
    ),
)


@given(OUTCOMES, st.integers(0, 1000), JITTERS, st.sampled_from(Lane), st.integers(0, 10**6))
def test_no_call_comes_too_soon_and_no_wait_passes_the_deadline(
    outcome: Failed | BlockedUntil, tried: int, jitter: float, lane: Lane, left: int
) -> None:
    step = after(outcome, tried, jitter=jitter, lane=lane, left=left)
    if isinstance(step, Finish):
        return
    assert NOW <= step.at < NOW + timedelta(seconds=left)
    if isinstance(outcome, BlockedUntil):
        assert isinstance(step, Blocked)
        assert step.at >= outcome.until
    else:
        assert isinstance(step, RetryAt)
        assert step.at >= NOW + timedelta(seconds=outcome.wait_seconds or 0)
