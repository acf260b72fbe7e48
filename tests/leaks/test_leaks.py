"""Canaries for every personal field, token, key and password go down every path, and are found nowhere that tells of it."""

import json
import re

import pytest

from connector.amqp.dead.letters import DeadLetter
from connector.cli.dead import letter as dead_letter
from connector.demo.deployment import CLAMART
from connector.jobs.settlement import DeadReason
from tests.leaks.canaries import DATA, REFERENCES, STRAYS
from tests.leaks.crashes import CRASHES
from tests.leaks.endings import Ended, of_endings
from tests.leaks.listings import of_commands, of_letters
from tests.leaks.lying import HEADERS, SEALED
from tests.leaks.noting import NOTES
from tests.leaks.paths import DEAD, ISOLATED, REPLIES, UNDELIVERABLE, every_path
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
    unreadable = [pointer for check in by_job["found"]["checks"] for pointer in check["unreadable"]]
    assert unreadable == ["/quotient_familial/mois_calcul"]
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
    # A job that is deferred leaves the delays once it is due.
    assert any(queue in done.places[SEALED] for queue in (b"connector.delay", b"connector.deferred."))
    for queue in ("connector.backlog.", ISOLATED):
        assert queue.encode() in done.places[SEALED]
    if "CONNECTOR_REDIS_URL" in done.environment:
        for key in (b"processes", b"refusals", b"quota:"):
            assert key in done.places[SHARED]


def test_what_lies_between_two_protections_is_noted(done: Run) -> None:
    for kind in NOTES:
        assert done.places[kind]


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


@pytest.fixture(scope="module")
def ended(done: Run, host: Host, tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """What an operator's commands tell that change something: last, since they take away what others show."""
    return of_endings(done, host.node, tmp_path_factory.mktemp("ended"))


def test_no_command_that_changes_something_shows_a_canary(ended: Ended) -> None:
    for what, content in ended.told.items():
        place = JOURNAL if what.startswith("journal, ") else what
        assert found((*sought(ended.run, place), ended.passwords), content) == set(), what


def test_the_commands_have_changed_something(ended: Ended) -> None:
    told = {what: content.decode(errors="replace") for what, content in ended.told.items()}
    everything = "\n".join(told.values())
    for text in (
        *(
            "records exported",
            "1 of 1 records purged",
            "secrets sealed again",
            "The registry's schema is current",
        ),
        *("Declared, with", "its token removed", "new passwords"),
    ):
        assert text in everything
    for command, verb in (("dead replay", "replayed"), ("dead purge", "purged")):
        line = next(text for what, text in told.items() if what.startswith(command)).splitlines()[-1]
        assert int(re.findall(rf"(\d+) of \d+ letters {verb}", line)[0])
    assert "connector.deferred." in told[f"{SEALED}, after the replay"]
    for form in ("csv", "jsonl"):
        content = ended.told[f"journal, exported as {form}"]
        assert found(REFERENCES, content) == {canary.what for canary in REFERENCES}
    assert ended.passwords.spellings
