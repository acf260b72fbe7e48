"""A provider that is down is not asked, and is asked once to see whether it is back."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.checks.retry import BlockedUntil
from connector.limits.breaker import CLOSED, Breaker, CallEnd, Go, Probe, after_call, after_ping, let_through
from connector.sources.traits import signal_of
from connector.time_limits import PROBE_SECONDS
from schemas.codes import CheckCode

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DOWN = CheckCode.PROVIDER_UNAVAILABLE


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def call(
    breaker: Breaker,
    code: CheckCode | None,
    now: float,
    asked: float | None = None,
    *,
    wait: float | None = None,
    is_first: bool = True,
) -> Breaker:
    end = CallEnd(
        signal=signal_of(code),
        code=code or DOWN,
        wait_seconds=wait,
        asked_at=at(now if asked is None else asked),
        is_first=is_first,
    )
    return after_call(breaker, end, at(now))


def opened(now: float = 0) -> Breaker:
    """Return a breaker that five failures have just opened."""
    breaker = CLOSED
    for _ in range(5):
        breaker = call(breaker, DOWN, now)
    return breaker


def test_five_failures_in_a_row_open_it() -> None:
    breaker = CLOSED
    for _ in range(4):
        breaker = call(breaker, DOWN, 0)
    assert let_through(breaker, at(0))[1] == Go()
    assert let_through(call(breaker, DOWN, 0), at(0))[1] == BlockedUntil(at(1), DOWN)


@pytest.mark.parametrize("code", [None, CheckCode.NO_RECORD, CheckCode.IDENTITY_UNMATCHED])
def test_an_answer_in_between_begins_the_count_anew(code: CheckCode | None) -> None:
    breaker = CLOSED
    for _ in range(4):
        breaker = call(breaker, DOWN, 0)
    assert call(breaker, code, 0) == CLOSED


@pytest.mark.parametrize(
    "code",
    [
        CheckCode.TOKEN_INVALID,
        CheckCode.INSUFFICIENT_SCOPE,
        CheckCode.RATE_LIMITED,
        CheckCode.PROVIDER_CONFLICT,
        CheckCode.EXPIRED,
        CheckCode.INVALID_PARAMETER,
    ],
)
def test_what_says_nothing_of_the_provider_changes_nothing(code: CheckCode) -> None:
    breaker = call(CLOSED, DOWN, 0)
    assert call(breaker, code, 0) == breaker


def test_one_maintenance_answer_opens_it_for_as_long_as_it_says() -> None:
    breaker = call(CLOSED, CheckCode.PROVIDER_MAINTENANCE, 0, wait=5)
    assert let_through(breaker, at(4.9))[1] == BlockedUntil(
        at(5), CheckCode.PROVIDER_MAINTENANCE, is_known=True
    )
    assert isinstance(let_through(breaker, at(5))[1], Probe)


def test_a_call_that_was_under_way_when_it_opened_does_not_close_it() -> None:
    breaker = call(CLOSED, CheckCode.PROVIDER_MAINTENANCE, 1, wait=5)
    assert call(breaker, None, 2, asked=0.5) == breaker
    assert call(breaker, DOWN, 2, asked=0.5) == breaker


def test_a_provider_that_claims_to_be_away_for_a_year_is_probed_after_an_hour() -> None:
    breaker = call(CLOSED, CheckCode.PROVIDER_MAINTENANCE, 0, wait=366 * 86400)
    assert isinstance(let_through(breaker, at(3600))[1], Probe)


def test_one_call_probes_and_the_others_wait_for_it() -> None:
    probing, first = let_through(opened(), at(1))
    assert first == Probe(ping_first=True)
    assert let_through(probing, at(1))[1] == BlockedUntil(at(2), DOWN)
    assert call(probing, None, 1.5) == CLOSED


def test_a_probe_that_dies_with_its_worker_is_given_up() -> None:
    probing, _ = let_through(opened(), at(1))
    assert isinstance(let_through(probing, at(PROBE_SECONDS))[1], BlockedUntil)
    assert isinstance(let_through(probing, at(1 + PROBE_SECONDS))[1], Probe)


def test_a_probe_that_learns_nothing_lets_another_go_a_second_later() -> None:
    probing, _ = let_through(opened(), at(1))
    unknown = call(probing, CheckCode.TOKEN_EXPIRED, 1.5)
    assert let_through(unknown, at(1.5))[1] == BlockedUntil(at(2.5), DOWN)
    assert isinstance(let_through(unknown, at(2.5))[1], Probe)


def test_one_dossier_that_fails_each_time_does_not_open_it_but_closes_it_when_answered() -> None:
    breaker = call(CLOSED, DOWN, 0)
    for _ in range(20):
        breaker = call(breaker, DOWN, 0, is_first=False)
    assert let_through(breaker, at(0))[1] == Go()
    assert call(breaker, None, 0, is_first=False) == CLOSED


def test_a_provider_that_asks_for_no_wait_is_given_a_second() -> None:
    breaker = call(CLOSED, CheckCode.PROVIDER_RATE_LIMITED, 0, wait=0)
    assert let_through(breaker, at(0.9))[1] == BlockedUntil(
        at(1), CheckCode.PROVIDER_RATE_LIMITED, is_known=True
    )


def test_a_clock_that_is_set_back_holds_nobody() -> None:
    probing, passage = let_through(opened(now=86400), at(0))
    assert isinstance(passage, Probe)
    assert let_through(call(probing, DOWN, 1), at(1))[1] == BlockedUntil(at(3), DOWN)
    assert call(probing, None, 1) == CLOSED


def test_while_probes_fail_the_pause_doubles_up_to_a_bound() -> None:
    breaker, now, pauses = opened(), 0.0, []
    for _ in range(6):
        assert breaker.until is not None
        pauses.append((breaker.until - at(now)).total_seconds())
        now = (breaker.until - NOW).total_seconds()
        breaker, passage = let_through(breaker, at(now))
        assert isinstance(passage, Probe)
        breaker = call(breaker, DOWN, now)
    assert pauses == [1, 2, 4, 8, 10, 10]


def test_a_ping_that_says_no_spares_the_call_but_is_not_believed_for_ever() -> None:
    breaker, now = opened(), 0.0
    while (passage := let_through(breaker, at(now))) and passage[1] != Probe(ping_first=False):
        if isinstance(passage[1], Probe):
            breaker = after_ping(passage[0], at(now))
        now += 1
    assert 60 <= now <= 70


@given(st.lists(st.tuples(st.sampled_from([DOWN, None]), st.floats(0.01, 5)), max_size=60))
def test_an_open_breaker_lets_at_most_one_call_a_second_through(
    ends: list[tuple[CheckCode | None, float]],
) -> None:
    breaker, now, last_probe = CLOSED, 0.0, -10.0
    for code, pause in ends:
        now += pause
        was_open = breaker.until is not None
        breaker, passage = let_through(breaker, at(now))
        if isinstance(passage, BlockedUntil):
            continue
        if was_open:
            assert now - last_probe >= 1
            last_probe = now
        breaker = call(breaker, code, now)
