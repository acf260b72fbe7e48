"""A message on its way through a worker: its trace says how that ended, and a suspect is counted."""

import asyncio
import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest

from connector.amqp.confirmed_channel import Confirmation, PublishError
from connector.amqp.deferral import quarantined
from connector.amqp.publisher import Outgoing
from connector.amqp.session import BrokerSession
from connector.amqp.topology import lane_queue, quarantine_queue
from connector.jobs.delivery import read_delivery
from connector.jobs.job_state import Fresh, IdempotencyKey
from connector.jobs.records import Lane
from connector.pipeline.services import Services
from connector.storage.replies import ReplyMemory
from connector.storage.replies.store import Written
from connector.storage.replies.writer import MemoryWriter
from connector.telemetry.privacy import before_send_transaction
from connector.telemetry.prometheus import PrometheusMetrics
from connector.telemetry.sentry_tracing import SentryTracer
from tests.answers import SPORT, Api, fault, found
from tests.fakes import START, ManualTime, services
from tests.jobs import RSA, job
from tests.registry import CLAMART, OneToken
from tests.scrapes import Scrape
from workers.app import Work
from workers.overflows import Overflows
from workers.pool import AsyncioPool
from workers.request import VerifyRequest

MANY_TURNS = 100
"""Of the event loop: more than a job takes from its confirm to its end."""
Fate = Confirmation | Exception


class Session:
    """Keeps what is told of deliveries; what is published has the one fate, or none yet."""

    is_blocked = False
    has_ended = True

    def __init__(self, fate: Fate | None = Confirmation.ROUTED) -> None:
        self._fate = fate
        self.publisher = self
        self.told: list[str] = []
        self.is_publishing = asyncio.Event()

    async def publish(self, _message: Outgoing) -> Confirmation:
        """Say what became of it."""
        self.is_publishing.set()
        if self._fate is None:
            await asyncio.get_running_loop().create_future()
        if isinstance(self._fate, Exception):
            raise self._fate
        return Confirmation.ROUTED

    def acknowledge(self, _tag: int) -> None:
        """Note it."""
        self.told.append("acknowledge")

    def requeue(self, _tag: int) -> None:
        """Note it."""
        self.told.append("give back")


class Pool:
    """Runs what it is given as a task of the test's."""

    task: asyncio.Task[None]

    def apply_async(self, run: Any) -> None:
        """Start it."""
        self.task = asyncio.create_task(run())


def message(*checks: dict[str, Any], lane: Lane = Lane.INTERACTIVE, **changes: Any) -> Any:
    """Return a job as the AMQP client gives it."""
    return SimpleNamespace(
        body=json.dumps(job(*checks, tenant=CLAMART, **changes)).encode(),
        properties={"content_type": "application/json"},
        delivery_info={"routing_key": f"millesime.{lane}", "redelivered": False, "delivery_tag": 7},
    )


def acting(answer: httpx.Response, sent: list[Any]) -> Services:
    """Return services whose sources give one answer, and whose traces are kept."""
    time = ManualTime()
    api = Api(time, revenu_solidarite_active=[answer], statut_sportif=[fault(404, "41003")])
    made = services(httpx.MockTransport(api), OneToken(), time)
    return replace(made, tracer=SentryTracer(sent.append, 1.0, lambda: 0.0))


def start(given: Any, of: Services, session: Session, queue: str) -> asyncio.Task[None]:
    """Put a message on its way, and return the task."""
    pool = Pool()
    VerifyRequest(
        queue=queue,
        message=given,
        session=cast("BrokerSession", session),
        overflows=cast("Overflows", SimpleNamespace(open=None, overflowing=asyncio.Semaphore(1))),
        work=Work(lanes=tuple(Lane), concurrency=1, services=of),
    ).execute_using_pool(cast("AsyncioPool", pool))
    return pool.task


def status(sent: list[Any]) -> str:
    """Return what left of how the one trace ended."""
    (transaction,) = map(before_send_transaction, sent)
    return str(transaction["contexts"]["trace"]["status"])


PUT_OFF = fault(503, "37020", retry_in=600.0)


@pytest.mark.parametrize(
    ("given", "answer", "expected"),
    [
        (message(RSA), found(), "ok"),
        (message(RSA, SPORT), fault(403, "00100"), "ok"),
        (message(RSA), fault(403, "00100"), "internal_error"),
        (message(RSA, expires_at="2026-11-23T08:59:59Z"), found(), "deadline_exceeded"),
        (message(RSA, lane=Lane.BATCH), PUT_OFF, "ok"),
    ],
    ids=["completed", "partial", "failed", "expired", "deferred"],
)
async def test_a_trace_ends_as_its_job_does(given: Any, answer: httpx.Response, expected: str) -> None:
    sent: list[Any] = []
    session = Session()
    lane = Lane(given.delivery_info["routing_key"].partition(".")[2])
    await start(given, acting(answer, sent), session, lane_queue(lane))
    assert session.told == ["acknowledge"]
    assert status(sent) == expected


@pytest.mark.parametrize(
    ("fate", "expected", "told"),
    [(PublishError("gone"), "unavailable", []), (RuntimeError(), "internal_error", ["give back"])],
    ids=["the connection ended", "a defect"],
)
async def test_a_trace_says_that_its_job_was_not_settled(
    fate: Fate, expected: str, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.request.GIVE_BACK_SECONDS", 0)
    sent: list[Any] = []
    session = Session(fate)
    await start(message(RSA), acting(found(), sent), session, lane_queue(Lane.INTERACTIVE))
    assert session.told == told
    assert status(sent) == expected


@pytest.mark.parametrize(("ran_alone_before", "expected"), [(0, "completed"), (2, "failed")])
async def test_a_suspect_is_counted_by_whoever_runs_it_alone_or_gives_it_up(
    ran_alone_before: int, expected: str
) -> None:
    metrics = PrometheusMetrics()
    of = replace(acting(found(), []), metrics=metrics)
    suspect = read_delivery(message(RSA, lane=Lane.BATCH), Lane.BATCH, START)
    given = SimpleNamespace(
        body=quarantined(suspect, of.vault).body,
        properties={"application_headers": {"x-delivery-count": ran_alone_before}},
        delivery_info={"redelivered": bool(ran_alone_before), "delivery_tag": 7},
    )
    await start(given, of, Session(), quarantine_queue(Lane.BATCH))
    scrape = Scrape.of(metrics)
    assert scrape.counted("connector_isolated_total") == {("batch",): 1}
    assert scrape.counted("connector_jobs_total") == {("batch", expected, "millesime"): 1}


async def test_a_trace_says_that_its_job_was_cancelled() -> None:
    sent: list[Any] = []
    session = Session(None)
    running = start(message(RSA), acting(found(), sent), session, lane_queue(Lane.INTERACTIVE))
    await session.is_publishing.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert status(sent) == "cancelled"


class SlowWriter:
    """Stands for the memory's writer: a job is new, and its reply is kept once the test says so."""

    takes_records = True

    def __init__(self) -> None:
        self.kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def ask(self, asked: IdempotencyKey | Written, _records: object = ()) -> asyncio.Future[Any]:
        """Answer that a job is new at once."""
        if isinstance(asked, Written):
            return self.kept
        new: asyncio.Future[Fresh] = asyncio.get_running_loop().create_future()
        new.set_result(Fresh())
        return new


async def test_a_reply_is_published_while_it_is_kept_and_its_job_acknowledged_once_it_is() -> None:
    of, writer, session = acting(found(), []), SlowWriter(), Session()
    memory = ReplyMemory(cast("MemoryWriter", writer), of.vault, of.clock)
    running = start(message(RSA), replace(of, memory=memory), session, lane_queue(Lane.INTERACTIVE))
    await session.is_publishing.wait()
    for _ in range(MANY_TURNS):
        await asyncio.sleep(0)
    assert session.told == []
    writer.kept.set_result(None)
    await running
    assert session.told == ["acknowledge"]
