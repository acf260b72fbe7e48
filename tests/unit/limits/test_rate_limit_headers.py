"""What the RateLimit headers ask for beyond the settings."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from connector.jobs.rate import read_quota
from connector.limits.rate_limit_headers import hint_of

NOW = datetime(2026, 11, 23, 9, 0, 0, 400_000, tzinfo=UTC)


def headers(remaining: object, in_seconds: float, limit: int = 20, **others: str) -> dict[str, str]:
    return {
        "ratelimit-limit": str(limit),
        "ratelimit-remaining": str(remaining),
        "ratelimit-reset": str(int(NOW.timestamp() + in_seconds)),
        **others,
    }


def test_nothing_left_waits_for_the_window_to_end() -> None:
    note = hint_of(headers(0, 1), read_quota("20/s"), NOW)
    assert note is not None
    assert note.hold_seconds == pytest.approx(0.65)


def test_something_left_of_a_short_window_asks_for_nothing() -> None:
    assert hint_of(headers(1, 1), read_quota("20/s"), NOW) is None


def test_what_is_left_of_a_long_window_is_spread() -> None:
    note = hint_of(headers(10, 40.6, limit=100), read_quota("20/s"), NOW)
    assert note is not None
    assert note.hold_seconds == 0
    assert note.spacing_seconds == pytest.approx(4.0, abs=0.1)
    assert note.spacing_for_seconds == pytest.approx(40.0, abs=1.0)


def test_the_quota_that_is_set_already_is_not_told_again() -> None:
    assert hint_of(headers(240, 59), read_quota("250/min"), NOW) is None


def test_a_clock_that_is_wrong_is_told_by_the_servers_date() -> None:
    theirs = NOW + timedelta(hours=1)
    told = headers(0, 3602, date=format_datetime(theirs.replace(microsecond=0), usegmt=True))
    note = hint_of(told, read_quota("20/s"), NOW)
    assert note is not None
    assert note.hold_seconds == pytest.approx(2.05, abs=0.5)


def test_a_reset_that_counts_seconds_from_now_is_kept_to_as_well() -> None:
    note = hint_of({"ratelimit-remaining": "0", "ratelimit-reset": "40"}, read_quota("20/s"), NOW)
    assert note is not None
    assert note.hold_seconds == pytest.approx(40.05)


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"ratelimit-remaining": "0"},
        {"ratelimit-reset": "1900000000"},
        headers("none", 1),
        headers("-1", 1),
        headers(0, -5),
        headers(0, 10_000_000),
        {"ratelimit-remaining": "0", "ratelimit-reset": "9" * 40},
        headers(0, -5, date="yesterday"),
    ],
)
def test_what_says_nothing_asks_for_nothing(told: dict[str, str]) -> None:
    assert hint_of(told, read_quota("20/s"), NOW) is None
