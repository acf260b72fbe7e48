"""What is worth an event is handed over, once a minute and cause, whatever becomes of it; the log is the same."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from sqlalchemy.exc import DataError

from connector.sources.traits import TRAITS
from connector.telemetry import reporter as module
from connector.telemetry.logs import bind_job, configure_logs
from connector.telemetry.privacy import before_send
from connector.telemetry.reporter import Reporter
from connector.vault import VaultError
from tests.logs import NAMED, restored_logs

OTHER, THIRD = "26750045200011", "26690027300019"
PRIVATE = "S3SAME"


class Sent(list[Any]):
    """What was handed over, as it leaves."""

    def __call__(self, event: dict[str, Any]) -> None:
        """Take an event."""
        self.append(before_send(event))


@pytest.fixture(autouse=True)
def _logging() -> Iterator[None]:
    with restored_logs():
        yield


@pytest.fixture
def sent() -> Sent:
    return Sent()


@pytest.fixture
def reporter(sent: Sent) -> Iterator[Reporter]:
    made = Reporter(sent, lambda: 0.0)
    yield made
    made.close()


def log(reporter: Reporter, level: str = "ERROR") -> Any:
    """Return a logger that the reporter observes."""
    configure_logs("json", level, reporter)
    return structlog.get_logger("connector.some")


def test_an_incident_names_its_cause_who_is_concerned_and_what_to_do(reporter: Reporter, sent: Sent) -> None:
    bind_job(**NAMED)
    log(reporter).error("token.refused", tenant=NAMED["tenant"], code="token_invalid", to_do=PRIVATE)
    (event,) = sent
    assert event["fingerprint"] == ["token.refused", "token_invalid"]
    assert event["tags"] == {
        "event": "token.refused",
        "vendor": "millesime",
        "tenant": NAMED["tenant"],
        "code": "token_invalid",
    }
    assert event["level"] == "error"
    assert event["contexts"]["trace"]["trace_id"] == NAMED["trace_id"]
    incident = event["contexts"]["incident"]
    assert incident["runbook"] == "deploy/README.md#tokenrefused"
    assert "tenants token rotate" in incident["to_do"]
    assert incident["job_id"] == "job-1"
    assert PRIVATE not in repr(event)


@pytest.mark.parametrize("event", ["job.unsettled", "memory.away", "some.event"])
def test_what_is_not_worth_an_event_is_none(reporter: Reporter, sent: Sent, event: str) -> None:
    log(reporter).error(event)
    assert sent == []


def test_it_hears_of_a_warning_that_is_not_written(
    reporter: Reporter, sent: Sent, capsys: pytest.CaptureFixture[str]
) -> None:
    log(reporter, "ERROR").warning("breaker.opened", provider="CNAV", code="provider_timeout")
    assert len(sent) == 1
    assert capsys.readouterr().err == ""


def test_what_concerns_everybody_names_the_tenants_and_is_nobodys(reporter: Reporter, sent: Sent) -> None:
    bind_job(**NAMED)
    log(reporter).warning(
        "breaker.opened", provider="CNAV", code="provider_timeout", tenants=[OTHER, PRIVATE]
    )
    (event,) = sent
    assert event["fingerprint"] == ["breaker.opened", "CNAV", "provider_timeout"]
    assert "tenant" not in event["tags"]
    assert event["contexts"]["incident"]["tenants"] == [OTHER, NAMED["tenant"]]


def test_whom_a_cause_concerns_later_is_told_in_its_issue(reporter: Reporter, sent: Sent) -> None:
    say = log(reporter)
    of_it = {"provider": "CNAV", "code": "provider_timeout"}
    say.warning("breaker.opened", tenants=[NAMED["tenant"]], **of_it)
    bind_job(**NAMED)
    for tenants in ([OTHER], [THIRD]):
        say.warning("breaker.concerns", tenants=tenants, **of_it)
    reporter.close()
    first, later = sent
    assert later["fingerprint"] == first["fingerprint"] == ["breaker.opened", "CNAV", "provider_timeout"]
    assert later["tags"] == first["tags"]
    assert later["contexts"]["incident"]["tenants"] == [OTHER, NAMED["tenant"], THIRD]


def test_an_exception_is_told_by_type_and_place(reporter: Reporter, sent: Sent) -> None:
    say = log(reporter)
    for check in ("quotient_familial", "quotient_familial", "scolarite"):
        try:
            raise KeyError(PRIVATE)  # noqa: TRY301 - to be logged where it is handled
        except KeyError:
            say.exception("check.unexpected_error", check=check)
    first, second = sent
    assert first["fingerprint"] == [
        "check.unexpected_error",
        "quotient_familial",
        "KeyError",
        "telemetry/test_reporter.py:test_an_exception_is_told_by_type_and_place",
    ]
    assert second["fingerprint"][1] == "scolarite"
    (value,) = first["exception"]["values"]
    assert (value["type"], value["value"]) == ("KeyError", "A check ended in a way that nobody foresaw")
    assert value["stacktrace"]["frames"][-1]["filename"] == "telemetry/test_reporter.py"
    assert first["tags"]["provider"] == "CNAV"
    assert PRIVATE not in repr(list(sent))


def test_records_that_no_key_opens_and_those_that_the_database_refuses_are_two_causes(
    reporter: Reporter, sent: Sent
) -> None:
    say = log(reporter)
    for error in (VaultError("no key opens it"), DataError("INSERT", None, ValueError(PRIVATE))):
        say.error("journal.unreadable", exc_info=error)
    assert [event["fingerprint"] for event in sent] == [
        ["journal.unreadable", "VaultError"],
        ["journal.unreadable", "DataError"],
    ]
    assert PRIVATE not in repr(list(sent))


def test_a_storm_is_one_event_and_a_sum(reporter: Reporter, sent: Sent) -> None:
    say = log(reporter)
    for number in range(1000):
        say.error("token.refused", tenant=f"269200236000{number % 30:02}", code="token_invalid")
    assert len(sent) == 10
    reporter.close()
    assert len(sent) == 11
    incident = sent[-1]["contexts"]["incident"]
    assert incident["left_out"] == "990"
    assert len(incident["tenants"]) == 30
    assert "tenant" not in sent[-1]["tags"]
    assert {tuple(event["fingerprint"]) for event in sent} == {("token.refused", "token_invalid")}


def test_what_is_left_out_is_told_without_another_event(sent: Sent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WINDOW_SECONDS", 0.01)
    now, was_told = [0.0], threading.Event()

    def send(event: dict[str, Any]) -> None:
        sent(event)
        if len(sent) == 2:
            was_told.set()

    reporter = Reporter(send, lambda: now[0])
    say = log(reporter)
    say.error("token.unreadable", tenant=OTHER)
    say.error("token.unreadable", tenant=OTHER)
    now[0] = 60.0
    assert was_told.wait(30)
    reporter.close()
    assert sent[1]["contexts"]["incident"]["left_out"] == "1"


def test_a_log_is_written_whatever_becomes_of_its_report(capsys: pytest.CaptureFixture[str]) -> None:
    def fail(_event: dict[str, Any]) -> None:
        raise RuntimeError(PRIVATE)

    log(Reporter(fail)).error("token.unreadable", tenant=OTHER)
    line = capsys.readouterr().err
    assert "token.unreadable" in line
    assert '"not_reported": "RuntimeError"' in line
    assert PRIVATE not in line


def test_a_suspension_is_told_where_no_refused_token_has_told_it(reporter: Reporter, sent: Sent) -> None:
    say = log(reporter)
    for code in sorted(code for code, traits in TRAITS.items() if traits.refuses is not None):
        say.error("tenant.suspended", tenant=NAMED["tenant"], code=str(code))
    told = {event["tags"]["code"] for event in sent}
    assert told == {"insufficient_scope", "rate_limited", "france_connect_invalid"}
