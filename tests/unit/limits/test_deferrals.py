"""What one vendor may have away, deferred: beyond it a job is answered, and nobody else's is."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from connector.jobs.delivery import Delivery
from connector.jobs.records import Lane
from connector.jobs.settlement import Answer, Defer
from connector.limits.deferrals import Deferrals
from connector.pipeline.services import Services
from connector.storage.database import open_database
from connector.storage.replies import ReplyMemory
from connector.storage.replies.store import MemoryStore
from connector.storage.replies.writer import MemoryWriter
from connector.storage.upgrading import upgrade
from schemas.codes import CheckCode, CheckStatus, JobStatus
from tests.fakes import START, ManualTime, services, verified
from tests.jobs import QF, job
from tests.registry import CLAMART, OneToken

SPORT: dict[str, Any] = {"check": "statut_sportif", "params": {"identifiant": "990000001"}}
MOST_JOBS, MOST_BYTES = 3, 100

events = st.lists(
    st.tuples(
        st.sampled_from(["millesime", "sonate-opus"]),
        st.integers(1, 120),
        st.integers(-5, 60),
        st.integers(0, 20),
    )
)


@given(events)
def test_a_vendor_has_no_more_away_than_its_share_and_nobody_less_for_it(
    events: list[tuple[str, int, int, int]],
) -> None:
    time = ManualTime()
    deferrals = Deferrals(time.clock, most_bytes=MOST_BYTES, most_jobs=MOST_JOBS)
    away: list[tuple[str, Any, int]] = []
    for vendor, size, in_seconds, later in events:
        time.advance(later)
        away = [each for each in away if each[1] > time.now]
        at = time.now + timedelta(seconds=in_seconds)
        sizes = [held for owner, _, held in away if owner == vendor]
        fits = len(sizes) < MOST_JOBS and sum(sizes) + size <= MOST_BYTES
        assert deferrals.defer(vendor, at, size) is fits
        if fits and at > time.now:
            away.append((vendor, at, size))


@pytest.fixture
def time() -> ManualTime:
    return ManualTime()


def delivery(job_id: str, **changes: Any) -> Delivery:
    return Delivery(
        body=json.dumps(job(QF, SPORT, job_id=job_id, tenant=CLAMART, **changes)).encode(),
        lane=Lane.BATCH,
        routing_key="millesime.batch",
        redelivered=False,
        received_at=START,
        content_type="application/json",
    )


def acting_with(time: ManualTime, most_jobs: int) -> Services:
    """Return services of an API of which one provider is away for an hour."""

    def answer(request: httpx.Request) -> httpx.Response:
        if "statut_sportif" in request.url.path:
            errors = [{"code": "41020", "title": "t", "detail": "d", "meta": {"retry_in": 3600}}]
            return httpx.Response(503, json={"errors": errors})
        return httpx.Response(
            404, json={"errors": [{"code": "35003", "title": "t", "detail": "d", "meta": {}}]}
        )

    made = services(httpx.MockTransport(answer), OneToken(), time)
    return replace(made, deferrals=Deferrals(time.clock, most_jobs=most_jobs))


async def test_beyond_its_share_a_job_is_answered_with_what_is_known(time: ManualTime) -> None:
    acting = acting_with(time, most_jobs=1)
    assert isinstance(await verified(delivery("first"), acting), Defer)
    second = await verified(delivery("second"), acting)
    assert isinstance(second, Answer)
    assert second.reply.status is JobStatus.PARTIAL
    known, open_still = second.reply.checks
    assert known.status is CheckStatus.NOT_FOUND
    assert open_still.reason is not None
    assert open_still.reason.code is CheckCode.RATE_LIMITED
    assert open_still.reason.retryable


async def test_once_those_are_due_there_is_room_and_the_same_job_is_run(time: ManualTime) -> None:
    acting = acting_with(time, most_jobs=1)
    await verified(delivery("first"), acting)
    await verified(delivery("second"), acting)
    time.advance(3602)
    assert isinstance(await verified(delivery("second"), acting), Defer)


async def test_copies_of_a_job_that_waits_count_too(time: ManualTime, tmp_path: Path) -> None:
    engine = open_database(SecretStr(f"sqlite:///{tmp_path / 'memory.db'}"))
    upgrade(engine)
    acting = acting_with(time, most_jobs=2)
    memory = ReplyMemory(MemoryWriter(MemoryStore(engine), 3600, time.clock), acting.vault, time.clock)
    acting = replace(acting, memory=memory)
    original, copy, further = [await verified(delivery("again"), acting) for _ in range(3)]
    assert isinstance(original, Defer)
    assert isinstance(copy, Defer)
    assert isinstance(further, Answer)
    assert further.reply.possible_duplicate
    assert {check.reason and check.reason.code for check in further.reply.checks} == {CheckCode.RATE_LIMITED}
    memory.close()
    engine.dispose()
