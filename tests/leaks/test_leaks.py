"""Canaries for every personal field, token, key and password go down every path, and are found nowhere that tells of it."""

import json

import pytest

from connector.cli import dead_letter
from connector.demo.deployment import CLAMART
from connector.messaging.dead_letters import DeadLetter
from connector.settlement import DeadReason
from tests.leaks.canaries import (
    BROKER_PASSWORD,
    DATA,
    DATABASE_PASSWORD,
    REDIS_PASSWORD,
    REFERENCES,
    STRAYS,
    secrets_of,
)
from tests.leaks.crashes import CRASHES
from tests.leaks.listings import of_commands, of_letters, of_wrong_settings
from tests.leaks.lying import HEADERS, SEALED
from tests.leaks.noting import NOTES
from tests.leaks.paths import DEAD, ISOLATED, REPLIES, UNDELIVERABLE, every_path
from tests.leaks.protections import PROTECTIONS, Protection, grouped, unprotected_run
from tests.leaks.run import (
    ENVELOPES,
    JOURNAL,
    LOGS,
    METRICS,
    REJECTED,
    SHARED,
    Host,
    Run,
    run,
    sought,
)
from tests.leaks.search import found

PLACES = (LOGS, ENVELOPES, METRICS, JOURNAL, HEADERS, SEALED, SHARED, REJECTED, *NOTES)
CODES = (
    "found no_record identity_unmatched identity_ambiguous invalid_parameter missing_parameter unknown_check",
    "token_missing token_invalid token_expired token_revoked insufficient_scope ip_forbidden source_withdrawn",
    "france_connect_invalid unexpected_response expired invalid_message unsupported_version forbidden_tenant",
    "forbidden_reply_to unsupported_content_type",
)
"""Outcomes that the paths end in."""
EVENTS_LOGGED = (
    *("thread.crashed", "loop.unexpected_error", "finalizer.unexpected_error", "source.surprise"),
    *("backlog.opened", "job.isolated"),
)


@pytest.fixture(scope="module", params=["json", "console"])
def done(host: Host, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Run:
    """A worker with every protection, that every path went through: alone, or as one of several that share state."""
    return run(
        host,
        every_path(),
        tmp_path_factory.mktemp("notes"),
        log_format=request.param,
        is_shared=request.param == "console",
    )


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
    for event in EVENTS_LOGGED:
        assert event.encode() in done.places[LOGS]
    for queue in ("connector.delay", "connector.backlog.", ISOLATED):
        assert queue.encode() in done.places[SEALED]
    if "CONNECTOR_REDIS_URL" in done.environment:
        for key in (b"processes", b"refusals", b"quota:"):
            assert key in done.places[SHARED]


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


def _as_it_came(value: object) -> object:
    return value


HIDING = {
    "routing keys": (DeadLetter, "shown_routing_key", property(lambda letter: repr(letter.routing_key))),
    "properties": (dead_letter, "contract_queue", _as_it_came),
}
"""What hides a vendor's words from ``dead show``."""


@pytest.mark.parametrize(("owner", "name", "replacement"), HIDING.values(), ids=HIDING.keys())
def test_without_what_hides_a_vendors_words_a_command_shows_a_canary(
    done: Run, monkeypatch: pytest.MonkeyPatch, owner: object, name: str, replacement: object
) -> None:
    monkeypatch.setattr(owner, name, replacement)
    shown = of_letters(done.environment)
    assert found(STRAYS, "".join(shown.values()).encode()) == {"stray"}


def test_a_worker_that_cannot_start_shows_no_password(host: Host) -> None:
    away = {
        "CONNECTOR_BROKER_URL": f"amqp://exploitant:{BROKER_PASSWORD}@127.0.0.1:1//",
        "CONNECTOR_REDIS_URL": f"redis://:{REDIS_PASSWORD}@127.0.0.1:1/0",
        "CONNECTOR_DATABASE_URL": f"postgresql://exploitant:{DATABASE_PASSWORD}@127.0.0.1:1/x",
    }
    environment = host.deployed.environment
    started = {
        name: host.deployed.start_worker("--log-level", "DEBUG", settings={name: url})
        for name, url in away.items()
    }
    started["CONNECTOR_BROKER_URL"].wait_for("Cannot connect to amqp://exploitant:**@127.0.0.1:1//")
    started["CONNECTOR_BROKER_URL"].stop()
    for name in ("CONNECTOR_REDIS_URL", "CONNECTOR_DATABASE_URL"):
        assert started[name].wait() != 0
        assert name in "".join(started[name].said)
    for worker in started.values():
        assert found(secrets_of(environment), "".join(worker.said).encode()) == set()


def test_what_lies_between_two_protections_is_noted(done: Run) -> None:
    for kind in NOTES:
        assert done.places[kind]
