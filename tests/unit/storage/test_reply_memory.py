"""The reply memory: the same job runs once, is answered for each publication, and nobody reads it at rest."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, event, text
from structlog.testing import capture_logs

from connector.jobs.job_state import Busy, Conflict, Fresh, IdempotencyKey, Known
from connector.storage.replies import ReplyMemory
from connector.storage.replies.store import MemoryStore, Written
from connector.storage.replies.writer import MemoryWriter
from connector.vault import Vault, new_key
from schemas.codes import JobStatus
from schemas.reply import Reply
from tests.databases import Database, forms
from tests.fakes import START, ManualTime

VAULT = Vault(SecretStr(new_key()))
REPLY = Reply(
    job_id="job-1",
    tenant="26920023600017",
    dossier="SESAME-OUVRE-TOI",
    status=JobStatus.COMPLETED,
    received_at=START,
    completed_at=START,
)
JOB = IdempotencyKey(vendor="millesime", job_id="job-1", claim="run-1", digests=("k:d1",), redelivered=False)
AGAIN = replace(JOB, claim="run-2")
LOOKS = 3000


@pytest.fixture
def time() -> ManualTime:
    return ManualTime()


@pytest.fixture
def store(engine: Engine) -> MemoryStore:
    return MemoryStore(engine)


@pytest.fixture
def memory(store: MemoryStore, time: ManualTime) -> Iterator[ReplyMemory]:
    remembering = ReplyMemory(MemoryWriter(store, 3600, time.clock), VAULT, time.clock)
    yield remembering
    remembering.close()


def other_process(store: MemoryStore, time: ManualTime) -> ReplyMemory:
    """Return the memory of another worker process on the same database."""
    return ReplyMemory(MemoryWriter(store, 3600, time.clock), VAULT, time.clock)


async def stored(memory: ReplyMemory, claim: IdempotencyKey, reply: Reply) -> None:
    """Have an answer kept, and wait until it is."""
    write = memory.store(claim, reply)
    if write is not None:
        await write


async def is_back(writer: MemoryWriter) -> None:
    """Return once the writer has seen that the database is back."""
    for _ in range(LOOKS):
        if not writer.is_away:
            return
        await asyncio.sleep(0.01)
    pytest.fail("the writer has not noticed")


async def test_an_answer_is_remembered_for_the_same_body(memory: ReplyMemory) -> None:
    assert await memory.get(JOB) == Fresh()
    await stored(memory, JOB, REPLY)
    assert await memory.get(AGAIN) == Known(REPLY)
    assert await memory.get(replace(AGAIN, digests=("k:d2",))) == Conflict()


async def test_another_process_remembers_it_too(
    store: MemoryStore, memory: ReplyMemory, time: ManualTime
) -> None:
    await memory.get(JOB)
    await stored(memory, JOB, REPLY)
    other = other_process(store, time)
    assert await other.get(AGAIN) == Known(REPLY)
    assert await other.get(replace(AGAIN, digests=("k:d2",))) == Conflict()
    other.close()


async def test_what_is_in_flight_here_is_waited_for(memory: ReplyMemory) -> None:
    await memory.get(JOB)
    waiting = asyncio.create_task(memory.get(AGAIN))
    conflicting = await memory.get(replace(AGAIN, digests=("k:d2",)))
    assert conflicting == Conflict()
    await stored(memory, JOB, REPLY)
    assert await waiting == Known(REPLY)


async def test_a_run_that_is_given_up_leaves_its_place_to_the_next(memory: ReplyMemory) -> None:
    await memory.get(JOB)
    waiting = asyncio.create_task(memory.get(replace(AGAIN, redelivered=True)))
    await asyncio.sleep(0)
    memory.release(JOB)
    assert await waiting == Fresh(is_takeover=True)


async def test_what_is_in_flight_elsewhere_is_looked_at_again_later(
    store: MemoryStore, memory: ReplyMemory, time: ManualTime
) -> None:
    await memory.get(JOB)
    other = other_process(store, time)
    assert await other.get(AGAIN) == Busy(START + timedelta(seconds=300))
    time.advance(300)
    assert await other.get(AGAIN) == Fresh(is_takeover=True)
    other.close()


async def test_a_delivery_that_comes_again_takes_over_from_a_worker_that_died(
    store: MemoryStore, memory: ReplyMemory, time: ManualTime
) -> None:
    await memory.get(JOB)
    other = other_process(store, time)
    assert await other.get(replace(AGAIN, redelivered=True)) == Fresh(is_takeover=True)
    other.close()


async def test_a_run_that_was_put_off_is_waited_for_and_goes_on_under_its_name(
    store: MemoryStore, memory: ReplyMemory, time: ManualTime
) -> None:
    await memory.get(JOB)
    await memory.defer(JOB, START + timedelta(seconds=30))
    other = other_process(store, time)
    assert await other.get(replace(AGAIN, redelivered=True)) == Busy(START + timedelta(seconds=45))
    assert await memory.get(JOB) == Fresh()
    time.advance(400)
    assert await other.get(replace(AGAIN, redelivered=True)) == Fresh(is_takeover=True)
    other.close()


async def test_the_first_answer_stays(store: MemoryStore, memory: ReplyMemory, time: ManualTime) -> None:
    await memory.get(JOB)
    time.advance(301)
    other = other_process(store, time)
    await other.get(AGAIN)
    await stored(other, AGAIN, REPLY)
    await memory.defer(JOB, time.now + timedelta(seconds=5))
    assert await other.get(replace(JOB, claim="run-3")) == Known(REPLY)
    other.close()


async def test_the_keys_may_be_rotated_while_a_job_runs(memory: ReplyMemory) -> None:
    """Its delivery comes again to a worker that has the new key first; later, the old one is dropped."""
    await memory.get(JOB)
    memory.release(JOB)
    rotated = replace(AGAIN, digests=("new:d1", "k:d1"), redelivered=True)
    assert await memory.get(rotated) == Fresh(is_takeover=True)
    await memory.defer(rotated, START)
    assert await memory.get(rotated) == Fresh()
    await stored(memory, rotated, REPLY)
    without_old = replace(AGAIN, claim="run-3", digests=("new:d1",))
    assert await memory.get(without_old) == Known(REPLY)
    assert await memory.get(replace(without_old, digests=("new:d2",))) == Conflict()


async def test_what_was_written_under_a_key_that_is_gone_is_forgotten_not_another_body(
    memory: ReplyMemory,
) -> None:
    await memory.get(JOB)
    await stored(memory, JOB, REPLY)
    other = replace(AGAIN, digests=("new:d1",))
    assert await memory.get(other) == Fresh(is_takeover=True)
    await stored(memory, other, REPLY)
    assert await memory.get(replace(other, claim="run-3")) == Known(REPLY)


async def test_two_vendors_may_use_one_job_id(memory: ReplyMemory) -> None:
    await memory.get(JOB)
    await stored(memory, JOB, REPLY)
    assert await memory.get(replace(AGAIN, vendor="sonate-opus", digests=("k:d2",))) == Fresh()


async def test_jobs_that_come_together_share_transactions_and_keep_their_answers(memory: ReplyMemory) -> None:
    jobs = [replace(JOB, job_id=f"job-{number}", claim=f"run-{number}") for number in range(700)]
    assert set(await asyncio.gather(*(memory.get(job) for job in jobs))) == {Fresh()}
    replies = [REPLY.model_copy(update={"job_id": job.job_id}) for job in jobs]
    await asyncio.gather(*(stored(memory, job, reply) for job, reply in zip(jobs, replies, strict=True)))
    known = await asyncio.gather(*(memory.get(replace(job, claim=f"{job.claim}b")) for job in jobs))
    assert known == [Known(reply) for reply in replies]


async def test_a_reply_is_unreadable_at_rest_and_bound_to_its_job(
    database: Database, engine: Engine, memory: ReplyMemory
) -> None:
    await memory.get(JOB)
    await stored(memory, JOB, REPLY)
    content = database.at_rest()
    assert b"millesime" in content
    for form in forms(b"SESAME-OUVRE-TOI"):
        assert form not in content
    with engine.begin() as connection:
        connection.execute(text("UPDATE replies SET job_id = 'job-2'"))
    assert await memory.get(replace(AGAIN, job_id="job-2")) == Fresh()


async def test_a_locked_database_costs_the_memory_not_the_job(
    database: Database, memory: ReplyMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.storage.replies.writer.AWAY_SECONDS", 0.0)
    with capture_logs() as logs:
        with database.locked():
            assert await memory.get(JOB) == Fresh()
            await stored(memory, JOB, REPLY)
            assert await memory.get(AGAIN) == Fresh()
            memory.release(AGAIN)
        assert await memory.get(AGAIN) == Fresh()
        await stored(memory, AGAIN, REPLY)
        assert await memory.get(replace(AGAIN, claim="run-3")) == Known(REPLY)
    assert [entry["event"] for entry in logs] == ["memory.away", "memory.back"]


async def test_a_database_that_is_away_costs_the_memory_not_the_job(
    database: Database, engine: Engine, memory: ReplyMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.storage.replies.writer.AWAY_SECONDS", 0.0)
    await memory.get(JOB)
    await stored(memory, JOB, REPLY)
    database.take_away(engine)
    with capture_logs() as logs:
        assert await memory.get(AGAIN) == Fresh()
        memory.release(AGAIN)
        database.bring_back(engine)
        assert await memory.get(AGAIN) == Known(REPLY)
    assert [entry["event"] for entry in logs] == ["memory.away", "memory.back"]


async def test_that_a_database_is_back_is_seen_without_a_job(
    database: Database, engine: Engine, store: MemoryStore, time: ManualTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.storage.replies.writer.AWAY_SECONDS", 0.05)
    writer = MemoryWriter(store, 3600, time.clock)
    database.take_away(engine)
    with capture_logs() as logs:
        assert await writer.ask(JOB) is None
        database.bring_back(engine)
        await is_back(writer)
        assert await writer.ask(JOB) == Fresh()
        writer.close()
    assert [entry["event"] for entry in logs] == ["memory.away", "memory.back"]


async def test_a_database_that_says_nothing_is_not_waited_for_by_every_job(
    store: MemoryStore, time: ManualTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither by the first, for long, nor by those behind it, at all."""
    silent = threading.Event()
    monkeypatch.setattr("connector.storage.replies.writer.PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(store, "exchange", lambda *_: silent.wait(30) and {})
    memory = other_process(store, time)
    assert await memory.get(JOB) == Fresh()
    await stored(memory, JOB, REPLY)
    assert await memory.get(replace(AGAIN, job_id="job-2")) == Fresh()
    silent.set()
    memory.close()


async def test_a_defect_of_the_memory_costs_no_job(
    store: MemoryStore, memory: ReplyMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(store, "exchange", lambda *_: 1 / 0)
        assert await memory.get(JOB) == Fresh()
        memory.release(JOB)
    assert await memory.get(JOB) == Fresh()


def test_old_and_large_answers_are_forgotten(store: MemoryStore, time: ManualTime) -> None:
    jobs = [replace(JOB, job_id=f"job-{number}", claim=f"run-{number}") for number in range(4)]
    for job in jobs:
        store.exchange([job], [], time.now)
        store.exchange([], [Written(claim=job, busy_until=time.now, sealed_reply=b"x" * 100)], time.now)
        time.advance(1000)
    assert store.forget(START + timedelta(seconds=1)) == 1
    assert store.forget(START, most_bytes=250) == 1
    left = store.exchange([replace(job, claim=f"{job.claim}b") for job in jobs], [], time.now)
    assert [isinstance(left[f"run-{number}b"], bytes) for number in range(4)] == [False, False, True, True]


def keep(store: MemoryStore, time: ManualTime, vendor: str, *numbers: int) -> None:
    """Have a hundred bytes remembered of each of a vendor's jobs, a second apart."""
    for number in numbers:
        claim = replace(JOB, vendor=vendor, job_id=f"job-{number}", claim=f"{vendor}-{number}")
        store.exchange([claim], [], time.now)
        store.exchange([], [Written(claim=claim, busy_until=time.now, sealed_reply=b"x" * 100)], time.now)
        time.advance(1)


def kept(store: MemoryStore, time: ManualTime, vendor: str, count: int) -> list[int]:
    """Return which of a vendor's jobs are remembered."""
    claims = [
        replace(JOB, vendor=vendor, job_id=f"job-{number}", claim=f"look-{vendor}-{number}")
        for number in range(count)
    ]
    told = store.exchange(claims, [], time.now)
    return [number for number, claim in enumerate(claims) if isinstance(told[claim.claim], bytes)]


def test_a_vendor_with_many_answers_evicts_nobody_else_s(store: MemoryStore, time: ManualTime) -> None:
    """The others' are older, and would go first if age alone decided."""
    keep(store, time, "sonate-opus", 0, 1)
    keep(store, time, "arche", 0)
    keep(store, time, "millesime", *range(10))
    assert store.forget(START, most_bytes=1300) == 0
    assert store.forget(START, most_bytes=700) == 6
    assert kept(store, time, "millesime", 10) == [6, 7, 8, 9]
    assert (kept(store, time, "sonate-opus", 2), kept(store, time, "arche", 1)) == ([0, 1], [0])


def test_a_job_in_flight_is_never_forgotten_for_its_vendor_s_size(
    store: MemoryStore, time: ManualTime
) -> None:
    """Forgotten, it would be run beside itself."""
    store.exchange([AGAIN], [], time.now)
    time.advance(1)
    keep(store, time, "millesime", *range(10, 15))
    assert store.forget(START, most_bytes=100) == 4
    other = replace(AGAIN, claim="run-3")
    assert isinstance(store.exchange([other], [], time.now)["run-3"], Busy)


def test_what_each_vendor_holds_is_added_up_without_reading_a_reply(
    engine: Engine, store: MemoryStore
) -> None:
    if engine.dialect.name != "sqlite":
        # PostgreSQL keeps a reply out of its row.
        return
    asked: list[str] = []
    with engine.connect() as connection:
        event.listen(engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
        store.forget(START)
        added_up = next(statement for statement in asked if "GROUP BY" in statement)
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {added_up}").all()
    assert ["USING COVERING INDEX" in step.detail for step in plan] == [True]


async def test_without_a_database_a_job_in_flight_still_runs_once(time: ManualTime) -> None:
    memory = ReplyMemory(None, VAULT, time.clock)
    await memory.get(JOB)
    waiting = asyncio.create_task(memory.get(AGAIN))
    await asyncio.sleep(0)
    await stored(memory, JOB, REPLY)
    assert await waiting == Known(REPLY)
    assert await memory.get(replace(AGAIN, digests=("k:d2",))) == Fresh()
