"""How old the registry in force may become: what is told of it, and when no call is made by it any more."""

import pytest
from structlog.testing import capture_logs

from connector.storage.registry.freshness import STALE_SECONDS, Freshness


class Passing:
    """Seconds that a test lets pass."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Passing:
    return Passing()


def test_each_stage_is_told_once_and_its_end_once(seconds: Passing) -> None:
    freshness = Freshness(300, seconds)
    with capture_logs() as logs:
        for age, is_trusted in ((STALE_SECONDS, True), (31, True), (300, True), (301, False), (900, False)):
            seconds.now = 100 + age
            freshness.tell()
            assert freshness.is_trusted is is_trusted
        freshness.confirm()
        assert (freshness.is_trusted, freshness.age_seconds) == (True, 0)
        freshness.confirm()
    assert [(entry["event"], entry["log_level"], entry["after_seconds"]) for entry in logs] == [
        ("registry.stale", "warning", 31),
        ("registry.unconfirmed", "error", 301),
        ("registry.confirmed", "info", 900),
    ]


def test_what_is_trusted_for_ever_is_told_to_be_stale_all_the_same(seconds: Passing) -> None:
    freshness = Freshness(0, seconds)
    seconds.now += 10**6
    with capture_logs() as logs:
        freshness.tell()
    assert freshness.is_trusted
    assert [entry["event"] for entry in logs] == ["registry.stale"]


def test_one_that_is_trusted_less_long_than_it_is_fresh_says_both(seconds: Passing) -> None:
    freshness = Freshness(5, seconds)
    seconds.now += 6
    with capture_logs() as logs:
        freshness.tell()
        seconds.now += 30
        freshness.tell()
    assert [entry["event"] for entry in logs] == ["registry.unconfirmed", "registry.stale"]
