"""Whatever is published ends in exactly one place, says why, and leaves the worker running."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest

from connector.demo.deployment import BOURG
from connector.demo.vendor import VendorClient
from tests.jobs import QF, identity, job
from tests.mistakes.sent import Told
from tests.mistakes.table import SUBJECTS

REPLIES, DEAD, UNDELIVERABLE = "replies.millesime", "connector.dead", "connector.undeliverable"


@dataclass(frozen=True, kw_only=True)
class Bad:
    """A message that is not a job to run, and where it is to end."""

    body: dict[str, Any] | bytes = field(default_factory=job)
    code: str | None = None
    """The code of the reply that rejects it, or of its only check."""
    ends_in: str = REPLIES
    reason: str | None = None
    """The reason header of a dead letter or an undeliverable reply."""
    routing_key: str = "millesime.interactive"
    headers: dict[str, Any] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)


def without(member: str) -> dict[str, Any]:
    body = job()
    del body[member]
    return body


NESTED = b"[" * 30_000 + b"]" * 30_000

BAD = {
    "not UTF-8": Bad(body=b'{"job_id": "\xe9"}', code="invalid_message"),
    "not JSON": Bad(body=b"bonjour", code="invalid_message"),
    "empty": Bad(body=b"", code="invalid_message"),
    "not an object": Bad(body=b"[1, 2]", code="invalid_message"),
    "nested thousands deep": Bad(body=NESTED, code="invalid_message"),
    "over 64 KiB": Bad(body=json.dumps(job(dossier="x" * 70_000)).encode(), code="invalid_message"),
    "16 MB": Bad(body=b"x" * 16_000_000, code="invalid_message"),
    "16 MB for an unknown vendor": Bad(
        body=b"x" * 16_000_000,
        routing_key="inconnu.interactive",
        ends_in=DEAD,
    ),
    "unknown field": Bad(body=job(priority=5), code="invalid_message"),
    "missing field": Bad(body=without("checks"), code="invalid_message"),
    "wrong type": Bad(body=job(checks="quotient_familial"), code="invalid_message"),
    "bad SIRET": Bad(body=job(tenant="26920023600018"), code="invalid_message"),
    "version 2": Bad(body=job(version=2), code="unsupported_version"),
    "twenty-one checks": Bad(
        body=job(*({**QF, "id": f"check-{number}"} for number in range(21))),
        code="invalid_message",
    ),
    "unknown check": Bad(body=job({"check": "age_du_capitaine"}), code="unknown_check"),
    "unknown tenant": Bad(body=job(tenant="21750001600019"), code="unknown_tenant"),
    "another vendor's tenant": Bad(body=job(tenant=BOURG), code="forbidden_tenant"),
    "name with a digit": Bad(body=job(identity=identity("R0UX")), code="invalid_message"),
    "name with a control character": Bad(body=job(identity=identity("RO\x07UX")), code="invalid_message"),
    "expires_at in the past": Bad(body=job(expires_at="2020-01-01T00:00:00Z"), code="expired"),
    "expires_at without offset": Bad(body=job(expires_at="2027-01-01T00:00:00"), code="invalid_message"),
    "reply_to of another vendor": Bad(
        code="forbidden_reply_to",
        properties={"reply_to": "replies.sonate-opus"},
    ),
    "reply_to of an internal queue": Bad(code="forbidden_reply_to", properties={"reply_to": DEAD}),
    "direct reply-to": Bad(code="forbidden_reply_to", properties={"reply_to": "amq.rabbitmq.reply-to.x"}),
    "reply_to that the operator has not added": Bad(
        code="forbidden_reply_to",
        properties={"reply_to": "replies.millesime.nulle-part"},
    ),
    "routing key of an unknown vendor": Bad(
        routing_key="inconnu.interactive",
        ends_in=DEAD,
        reason="unknown_vendor",
    ),
    "routing key that is not UTF-8": Bad(
        routing_key="\udce9\udce9.interactive",
        ends_in=DEAD,
        reason="unknown_vendor",
    ),
    "unknown lane": Bad(routing_key="millesime.urgent", ends_in=DEAD),
    "user_id of another": Bad(code="forbidden_user", properties={"user_id": "guest"}),
    "a Celery task's headers": Bad(
        body=b"[[], {}, {}]",
        code="invalid_message",
        headers={"task": "celery.group", "id": "1", "lang": "py"},
    ),
    "a compression header": Bad(body=b"x", code="invalid_message", headers={"compression": "zlib"}),
    "forged x-death": Bad(
        headers={"x-death": [{"queue": "verifications.interactive", "count": 1}]},
        ends_in=DEAD,
        reason="dead_lettered_into_a_vendor_queue",
    ),
    "no content type": Bad(code="unsupported_content_type", properties={"content_type": None}),
    "a content type that is not JSON": Bad(
        code="unsupported_content_type",
        properties={"content_type": "application/x-python-serialize"},
    ),
    "compressed": Bad(code="unsupported_content_type", properties={"content_encoding": "gzip"}),
    "timestamp in milliseconds": Bad(code="invalid_message", properties={"timestamp": 1_800_000_000_000}),
}

LONG_TRACES = dict.fromkeys(("traceparent", "tracestate", "sentry-trace", "baggage"), "é" * 8000)


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_bad_input_ends_as_the_contract_says(operator: VendorClient, bad: Bad) -> None:
    operator.publish(bad.body, routing_key=bad.routing_key, headers=bad.headers, **bad.properties)

    message = next(iter(operator.replies(1, bad.ends_in)))

    if bad.reason is not None:
        assert message.properties["application_headers"]["x-connector-reason"] == bad.reason
    if bad.code is not None:
        reply = json.loads(message.body)
        errors = reply["errors"] or [reply["checks"][0]["reason"]]
        assert errors[0]["code"] == bad.code
        assert errors[0]["detail"]


def test_a_mistake_is_told_over_a_broker_as_the_guide_says(operator: VendorClient) -> None:
    """Those of a body, whose answers depend neither on the hour nor on what is registered."""
    subjects = ("Texte du corps", "Enveloppe", "Identité", "Lieu de naissance")
    sent = [mistake for subject in subjects for mistake in SUBJECTS[subject]]
    rejected = {each.what: each for each in sent if {told.code for told in each.told} == {"invalid_message"}}
    # A deadline that was far ahead will be near.
    del rejected["`expires_at` dans plus de 31 jours"]
    for what, mistake in rejected.items():
        operator.publish(mistake.sent.body, correlation_id=what)

    answers = {
        message.properties["correlation_id"]: json.loads(message.body)["errors"]
        for message in operator.replies(len(rejected))
    }

    told = {
        what: tuple(Told(error["code"], error["pointer"], error["detail"]) for error in errors)
        for what, errors in answers.items()
    }
    assert told == {what: mistake.told for what, mistake in rejected.items()}


def test_a_dead_letter_is_the_message_as_it_came(operator: VendorClient) -> None:
    body = job()
    operator.publish(
        body,
        routing_key="inconnu.interactive",
        correlation_id="c-1",
        reply_to="replies.inconnu",
        headers={"CC": ["millesime.batch"], "BCC": ["millesime.batch"]},
    )

    # The CC and BCC headers bring it to the batch lane too, under its own key: two copies, both dead.
    for message in operator.replies(2, DEAD):
        assert json.loads(message.body) == body
        assert message.properties["correlation_id"] == "c-1"
        assert message.properties["reply_to"] == "replies.inconnu"
        assert message.properties["application_headers"]["x-connector-routing-key"] == "inconnu.interactive"


def test_a_dead_letter_keeps_a_body_however_long(operator: VendorClient) -> None:
    operator.publish(b"x" * 1_000_000, routing_key="inconnu.interactive")

    (message,) = operator.replies(1, DEAD)

    assert len(message.body) == 1_000_000


def test_trace_headers_too_long_for_a_reply_are_left_out(operator: VendorClient) -> None:
    """All of a message's properties fit into one frame, or the broker ends the connection."""
    operator.publish(job(job_id="traced"), headers=LONG_TRACES, correlation_id="c" * 255)

    (message,) = operator.replies(1)

    assert json.loads(message.body)["status"] == "completed"
    assert message.properties.get("application_headers", {}) == {}


def test_a_carbon_copy_does_not_borrow_another_vendors_name(operator: VendorClient) -> None:
    operator.publish(job(job_id="cc-1"), headers={"CC": ["sonate-opus.batch"]})

    replies = [json.loads(message.body) for message in operator.replies(2)]

    assert [reply["job_id"] for reply in replies] == ["cc-1", "cc-1"]
    assert operator.depth("replies.sonate-opus") == 0


def test_every_message_is_accounted_for(operator: VendorClient) -> None:
    """Publish all of them at once, with good ones between: as many come out as went in."""
    ends = Counter(bad.ends_in for bad in BAD.values())
    good = len(BAD)
    for bad in BAD.values():
        operator.publish(bad.body, routing_key=bad.routing_key, headers=bad.headers, **bad.properties)
        operator.publish(job(job_id="good"))

    replies = [json.loads(message.body) for message in operator.replies(ends[REPLIES] + good)]
    dead = list(operator.replies(ends[DEAD], DEAD))
    undeliverable = list(operator.replies(ends[UNDELIVERABLE], UNDELIVERABLE))

    assert sum(reply["job_id"] == "good" for reply in replies) == good
    assert all(reply["status"] == "completed" for reply in replies if reply["job_id"] == "good")
    assert len(replies) + len(dead) + len(undeliverable) == 2 * len(BAD)
    assert {operator.depth(queue) for queue in (REPLIES, DEAD, UNDELIVERABLE)} == {0}
