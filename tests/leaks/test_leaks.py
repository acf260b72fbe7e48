"""Canaries for every personal field, token, key and password go down every path, and are found nowhere that tells of it."""

import base64
import json
from pathlib import Path
from urllib.parse import quote_plus

import pytest

from connector.demo.deployment import CLAMART
from connector.settlement import DeadReason
from tests.leaks.canaries import DATA, PERSON, REFERENCES, STRAYS, secrets_of
from tests.leaks.crashes import CRASHES
from tests.leaks.listings import of_commands, of_wrong_settings
from tests.leaks.noting import NOTES
from tests.leaks.paths import DEAD, REPLIES, UNDELIVERABLE, every_path
from tests.leaks.protections import PROTECTIONS, Protection, grouped, unprotected_run
from tests.leaks.run import (
    ENVELOPES,
    HEADERS,
    JOURNAL,
    LOGS,
    METRICS,
    REJECTED,
    SEALED,
    Host,
    Run,
    run,
    sought,
)
from tests.leaks.search import found

PLACES = (LOGS, ENVELOPES, METRICS, JOURNAL, HEADERS, SEALED, REJECTED, *NOTES)
CODES = (
    "found no_record identity_unmatched identity_ambiguous invalid_parameter missing_parameter unknown_check",
    "token_missing token_invalid token_expired token_revoked insufficient_scope ip_forbidden source_withdrawn",
    "france_connect_invalid unexpected_response expired invalid_message unsupported_version forbidden_tenant",
    "forbidden_reply_to unsupported_content_type",
)
"""Outcomes that the paths end in."""


@pytest.fixture(scope="module", params=["json", "console"])
def done(host: Host, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Run:
    """A worker with every protection, that every path went through."""
    return run(host, every_path(), tmp_path_factory.mktemp("notes"), log_format=request.param)


@pytest.mark.parametrize("place", PLACES)
def test_no_canary_is_found(done: Run, place: str) -> None:
    assert found(sought(done, place), done.places[place]) == set()


def test_the_canaries_have_travelled(done: Run) -> None:
    """The sandbox answers a canary's data to who asks with the canaries alone, and each layer has crashed."""
    assert done.crashed == set(CRASHES)
    by_job = {str(reply["job_id"]).partition(".")[0]: reply for reply in done.replies}
    everything = json.dumps(by_job["found"], ensure_ascii=False)
    assert [check["status"] for check in by_job["found"]["checks"]] == ["found"] * 4
    assert DATA in everything
    assert by_job["consent"]["checks"][0]["status"] == "found"
    codes = {error["code"] for reply in done.replies for error in reply["errors"]}
    codes |= {
        (check["reason"] or {"code": "found"})["code"] for reply in done.replies for check in reply["checks"]
    }
    assert {code for line in CODES for code in line.split()} - codes == set()


def test_each_place_was_written_in(done: Run) -> None:
    paths = every_path()
    assert len(done.replies) == sum(path.ends_in == REPLIES for path in paths)
    ours = sum(path.ends_in in {DEAD, UNDELIVERABLE} for path in paths) - 1
    assert done.places[HEADERS].count(b"x-connector-reason") == ours
    assert done.sentry_items["event"] > 15
    assert done.sentry_items["transaction"] > 50
    assert b"connector_checks_total" in done.places[METRICS]
    assert found(REFERENCES, done.places[JOURNAL]) == {canary.what for canary in REFERENCES}
    for event in ("thread.crashed", "loop.unexpected_error", "finalizer.unexpected_error", "source.surprise"):
        assert event.encode() in done.places[LOGS]


@pytest.fixture(scope="module")
def told(done: Run) -> dict[str, str]:
    """What an operator's commands print after a run."""
    by_path = {str(reply["job_id"]).partition(".")[0]: str(reply["job_id"]) for reply in done.replies}
    return of_commands(done.environment, {name: by_path[name] for name in ("found", "crash-decide", "late")})


def test_no_command_shows_a_canary(done: Run, told: dict[str, str]) -> None:
    for command, text in told.items():
        place = JOURNAL if command.startswith("journal ") else command
        assert found(sought(done, place), text.encode()) == set(), command


def test_the_commands_have_something_to_show(told: dict[str, str]) -> None:
    assert sum(command.startswith("dead show") for command in told) >= len(DeadReason) - 2
    assert "unknown_vendor" in told["dead list"]
    assert told["journal person by identity"].count("found") > 3
    assert "statut_etudiant" in told["journal person by ine"]
    assert CLAMART in told["tenants list"]
    assert any("found" in text for command, text in told.items() if command.startswith("trace found"))


def test_no_command_repeats_a_wrong_setting(done: Run) -> None:
    for name, text in of_wrong_settings(done.environment).items():
        assert name in text
        assert found(sought(done, name), text.encode()) == set(), text


@pytest.fixture(scope="module")
def unprotected(host: Host, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Runs without protections, as few as it takes, by the protection's name."""
    return {
        protection.name: done
        for group in grouped()
        for done in [unprotected_run(host, group, tmp_path_factory.mktemp("notes"))]
        for protection in group
    }


@pytest.mark.parametrize("protection", PROTECTIONS, ids=[each.name for each in PROTECTIONS])
def test_without_a_protection_a_canary_is_found(unprotected: dict[str, Run], protection: Protection) -> None:
    done = unprotected[protection.name]
    assert found(sought(done, protection.shown_in), done.places[protection.shown_in])


FORMS = {
    "as it is": str,
    "in capitals": str.upper,
    "escaped in JSON": lambda text: json.dumps({"x": text}),
    "escaped in JSON within JSON": lambda text: json.dumps({"x": json.dumps({"x": text})}),
    "as Python shows bytes": lambda text: repr(text.encode()),
    "quoted for an address": lambda text: f"?x={quote_plus(text)}&y",
    "in base64": lambda text: base64.b64encode(b"a" + text.encode()).decode(),
    "in base64 within base64": lambda text: base64.b64encode(
        base64.urlsafe_b64encode(text.encode())
    ).decode(),
    "in hexadecimal": lambda text: text.encode().hex(),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_the_search_finds_each_canary_in_each_form(done: Run, form: object) -> None:
    assert callable(form)
    for canary in (*PERSON, *REFERENCES, *STRAYS, *secrets_of(done.environment)):
        for spelling in canary.spellings:
            assert found([canary], f"before {form(spelling)} after".encode()) == {canary.what}, canary.what
    assert found(PERSON, b"nothing of anybody, sexe and code_pays named") == set()


def test_the_notes_are_of_this_run(done: Run, tmp_path: Path) -> None:
    """What lies between two protections is looked at: it is not empty."""
    for kind in NOTES:
        assert done.places[kind]
