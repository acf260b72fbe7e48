"""Dead letters: each kind told by what the broker vouches for, named the same at each look, and brought back."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr

from connector.amqp.confirmed_channel import Confirmation
from connector.amqp.dead.letters import Arrival, Content, DeadLetter
from connector.amqp.dead.reading import read_letter
from connector.amqp.dead.replay import Replay, Stuck, message_of, not_taken, replay_of
from connector.amqp.deferral import quarantined, read_deferred
from connector.jobs.delivery import MAX_BODY_BYTES, Delivery, Mark
from connector.jobs.records import Lane
from connector.jobs.settlement import DeadReason
from connector.vault import Vault, new_key

DEAD, UNDELIVERABLE = "connector.dead", "connector.undeliverable"
SINCE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
NOW = SINCE + timedelta(days=2)
VAULT = Vault(SecretStr(new_key()))
CANARY = "CANARI"


def message(
    exchange: str,
    routing_key: str,
    headers: Mapping[str, Any] | None = None,
    body: bytes = b'{"nom": "CANARI"}',
    marks: Iterable[Mark] = (),
    **properties: Any,
) -> Any:
    """Return a message as py-amqp gives it."""
    return SimpleNamespace(
        body=body,
        properties={
            "application_headers": {"x-delivery-count": 0, **(headers or {})},
            **properties,
            **dict.fromkeys(marks, True),
        },
        delivery_info={"exchange": exchange, "routing_key": routing_key, "redelivered": False},
    )


def ours(reason: str, queue: str, routing_key: str = "nouveau.interactive", **headers: str) -> Any:
    """Return a dead letter as ``settle`` publishes it."""
    kept = {
        "x-connector-reason": reason,
        "x-connector-queue": queue,
        "x-connector-routing-key": routing_key,
        "x-connector-user-id": "nouveau",
        "x-connector-since": SINCE.isoformat(),
        "traceparent": "00-ab",
    }
    return message(
        "",
        DEAD,
        kept | headers,
        message_id="ours",
        correlation_id="dossier",
        reply_to="replies.nouveau",
        timestamp=1_790_000_000,
        content_type="application/json",
    )


def broken(queue: str, reason: str, routing_key: str, lies_on: str = DEAD, **properties: Any) -> Any:
    """Return a message that the broker has dead-lettered from ``queue``."""
    death = {"count": 1, "reason": reason, "queue": queue, "time": SINCE.replace(tzinfo=None)}
    return message(lies_on, routing_key, {"x-death": [death]}, **properties)


def undeliverable(queue: str, reason: str = "unroutable") -> Any:
    """Return a reply as ``settle`` keeps it."""
    kept = {
        "x-connector-reason": reason,
        "x-connector-queue": queue,
        "x-connector-since": SINCE.isoformat(),
        "traceparent": "00-ab",
    }
    return message(
        "",
        UNDELIVERABLE,
        kept,
        content_type="application/json",
        correlation_id="dossier",
        type="verification.reply.v1",
        message_id="m",
    )


def read(raw: Any) -> DeadLetter:
    lies_on = UNDELIVERABLE if UNDELIVERABLE in raw.delivery_info.values() else DEAD
    return read_letter(raw, lies_on)


def job_of(raw: Any, lane: Lane | None = None) -> Delivery:
    """Return the job that a worker opens once the letter was replayed."""
    letter = read(raw)
    decided = replay_of(letter, lane)
    assert isinstance(decided, Replay)
    out = message_of(decided, letter, raw, NOW, VAULT)
    assert out.queue == decided.queue
    assert (dict(out.properties), dict(out.headers), out.delay_seconds) == ({}, {}, 0)
    opened = read_deferred(message("", out.queue, body=out.body), VAULT)
    assert opened is not None
    return opened


def test_a_job_of_an_unknown_vendor_comes_back_as_that_vendor_published_it() -> None:
    raw = ours("unknown_vendor", "verifications.interactive")
    letter = read(raw)
    assert (letter.arrival, letter.content) == (Arrival.CONNECTOR, Content.JOB)
    assert (letter.reason, letter.origin) == ("unknown_vendor", "verifications.interactive")
    assert (letter.vendor, letter.since, letter.size_bytes) == ("nouveau", SINCE, 17)
    assert job_of(raw) == Delivery(
        body=raw.body,
        lane=Lane.INTERACTIVE,
        routing_key="nouveau.interactive",
        redelivered=True,
        received_at=SINCE,
        content_type="application/json",
        correlation_id="dossier",
        reply_to="replies.nouveau",
        user_id="nouveau",
        timestamp=1_790_000_000,
        trace={"traceparent": "00-ab"},
    )


def test_a_job_that_the_broker_dead_lettered_comes_back_with_every_property() -> None:
    raw = broken(
        "verifications.batch",
        "delivery_limit",
        "millesime.batch",
        message_id="request-1",
        user_id="millesime",
        content_type="application/json",
        content_encoding="utf-8",
    )
    assert (read(raw).arrival, read(raw).reason, read(raw).vendor) == (
        Arrival.BROKER,
        "delivery_limit",
        "millesime",
    )
    job = job_of(raw)
    assert (job.lane, job.routing_key, job.user_id) == (Lane.BATCH, "millesime.batch", "millesime")
    assert (job.message_id, job.content_encoding, job.received_at) == ("request-1", "utf-8", SINCE)
    assert (job.redelivered, job.dead_lettered, job.delivery_count) == (True, False, 0)


@pytest.mark.parametrize("lane", list(Lane))
def test_a_job_under_an_unknown_lane_waits_for_one_to_be_given(lane: Lane) -> None:
    raw = message("verifications", "millesime.urgent", user_id="millesime")
    letter = read(raw)
    assert (letter.reason, letter.vendor, letter.since) == ("unknown_lane", "millesime", None)
    assert letter.shown_routing_key == "millesime.urgent"
    assert isinstance(stuck := replay_of(letter), Stuck)
    assert "--lane" in stuck.reason
    job = job_of(raw, lane)
    assert (job.lane, job.user_id, job.received_at) == (lane, "millesime", NOW)


def test_a_lane_that_is_known_is_not_changed() -> None:
    assert job_of(ours("unknown_vendor", "verifications.interactive"), Lane.BATCH).lane is Lane.INTERACTIVE


def test_an_unreadable_envelope_goes_back_whole_without_its_deaths() -> None:
    sealed = quarantined(job_of(ours("unknown_vendor", "verifications.batch")), VAULT).body
    for raw in (
        ours("unreadable_deferral", "connector.deferred.batch", "connector.deferred.batch"),
        ours(
            "unreadable_deferral",
            "connector.backlog.batch.millesime.26920023600017",
            "connector.backlog.batch.millesime.26920023600017",
        ),
        broken("connector.deferred.batch", "delivery_limit", "connector.deferred.batch", body=sealed),
        broken("connector.isolated.batch", "delivery_limit", "connector.isolated.batch", body=b"x" * 100_000),
    ):
        letter = read(raw)
        assert (letter.content, letter.vendor) == (Content.ENVELOPE, None)
        decided = replay_of(letter)
        assert decided == Replay(queue=letter.origin or "")
        assert isinstance(decided, Replay)
        out = message_of(decided, letter, raw, NOW, VAULT)
        assert (out.queue, out.body) == (letter.origin, raw.body)
        assert "x-death" not in out.headers


def test_records_of_the_journal_go_back_as_they_are() -> None:
    raw = ours("unreadable_journal", "connector.journal", "")
    letter = read(raw)
    assert (letter.content, letter.vendor, letter.reason) == (Content.RECORDS, None, "unreadable_journal")
    decided = replay_of(letter)
    assert decided == Replay(queue="connector.journal")
    assert message_of(decided, letter, raw, NOW, VAULT).body == raw.body


def test_a_job_that_died_after_it_was_opened_is_sealed_again() -> None:
    """A vendor may be forgotten while its job is deferred: that lies there open."""
    raw = ours("unknown_vendor", "connector.deferred.batch")
    assert read(raw).content is Content.JOB
    assert job_of(raw).lane is Lane.BATCH
    alone = ours("unexpected_error", "connector.isolated.interactive")
    assert job_of(alone).lane is Lane.INTERACTIVE


@pytest.mark.parametrize(
    "raw",
    [
        undeliverable("replies.millesime.compta"),
        broken(
            "replies.millesime.compta",
            "delivery_limit",
            "replies.millesime.compta",
            UNDELIVERABLE,
            content_type="application/json",
            correlation_id="dossier",
            type="verification.reply.v1",
        ),
    ],
    ids=["ours", "the broker's"],
)
def test_a_reply_goes_to_its_queue_as_it_was(raw: Any) -> None:
    letter = read(raw)
    assert (letter.content, letter.vendor, letter.since) == (Content.REPLY, "millesime", SINCE)
    decided = replay_of(letter)
    assert decided == Replay(queue="replies.millesime.compta")
    assert isinstance(decided, Replay)
    out = message_of(decided, letter, raw, NOW, VAULT)
    assert (out.body, out.content_type) == (raw.body, "application/json")
    assert out.properties == {"correlation_id": "dossier", "type": "verification.reply.v1"}
    assert not set(out.headers) - {"traceparent"}


FORGED_DEATH = {"count": 1, "queue": "verifications.batch", "reason": "rejected"}


@pytest.mark.parametrize(
    "raw",
    [
        ours(DeadReason.FORGED, "verifications.interactive"),
        message("verifications", "millesime.urgent", {"x-death": [{"queue": "replies.sonate-opus"}]}),
        # RabbitMQ 3 counts on in the vendor's own entry, or puts its own before it.
        message(DEAD, "millesime.batch", {"x-death": [FORGED_DEATH | {"count": 2}]}),
        message(DEAD, "millesime.batch", {"x-death": [FORGED_DEATH, FORGED_DEATH]}),
    ],
    ids=["as verify tells it", "under an unknown lane", "counted on", "put before"],
)
def test_what_no_vendor_published_is_not_laundered(raw: Any) -> None:
    for lane in (None, Lane.BATCH):
        assert isinstance(stuck := replay_of(read(raw), lane), Stuck)
        assert "no vendor published it" in stuck.reason


def test_headers_that_a_vendor_wrote_are_not_believed() -> None:
    """Neither another's name nor another's reply queue may be had by pretending to be a dead letter of ours."""
    pretended = ours("unknown_vendor", "replies.sonate-opus", "sonate-opus.interactive")
    headers = pretended.properties["application_headers"]
    raw = message("verifications", "millesime.urgent", headers, user_id="millesime")
    letter = read(raw)
    assert (letter.arrival, letter.reason, letter.origin) == (Arrival.UNROUTED, "unknown_lane", None)
    assert letter.since is None
    job = job_of(raw, Lane.BATCH)
    assert (job.routing_key, job.user_id) == ("millesime.urgent", "millesime")


def test_an_oversized_job_stays() -> None:
    body = b"x" * (MAX_BODY_BYTES + 1)
    for raw in (
        broken("verifications.interactive", "rejected", "millesime.interactive", body=body),
        message("verifications", "millesime.urgent", body=body),
    ):
        assert isinstance(stuck := replay_of(read(raw), Lane.BATCH), Stuck)
        assert "64 KiB" in stuck.reason
    whole = broken("verifications.interactive", "rejected", "millesime.interactive", body=body[:-1])
    assert isinstance(replay_of(read(whole)), Replay)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (message("amq.fanout", "x"), "not known which queue"),
        (message("", DEAD), "not known which queue"),
        (broken("somebody.elses", "rejected", "x"), "not known which queue"),
        (message(DEAD, "millesime.batch", marks=(Mark.UNREADABLE,)), "not known which queue"),
        (message("verifications", "Éditeur.batch"), "not the form of a vendor's name"),
    ],
    ids=["another exchange", "nothing said", "another's queue", "unreadable", "no vendor"],
)
def test_what_came_from_nowhere_known_stays(raw: Any, why: str) -> None:
    assert isinstance(stuck := replay_of(read(raw), Lane.BATCH), Stuck)
    assert why in stuck.reason


@pytest.mark.parametrize(
    "raw",
    [
        ours(CANARY, CANARY, CANARY, **{"x-connector-since": CANARY, "x-connector-user-id": CANARY}),
        ours("unknown_vendor", f"replies.{CANARY}", f"{CANARY}.interactive"),
        message("verifications", f"{CANARY}.batch", {CANARY: CANARY}, correlation_id=CANARY, user_id=CANARY),
        message("verifications", f"millesime.{CANARY}", reply_to=CANARY),
        broken(CANARY, CANARY, CANARY, correlation_id=CANARY),
        broken(f"replies.millesime.{CANARY}", "rejected", CANARY, UNDELIVERABLE),
        message(DEAD, CANARY, {"x-death": CANARY}),
        message(DEAD, CANARY, {"x-death": [CANARY]}),
    ],
)
def test_nothing_that_a_vendor_chose_is_shown(raw: Any) -> None:
    letter = read(raw)
    assert CANARY not in repr(letter)
    assert CANARY not in f"{letter.vendor} {letter.shown_routing_key}"
    for end in (replay_of(letter), replay_of(letter, Lane.BATCH)):
        assert CANARY not in repr(end)


def test_an_id_is_the_same_at_each_look_and_anothers_for_another_message() -> None:
    raw = ours("unknown_vendor", "verifications.batch")
    again = ours(
        "unknown_vendor", "verifications.batch", **{"x-delivery-count": "7", "x-acquired-count": "7"}
    )
    again.delivery_info["redelivered"] = True
    assert read(raw).id == read(again).id
    assert len(read(raw).id) == 12
    again.body += b" "
    assert read(raw).id != read(again).id
    assert read(raw).id != read(ours("unknown_vendor", "verifications.batch", traceparent="00-cd")).id
    other = ours("unknown_vendor", "verifications.batch")
    other.properties["message_id"] = "another"
    assert read(raw).id != read(other).id


def test_an_empty_message_has_an_id_too() -> None:
    raw = message("verifications", "millesime.urgent", body=b"")
    # py-amqp gives a text for an empty body.
    raw.body = ""
    assert read(raw).size_bytes == 0
    assert job_of(raw, Lane.BATCH).body == b""


def test_what_is_not_taken_says_what_to_do() -> None:
    own, further = read(undeliverable("replies.millesime")), read(undeliverable("replies.millesime.compta"))
    job = read(ours("unknown_vendor", "verifications.batch"))
    assert "topology declare" in not_taken(_at(own), own, Confirmation.UNROUTABLE).reason
    assert "topology declare" in not_taken(_at(job), job, Confirmation.UNROUTABLE).reason
    declare = not_taken(_at(further), further, Confirmation.UNROUTABLE).reason
    assert "replies.millesime.compta does not exist; where it was removed" in declare
    assert "refuses" in not_taken(_at(own), own, Confirmation.REFUSED).reason


def _at(letter: DeadLetter) -> Replay:
    decided = replay_of(letter)
    assert isinstance(decided, Replay)
    return decided
