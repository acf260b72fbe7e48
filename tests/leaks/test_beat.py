"""The scheduled work tells of tokens and of old records: no token, nobody who asked, and nobody who was asked about."""

from pathlib import Path

import pytest

from tests.leaks.beating import Beaten, beat
from tests.leaks.run import Host
from tests.leaks.search import found

TOLD = ("token.expires", "token.refused", "token.next_refused")
MONITORS = {"tokens-promote", "tokens-check", "journal-purge", "checks-drift"}


@pytest.fixture(scope="module", params=["json", "console"])
def beaten(host: Host, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Beaten:
    """A beat with everything to do: tokens that expire, have expired, are revoked, are missing or wait, and old records."""
    return beat(host, Path(tmp_path_factory.mktemp("beat")), request.param)


def test_no_canary_is_found_in_its_logs(beaten: Beaten) -> None:
    assert found(beaten.sought, beaten.logs.encode()) == set()


def test_no_canary_is_found_in_what_goes_to_sentry(beaten: Beaten) -> None:
    assert found(beaten.sought, beaten.envelopes) == set()


def test_it_has_done_all(beaten: Beaten) -> None:
    for event in (*TOLD, "journal.purged"):
        assert event in beaten.logs
    assert beaten.events >= set(TOLD)
    assert {each["monitor_slug"]: each["status"] for each in beaten.check_ins} == dict.fromkeys(
        MONITORS, "ok"
    )
