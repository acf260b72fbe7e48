"""Refusals: counted in a window of five minutes, and what follows from too many."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from connector.limits.refusals import (
    FIRST_SUSPENSION_SECONDS,
    LONGEST_SUSPENSION_SECONDS,
    NONE,
    Refusals,
    after_answer,
    after_refusal,
    count_of,
    counted,
    is_spent,
    is_suspended,
    spent_until,
)
from schemas.codes import CheckCode

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
CODE = CheckCode.TOKEN_REVOKED


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def refused(times: int, state: Refusals = NONE, at: datetime = NOW, most: int = 20) -> Refusals:
    for _ in range(times):
        state = after_refusal(state, CODE, most, at)
    return state


def test_one_too_many_suspends() -> None:
    assert not is_suspended(refused(19), NOW)
    suspended = refused(20)
    assert is_suspended(suspended, NOW)
    assert suspended.until == after(FIRST_SUSPENSION_SECONDS)
    assert suspended.code is CODE
    assert not is_suspended(suspended, after(FIRST_SUSPENSION_SECONDS))


def test_what_is_older_than_five_minutes_is_forgotten() -> None:
    old = refused(19)
    assert count_of(old, after(299)) == 19
    assert count_of(old, after(310)) == 0
    assert not is_suspended(refused(1, old, after(310)), after(310))


def test_the_first_call_after_a_suspension_decides() -> None:
    suspended = refused(20)
    again = refused(1, suspended, after(301))
    assert again.until == after(301 + 2 * FIRST_SUSPENSION_SECONDS)
    assert after_answer(suspended, after(301)) == NONE


def test_what_many_use_is_suspended_by_many_each_time_and_for_as_long() -> None:
    """One call after the pause of an address says nothing of the others."""
    state = NONE
    for _ in range(20):
        state = after_refusal(state, CODE, 20, NOW, is_of_a_token=False)
    assert is_suspended(state, NOW)
    for _ in range(19):
        state = after_refusal(state, CODE, 20, after(301), is_of_a_token=False)
    assert not is_suspended(state, after(301))
    state = after_refusal(state, CODE, 20, after(301), is_of_a_token=False)
    assert state.until == after(301 + FIRST_SUSPENSION_SECONDS)


def test_a_share_that_is_spent_says_when_something_is_left() -> None:
    state = NONE
    for second in range(40):
        state = counted(state, CODE, after(second))
    assert is_spent(state, 20, after(40))
    again = spent_until(state, 20, after(40))
    assert is_spent(state, 20, again - timedelta(seconds=1))
    assert not is_spent(state, 20, again)
    assert state.until is None


def test_a_call_that_was_under_way_changes_no_suspension() -> None:
    suspended = refused(20)
    assert refused(5, suspended, after(1)).until == suspended.until
    assert after_answer(suspended, after(1)) == suspended


def test_an_answer_forgets_no_refusals_before_a_suspension() -> None:
    assert after_answer(refused(10), NOW) == refused(10)


def test_refusals_of_long_ago_leave_no_trace() -> None:
    assert after_answer(refused(10), after(310)) == NONE


def test_a_clock_set_back_suspends_nobody_for_longer() -> None:
    assert not is_suspended(refused(20), NOW - timedelta(days=1))


@given(st.lists(st.tuples(st.floats(0, 400), st.booleans()), max_size=200))
def test_no_suspension_is_longer_than_the_longest(steps: list[tuple[float, bool]]) -> None:
    state, now = NONE, NOW
    for seconds, was_refused in steps:
        now += timedelta(seconds=seconds)
        if is_suspended(state, now):
            continue
        state = after_refusal(state, CODE, 3, now) if was_refused else after_answer(state, now)
        assert state.until is None or state.until <= now + timedelta(seconds=LONGEST_SUSPENSION_SECONDS)


@given(st.lists(st.floats(0, 30), min_size=1, max_size=300))
def test_a_tenant_is_refused_only_so_often_in_five_minutes(pauses: list[float]) -> None:
    state, now, refusals = NONE, NOW, []
    for pause in pauses:
        now += timedelta(seconds=pause)
        if is_suspended(state, now):
            continue
        state = after_refusal(state, CODE, 20, now)
        refusals.append(now)
        assert sum(one > now - timedelta(seconds=290) for one in refusals) <= 21
