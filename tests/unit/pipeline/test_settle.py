"""Settling: a delivery is acknowledged once what it ends in is on a queue, and not before."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import cast, get_args

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from connector.amqp.confirmed_channel import Confirmation, PublishError
from connector.amqp.deferral import read_deferred
from connector.amqp.publisher import Outgoing, Publisher
from connector.amqp.topology import overflow_queue
from connector.checks.assemble import rejection
from connector.checks.reasons import job_error
from connector.jobs.delivery import Delivery
from connector.jobs.records import Flow
from connector.jobs.settlement import Answer, Dead, DeadReason, Defer, Overflow, Quarantined, Settlement
from connector.pipeline.settle import ENDED_AS, OverflowFullError, Settler, Taken
from connector.telemetry.prometheus import PrometheusMetrics
from connector.telemetry.rejections import RejectionLog
from connector.vault import Vault, new_key
from schemas.codes import JobCode, JobStatus
from schemas.reply import Reply
from tests.deliveries import DELIVERY, NOW, TRACE
from tests.scrapes import Scrape

QUEUE = "verifications.interactive"
REPLY = Reply(
    job_id="job-1",
    tenant="26920023600017",
    status=JobStatus.REJECTED,
    received_at=NOW,
    completed_at=NOW,
)
ANSWER = Answer("replies.millesime", REPLY)
VAULT = Vault(SecretStr(new_key()))


FLOW = Flow("batch", "millesime", "26920023600017")


class Broker:
    """Confirms each message with the next of the given fates, and notes the order of what happens."""

    def __init__(self, *fates: Confirmation | Exception) -> None:
        self._fates = list(fates)
        self.events: list[str] = []
        self.messages: list[Outgoing] = []
        self.metrics = PrometheusMetrics()
        self.recording: asyncio.Future[None] | None = None
        """Ends when the records of the job's calls are on the broker; None: there is no journal."""
        self.has_ended = True
        """What the publisher says once a publish has failed: its connection is gone."""

    async def publish(self, message: Outgoing) -> Confirmation:
        """Take the message, and say what became of it."""
        self.messages.append(message)
        self.events.append(f"publish {message.queue}")
        fate = self._fates.pop(0)
        if isinstance(fate, Exception):
            raise fate
        return fate

    async def _recorded(self) -> None:
        if self.recording is not None:
            self.events.append("record")
            await self.recording

    async def settle(self, settlement: Settlement, delivery: Delivery = DELIVERY) -> None:
        """Settle a delivery through this broker."""
        settler = Settler(
            publisher=cast("Publisher", self),
            vault=VAULT,
            clock=lambda: NOW,
            open_overflow=self._open_overflow,
            overflowing=asyncio.Semaphore(16),
            metrics=self.metrics,
            rejections=RejectionLog(),
            kept=self._recorded,
        )
        taken = Taken(
            queue=QUEUE,
            acknowledge=lambda: self.events.append("acknowledge"),
            reject=lambda: self.events.append("reject"),
        )
        await settler.settle(settlement, delivery, taken)

    async def _open_overflow(self, flow: Flow) -> None:
        self.events.append(f"open the backlog of {flow.siret}")


def _headers(message: Outgoing) -> Mapping[str, object]:
    return dict(message.headers)


async def test_a_reply_is_published_then_the_job_acknowledged() -> None:
    broker = Broker(Confirmation.ROUTED)
    await broker.settle(ANSWER)
    assert broker.events == ["publish replies.millesime", "acknowledge"]
    (message,) = broker.messages
    assert Reply.model_validate_json(message.body) == REPLY.model_copy(
        update={
            "received_at": NOW.replace(microsecond=101_000),
            "completed_at": NOW.replace(microsecond=101_000),
        }
    )
    assert message.properties == {"correlation_id": "corr-1", "type": "verification.reply.v1"}
    assert message.headers == TRACE


@pytest.mark.parametrize(("ahead", "told"), [(59, []), (60, [60]), (7200, [7200]), (-7200, [])])
async def test_a_vendor_whose_clock_is_ahead_is_told_of_when_its_job_is_answered(
    ahead: int, told: list[int]
) -> None:
    """Of one that is slow nothing is known: its messages look like those that have waited."""
    received_at = NOW.replace(microsecond=0)
    stamped = replace(DELIVERY, received_at=received_at, timestamp=int(received_at.timestamp()) + ahead)
    answer = Answer("replies.millesime", REPLY.model_copy(update={"status": JobStatus.COMPLETED}))
    with capture_logs() as logs:
        await Broker(Confirmation.ROUTED).settle(answer, stamped)
    named = [each for each in logs if each["event"] == "vendor.clock_ahead"]
    assert [(each["vendor"], each["ahead_seconds"]) for each in named] == [
        ("millesime", each) for each in told
    ]


async def test_a_reply_writes_every_member_of_the_contract() -> None:
    broker = Broker(Confirmation.ROUTED)
    await broker.settle(ANSWER)
    assert broker.messages[0].body == (
        b'{"version":1,"job_id":"job-1","tenant":"26920023600017","dossier":null,"status":"rejected",'
        b'"received_at":"2026-11-23T08:59:30.101Z","completed_at":"2026-11-23T08:59:30.101Z",'
        b'"possible_duplicate":false,"errors":[],"checks":[]}'
    )


async def test_a_job_whose_reply_may_not_be_there_is_not_acknowledged() -> None:
    broker = Broker(PublishError("the connection ended"))
    with pytest.raises(PublishError):
        await broker.settle(ANSWER)
    assert broker.events == ["publish replies.millesime"]


REJECTION = rejection(
    DELIVERY, (job_error(JobCode.UNKNOWN_TENANT, "-"), job_error(JobCode.INVALID_MESSAGE, "-")), NOW, REPLY
)


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        ({}, {"job_id": "job-1", "tenant": "26920023600017"}),
        ({"job_id": None, "tenant": None, "dossier": "EXEMPLE"}, {}),
    ],
)
async def test_an_operator_finds_why_a_job_was_rejected_and_nothing_else_of_it(
    seen: dict[str, str | None], told: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, however often its reply had to be published."""
    monkeypatch.setattr("connector.amqp.publisher.FIRST_PAUSE_SECONDS", 0.0)
    broker = Broker(PublishError("too late"), Confirmation.ROUTED)
    broker.has_ended = False
    with capture_logs() as logs:
        await broker.settle(Answer("replies.millesime", REJECTION.model_copy(update=seen)))
    assert [entry for entry in logs if entry["log_level"] == "info"] == [
        {
            "event": "job.rejected",
            "log_level": "info",
            "vendor": "millesime",
            "codes": ["unknown_tenant", "invalid_message"],
            **told,
        }
    ]


async def test_a_job_that_was_not_rejected_is_not_told_as_rejected() -> None:
    broker = Broker(Confirmation.ROUTED)
    with capture_logs() as logs:
        reply = REPLY.model_copy(update={"status": JobStatus.COMPLETED})
        await broker.settle(Answer("replies.millesime", reply))
    assert {entry["log_level"] for entry in logs} == {"debug"}


@pytest.mark.parametrize("fate", [Confirmation.UNROUTABLE, Confirmation.REFUSED])
async def test_a_reply_that_no_queue_takes_is_kept(fate: Confirmation) -> None:
    broker = Broker(fate, Confirmation.ROUTED)
    with capture_logs() as logs:
        await broker.settle(ANSWER)
    assert broker.events == ["publish replies.millesime", "publish connector.undeliverable", "acknowledge"]
    first, kept = broker.messages
    assert (kept.body, kept.properties) == (first.body, first.properties)
    assert _headers(kept) == {
        "traceparent": "00-abc",
        "x-connector-reason": fate.name.lower(),
        "x-connector-queue": "replies.millesime",
        "x-connector-since": NOW.isoformat(),
    }
    assert [(entry["event"], entry["queue"]) for entry in logs if entry["log_level"] == "error"] == [
        ("reply.undeliverable", "replies.millesime")
    ]
    assert "EXEMPLE" not in repr(logs)


@pytest.mark.parametrize("fate", [Confirmation.UNROUTABLE, PublishError("the connection ended")])
async def test_a_reply_that_nothing_keeps_leaves_the_job_unacknowledged(
    fate: Confirmation | Exception,
) -> None:
    broker = Broker(Confirmation.UNROUTABLE, fate)
    with pytest.raises(PublishError):
        await broker.settle(ANSWER)
    assert "acknowledge" not in broker.events


@pytest.mark.parametrize(
    ("correlation_id", "message_id", "job_id", "expected"),
    [
        ("corr-1", "message-1", "job-1", "corr-1"),
        (None, "message-1", "job-1", "message-1"),
        (None, None, "job-1", "job-1"),
        (" é\x00", "message-1", "job-1", " é\x00"),
    ],
)
async def test_the_correlation_id_of_a_reply_is_the_first_there_is(
    correlation_id: str | None,
    message_id: str | None,
    job_id: str,
    expected: str,
) -> None:
    broker = Broker(Confirmation.ROUTED)
    delivery = replace(DELIVERY, correlation_id=correlation_id, message_id=message_id)
    await broker.settle(Answer("replies.millesime", REPLY.model_copy(update={"job_id": job_id})), delivery)
    assert broker.messages[0].properties["correlation_id"] == expected


async def test_an_empty_correlation_id_is_echoed_as_it_is() -> None:
    broker = Broker(Confirmation.ROUTED)
    await broker.settle(ANSWER, replace(DELIVERY, correlation_id=""))
    assert broker.messages[0].properties["correlation_id"] == ""


async def test_a_reply_without_any_id_has_no_correlation_id() -> None:
    broker = Broker(Confirmation.ROUTED)
    delivery = replace(DELIVERY, correlation_id=None, message_id=None, trace={})
    await broker.settle(Answer("replies.millesime", REPLY.model_copy(update={"job_id": None})), delivery)
    assert broker.messages[0].properties == {"type": "verification.reply.v1"}
    assert broker.messages[0].headers == {}


@pytest.mark.parametrize("reason", list(DeadReason))
async def test_a_dead_letter_is_kept_with_what_an_operator_needs(reason: DeadReason) -> None:
    broker = Broker(Confirmation.ROUTED)
    with capture_logs() as logs:
        await broker.settle(Dead(reason))
    assert broker.events == ["publish connector.dead", "acknowledge"]
    (message,) = broker.messages
    assert message.body == DELIVERY.body
    assert message.properties == {
        "correlation_id": "corr-1",
        "reply_to": "replies.millesime.second",
        "timestamp": 1_790_000_000,
    }
    assert _headers(message) == {
        "traceparent": "00-abc",
        "x-connector-reason": reason.value,
        "x-connector-queue": QUEUE,
        "x-connector-routing-key": "millesime.interactive",
        "x-connector-since": NOW.isoformat(),
        "x-connector-user-id": "millesime",
    }
    assert "EXEMPLE" not in repr(logs)


async def test_a_dead_letter_keeps_the_id_under_which_its_replay_is_to_be_answered() -> None:
    broker = Broker(Confirmation.ROUTED)
    await broker.settle(Dead(DeadReason.UNKNOWN_VENDOR), replace(DELIVERY, correlation_id=None))
    assert broker.messages[0].properties["correlation_id"] == "message-1"


async def test_a_dead_letter_says_nothing_of_a_user_that_was_not_given() -> None:
    broker = Broker(Confirmation.ROUTED)
    bare = replace(
        DELIVERY,
        correlation_id=None,
        message_id=None,
        reply_to=None,
        timestamp=None,
        user_id=None,
        trace={},
    )
    await broker.settle(Dead(DeadReason.UNKNOWN_VENDOR), bare)
    (message,) = broker.messages
    assert message.properties == {}
    assert set(message.headers) == {
        "x-connector-reason",
        "x-connector-queue",
        "x-connector-routing-key",
        "x-connector-since",
    }


@pytest.mark.parametrize("fate", [Confirmation.UNROUTABLE, PublishError("the connection ended")])
async def test_a_dead_letter_that_nothing_keeps_is_not_acknowledged(fate: Confirmation | Exception) -> None:
    broker = Broker(fate)
    with pytest.raises(PublishError):
        await broker.settle(Dead(DeadReason.FORGED))
    assert broker.events == ["publish connector.dead"]


async def test_a_dead_letter_that_is_refused_waits_in_nobody_s_hand() -> None:
    """``connector.dead`` is full: hands that hold what it refuses are missing for others' jobs."""
    broker = Broker(Confirmation.REFUSED)
    broker.recording = asyncio.get_running_loop().create_future()
    broker.recording.set_result(None)
    await broker.settle(Dead(DeadReason.FORGED))
    assert broker.events == ["publish connector.dead", "record", "reject"]


async def test_a_dead_letter_that_is_refused_is_answered_where_there_is_somebody_to_answer() -> None:
    """It would wait in its lane, whose room is everybody's."""
    broker = Broker(Confirmation.REFUSED, Confirmation.ROUTED)
    await broker.settle(Dead(DeadReason.FORGED, ANSWER))
    assert broker.events == ["publish connector.dead", f"publish {ANSWER.queue}", "acknowledge"]


async def test_a_body_that_was_left_out_is_the_brokers_to_keep_whoever_could_be_answered() -> None:
    broker = Broker()
    broker.recording = asyncio.get_running_loop().create_future()
    broker.recording.set_result(None)
    await broker.settle(Dead(DeadReason.FORGED, ANSWER), replace(DELIVERY, oversized=True))
    assert broker.events == ["record", "reject"]


@pytest.mark.parametrize(
    ("dead", "end"), [(Confirmation.ROUTED, "acknowledge"), (Confirmation.REFUSED, "reject")]
)
async def test_a_reply_that_is_refused_everywhere_leaves_the_job_among_the_dead(
    dead: Confirmation, end: str
) -> None:
    """Its vendor reads nothing: its jobs must not fill the hands that others' need."""
    broker = Broker(Confirmation.REFUSED, Confirmation.REFUSED, dead)
    broker.has_ended = False
    with capture_logs() as logs:
        await broker.settle(ANSWER)
    queues = ("replies.millesime", "connector.undeliverable", "connector.dead")
    assert broker.events == [*(f"publish {queue}" for queue in queues), end]
    letter = broker.messages[-1]
    assert letter.body == DELIVERY.body
    assert letter.headers["x-connector-reason"] == "nowhere_to_reply"
    assert Scrape.of(broker.metrics).counted("connector_dead_letters_total") == {("nowhere_to_reply",): 1}
    assert [entry["reason"] for entry in logs if entry["event"] == "job.dead"] == ["nowhere_to_reply"]


async def test_a_dead_message_whose_body_was_left_out_is_the_brokers_to_keep() -> None:
    broker = Broker()
    await broker.settle(Dead(DeadReason.UNKNOWN_VENDOR), replace(DELIVERY, oversized=True))
    assert broker.events == ["reject"]


async def test_a_reply_that_is_not_confirmed_is_published_again_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The connection lives: the delivery stays unacknowledged meanwhile, rather than go back and forth."""
    monkeypatch.setattr("connector.amqp.publisher.FIRST_PAUSE_SECONDS", 0.0)
    broker = Broker(PublishError("the broker sent no confirm in time"), Confirmation.ROUTED)
    broker.has_ended = False
    await broker.settle(ANSWER)
    assert broker.events == ["publish replies.millesime", "publish replies.millesime", "acknowledge"]
    marked = [Reply.model_validate_json(message.body).possible_duplicate for message in broker.messages]
    assert marked == [False, True]


async def test_a_job_that_is_put_off_is_acknowledged_once_the_broker_has_it() -> None:
    broker = Broker(Confirmation.ROUTED)
    await broker.settle(Defer(NOW + timedelta(seconds=3), DELIVERY))
    assert broker.events == ["publish connector.deferred.interactive", "acknowledge"]
    (message,) = broker.messages
    assert message.delay_seconds == 3
    assert b"EXEMPLE" not in message.body


async def test_a_job_is_set_aside_in_the_queue_of_its_flow() -> None:
    broker = Broker(Confirmation.ROUTED)
    await broker.settle(Overflow(FLOW, DELIVERY))
    assert broker.events == [f"publish {overflow_queue(FLOW)}", "acknowledge"]


async def test_the_queue_of_a_flow_is_made_when_it_is_first_needed() -> None:
    broker = Broker(Confirmation.UNROUTABLE, Confirmation.ROUTED)
    await broker.settle(Overflow(FLOW, DELIVERY))
    queue = overflow_queue(FLOW)
    assert broker.events == [
        f"publish {queue}",
        f"open the backlog of {FLOW.siret}",
        f"publish {queue}",
        "acknowledge",
    ]


async def test_a_job_whose_overflow_is_full_is_neither_kept_nor_acknowledged() -> None:
    broker = Broker(Confirmation.REFUSED)
    with pytest.raises(OverflowFullError) as full:
        await broker.settle(Overflow(FLOW, DELIVERY))
    assert full.value.flow == FLOW
    assert broker.events == [f"publish {overflow_queue(FLOW)}"]


@pytest.mark.parametrize(
    "settlement", [Defer(NOW, DELIVERY), Quarantined(DELIVERY), Overflow(FLOW, DELIVERY)]
)
async def test_a_job_that_may_have_been_put_off_twice_says_so_in_its_reply(
    settlement: Settlement, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.amqp.publisher.FIRST_PAUSE_SECONDS", 0.0)
    broker = Broker(PublishError("the broker sent no confirm in time"), Confirmation.ROUTED)
    broker.has_ended = False
    await broker.settle(settlement)
    came_back = [
        read_deferred(
            SimpleNamespace(body=message.body, properties={}, delivery_info={"redelivered": False}), VAULT
        )
        for message in broker.messages
    ]
    assert [delivery.redelivered for delivery in came_back if delivery] == [False, True]


async def test_a_suspect_goes_where_it_runs_alone() -> None:
    broker = Broker(Confirmation.ROUTED)
    await broker.settle(Quarantined(DELIVERY))
    assert broker.events == ["publish connector.isolated.interactive", "acknowledge"]


async def test_a_settlement_is_counted_once_the_broker_has_it_and_not_before() -> None:
    broker = Broker(PublishError("no confirm came"), Confirmation.ROUTED)
    with pytest.raises(PublishError):
        await broker.settle(ANSWER)
    assert Scrape.of(broker.metrics).counted("connector_jobs_total") == {}
    await broker.settle(ANSWER)
    assert Scrape.of(broker.metrics).counted("connector_jobs_total") == {
        ("interactive", "rejected", "millesime"): 1
    }
    assert Scrape.of(broker.metrics).value("connector_job_seconds_count", lane="interactive") == 1


@pytest.mark.parametrize("fate", [Confirmation.UNROUTABLE, Confirmation.REFUSED])
async def test_an_undeliverable_reply_is_counted_by_what_its_queue_did(fate: Confirmation) -> None:
    broker = Broker(fate, Confirmation.ROUTED)
    await broker.settle(ANSWER)
    assert Scrape.of(broker.metrics).counted("connector_undeliverable_total") == {(fate.name.lower(),): 1}


async def test_dead_isolated_and_set_aside_deliveries_are_counted_apart() -> None:
    broker = Broker(*[Confirmation.ROUTED] * 3)
    await broker.settle(Dead(DeadReason.UNKNOWN_VENDOR))
    await broker.settle(Quarantined(DELIVERY))
    await broker.settle(Overflow(FLOW, DELIVERY))
    await broker.settle(Dead(DeadReason.FORGED), replace(DELIVERY, oversized=True))
    scrape = Scrape.of(broker.metrics)
    assert scrape.counted("connector_dead_letters_total") == {
        ("unknown_vendor",): 1,
        ("dead_lettered_into_a_vendor_queue",): 1,
    }
    assert scrape.counted("connector_isolated_total") == {("interactive",): 1}
    assert scrape.counted("connector_set_aside_total") == {("interactive",): 1}
    assert scrape.counted("connector_jobs_total") == {}


@pytest.mark.parametrize(
    "settlement",
    [
        ANSWER,
        Dead(DeadReason.UNKNOWN_VENDOR),
        Defer(NOW, DELIVERY),
        Overflow(FLOW, DELIVERY),
        Quarantined(DELIVERY),
    ],
    ids=lambda settlement: type(settlement).__name__,
)
async def test_nothing_is_acknowledged_before_the_records_of_its_calls_are_kept(
    settlement: Settlement,
) -> None:
    broker = Broker(Confirmation.ROUTED)
    broker.recording = asyncio.get_running_loop().create_future()
    settling = asyncio.create_task(broker.settle(settlement))
    for _ in range(5):
        await asyncio.sleep(0)
    assert broker.events[-1] == "record"
    assert "acknowledge" not in broker.events
    broker.recording.set_result(None)
    await settling
    assert broker.events[1:] == ["record", "acknowledge"]


async def test_a_job_whose_records_were_lost_with_the_connection_is_not_acknowledged() -> None:
    broker = Broker(Confirmation.ROUTED)
    broker.recording = asyncio.get_running_loop().create_future()
    broker.recording.set_exception(PublishError("the connection ended"))
    with pytest.raises(PublishError):
        await broker.settle(ANSWER)
    assert "acknowledge" not in broker.events


def test_each_settlement_has_its_word_in_the_logs() -> None:
    assert set(ENDED_AS) == set(get_args(Settlement))
