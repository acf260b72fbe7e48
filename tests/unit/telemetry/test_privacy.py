"""What leaves for Sentry is rebuilt from what is known: a private value does not, wherever it is put."""

from collections.abc import Iterator
from typing import Any

import pytest

from connector.telemetry.incidents import INCIDENTS
from connector.telemetry.privacy import before_breadcrumb, before_send, before_send_transaction, known
from connector.telemetry.vocabulary import FIELDS, LISTS, MOST_LISTED, SPANS

PRIVATE = "ROUX Jeanne, 1987-06-27"
TRACE = {"trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331"}
FRAME = {
    "filename": "connector/pipeline/run_job.py",
    "function": "verify",
    "lineno": 7,
    "in_app": True,
    "vars": {"identity": "i"},
    "context_line": "c",
    "abs_path": "p",
}
EVENT: dict[str, Any] = {
    "event_id": "f" * 32,
    "timestamp": "2026-11-23T09:00:00.000000Z",
    "level": "error",
    "platform": "python",
    "release": "ccas-connector@0.1.0",
    "environment": "production",
    "server_name": "worker-1",
    "contexts": {
        "incident": {
            "event": "breaker.opened",
            "provider": "CNAV",
            "code": "provider_timeout",
            "tenants": ["26920023600017"],
            "until": "2026-11-23T09:00:01+00:00",
            "vendor": "millesime",
            "job_id": "job-1",
        },
        "trace": TRACE,
    },
    "exception": {
        "values": [
            {"type": "KeyError", "module": "builtins", "value": "v", "stacktrace": {"frames": [FRAME]}},
        ],
    },
}
TRANSACTION: dict[str, Any] = {
    "type": "transaction",
    "event_id": "f" * 32,
    "start_timestamp": 1_790_000_000.5,
    "timestamp": "2026-11-23T09:00:00.000000Z",
    "tags": {"vendor": "millesime", "tenant": "26920023600017", "lane": "interactive"},
    "contexts": {
        "trace": {
            **TRACE,
            "op": "queue.process",
            "status": "ok",
            "data": {"messaging.system": "rabbitmq", "messaging.destination.name": "verifications.batch"},
        }
    },
    "spans": [
        {
            "span_id": "1" * 16,
            "op": "http.client",
            "description": "GET /v3/dss/quotient_familial/identite",
            "start_timestamp": 1_790_000_000.6,
            "timestamp": 1_790_000_000.7,
            "status": "ok",
            "data": {"http.response.status_code": 200, "check": "quotient_familial", "provider": "CNAV"},
        }
    ],
}
CHECK_IN: dict[str, Any] = {
    "type": "check_in",
    "event_id": "f" * 32,
    "check_in_id": "e" * 32,
    "monitor_slug": "tokens-check",
    "status": "ok",
    "duration": 1.5,
    "monitor_config": {
        "schedule": {"type": "interval", "value": 1, "unit": "day"},
        "checkin_margin": 60,
        "failure_issue_threshold": 1,
    },
}


def tainted(value: Any) -> Iterator[Any]:
    """Yield copies of a value, one with the private text in place of each part, and one beside each."""
    yield PRIVATE
    if isinstance(value, dict):
        yield {**value, "extra": PRIVATE, PRIVATE: PRIVATE}
        for name, part in value.items():
            for other in tainted(part):
                yield {**value, name: other}
    elif isinstance(value, list):
        yield [*value, PRIVATE]
        for index, part in enumerate(value):
            for other in tainted(part):
                yield [*value[:index], other, *value[index + 1 :]]
    elif isinstance(value, str):
        yield f"{value} {PRIVATE}"
        yield f"{value}\n{PRIVATE}"


def copies(event: dict[str, Any]) -> list[dict[str, Any]]:
    """Return tainted copies of an event, which the SDK makes a mapping in any case."""
    return [copy for copy in tainted(event) if isinstance(copy, dict)]


@pytest.mark.parametrize("rebuild", [before_send, before_send_transaction])
@pytest.mark.parametrize("event", [EVENT, TRANSACTION, CHECK_IN], ids=["incident", "trace", "check-in"])
def test_nothing_private_leaves_wherever_it_is_put(rebuild: Any, event: dict[str, Any]) -> None:
    private = [copy for copy in copies(event) if "ROUX" in repr(rebuild(copy, {}))]
    assert private == []
    assert len(copies(event)) >= 30


@pytest.mark.parametrize(
    "more",
    [
        {"user": {"id": "1"}},
        {"request": {"url": "u"}},
        {"extra": {"a": 1}},
        {"breadcrumbs": {"values": [{}]}},
        {"modules": {"a": "1"}},
        {"message": "m"},
        {"logentry": {"formatted": "f"}},
        {"threads": {}},
        {"sdk": {"name": "s"}},
    ],
)
def test_parts_that_are_not_known_do_not_leave(more: dict[str, Any]) -> None:
    assert before_send(EVENT | more) == before_send(EVENT)
    assert before_send_transaction(TRANSACTION | more) == before_send_transaction(TRANSACTION)


def test_a_vendors_baggage_does_not_leave_in_an_envelopes_header() -> None:
    """The SDK takes it out of the trace's context, after this, and writes it as it is."""
    for event, rebuild in ((EVENT, before_send), (TRANSACTION, before_send_transaction)):
        trace = event["contexts"]["trace"] | {"dynamic_sampling_context": {"user_segment": PRIVATE}}
        left = rebuild(event | {"contexts": event["contexts"] | {"trace": trace}})
        assert "dynamic_sampling_context" not in left["contexts"]["trace"]


def test_an_event_that_was_not_decided_does_not_leave() -> None:
    assert before_send({"level": "error", "message": PRIVATE}) is None
    assert before_send({"contexts": {"incident": {"event": "memory.away"}}}) is None
    assert before_send_transaction({"type": "transaction", "transaction": PRIVATE}) is None
    assert before_breadcrumb({"message": PRIVATE}) is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize("name", INCIDENTS)
def test_each_incident_leaves_with_what_to_do(name: str) -> None:
    left = before_send({"contexts": {"incident": {"event": name}}})
    assert left["logentry"]["formatted"] == INCIDENTS[name].title
    assert left["contexts"]["incident"]["to_do"] == INCIDENTS[name].to_do
    assert left["fingerprint"] == [name, *("-" for _ in INCIDENTS[name].by)]


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("value", [PRIVATE, "ROUX\n", "", True, ["ROUX"], {"a": 1}, None, b"ROUX"])
def test_no_field_takes_a_name(name: str, value: Any) -> None:
    unless = {"exception", "thread", "job_id", "place"}
    assert known({name: value}) == {}
    if name not in unless:
        assert known({name: "ROUX"}) == {}


def test_a_list_is_bounded_and_each_of_its_values_known() -> None:
    told = EVENT["contexts"]["incident"] | {"tenants": ["26920023600017", PRIVATE] * 100}
    left = before_send(EVENT | {"contexts": {"incident": told}})
    assert left["contexts"]["incident"]["tenants"] == ["26920023600017"] * (MOST_LISTED // 2)
    assert set(LISTS.values()) <= FIELDS.keys()


def test_a_call_is_named_by_its_endpoint_as_the_catalogue_has_it() -> None:
    assert all(name.startswith("GET /") and "?" not in name for name in SPANS["http.client"])
    assert before_send_transaction(TRANSACTION)["spans"][0]["description"] in SPANS["http.client"]
