"""How long a source asks to wait."""

from datetime import UTC, datetime

import pytest

from connector.checks.waits import retry_after_seconds
from connector.sources.outcome import ApiError, ErrorMeta
from tests.garbage import GARBAGE

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
UNIX_NOW = int(NOW.timestamp())


def wait(retry_in: float | None = None, **headers: str) -> int | None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return retry_after_seconds(named, ApiError(meta=ErrorMeta(retry_in=retry_in)), NOW)


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ("30", 30),
        (" 30 ", 30),
        ("0", 1),
        ("Mon, 23 Nov 2026 09:02:00 GMT", 120),
        ("Mon, 23 Nov 2026 10:02:00 +0100", 120),
        ("Mon, 23 Nov 2026 08:00:00 GMT", 1),
    ],
)
def test_retry_after_is_in_seconds_or_a_date(retry_after: str, seconds: int) -> None:
    assert wait(retry_after=retry_after) == seconds


def test_ratelimit_reset_is_a_unix_time() -> None:
    assert wait(ratelimit_reset=str(UNIX_NOW + 45)) == 45
    assert wait(ratelimit_reset=str(UNIX_NOW - 45)) is None


def test_a_small_ratelimit_reset_counts_seconds_from_now() -> None:
    assert wait(ratelimit_reset="45") == 45
    assert wait(30, ratelimit_reset="0") == 30


@pytest.mark.parametrize(("retry_in", "seconds"), [(10, 10), (0.2, 1), (0, 1), (-5, 1)])
def test_retry_in_is_in_seconds(retry_in: float, seconds: int) -> None:
    assert wait(retry_in) == seconds


def test_the_more_certain_word_wins() -> None:
    reset = str(UNIX_NOW + 45)
    assert wait(10, retry_after="30", ratelimit_reset=reset) == 30
    assert wait(10, retry_after="0", ratelimit_reset=reset) == 1
    assert wait(10, ratelimit_reset=reset) == 45
    assert wait(10, retry_after="plus tard", ratelimit_reset="bientôt") == 10


@pytest.mark.parametrize("text", GARBAGE)
def test_garbage_is_no_wait(text: str) -> None:
    assert wait(retry_after=text) is None
    assert wait(ratelimit_reset=text) is None


@pytest.mark.parametrize("retry_in", [None, float("nan"), float("inf"), float("-inf")])
def test_unknown_is_not_zero(retry_in: float | None) -> None:
    assert wait(retry_in) is None
