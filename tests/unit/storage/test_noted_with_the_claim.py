"""Records that the reply memory takes along: before their calls with the claim, afterwards with the answer; else by the broker."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, cast

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import Engine
from structlog.testing import capture_logs

from connector.amqp.confirmed_channel import Confirmation
from connector.amqp.publisher import Outgoing, Publisher
from connector.jobs.delivery import Delivery
from connector.jobs.job_state import Fresh, IdempotencyKey
from connector.jobs.records import Lane
from connector.jobs.settlement import Answer, Settlement
from connector.limits.bounds import EGRESS
from connector.limits.fair_queue import FairQueue
from connector.limits.refusals import Refusals
from connector.pipeline.run_job import MOST_AHEAD, verify
from connector.pipeline.settle import Kept
from connector.storage.journal.access_journal import AccessJournal
from connector.storage.journal.groups import PURPOSE
from connector.storage.journal.keys import JournalKeys, new_key
from connector.storage.journal.record import Record, merged, read
from connector.storage.journal.store import JournalStore, Wanted
from connector.storage.replies import ReplyMemory
from connector.storage.replies.store import MemoryStore, Written
from connector.storage.replies.writer import CROWD, MemoryWriter
from connector.vault import Vault
from connector.vault import new_key as new_secret_key
from schemas.codes import CheckCode
from tests.answers import DOWN, found
from tests.databases import Database
from tests.deliveries import delivery
from tests.fakes import ManualTime, services
from tests.jobs import QF, RSA
from tests.records import record
from tests.registry import OneToken

VAULT = Vault(SecretStr(new_secret_key()))
KEYS = JournalKeys(SecretStr(new_key()))
PATIENCE_SECONDS = 30
LATER = "connector.storage.journal.access_journal.LATER_SECONDS"
KEY = IdempotencyKey(vendor="millesime", job_id="job-1", claim="run-1", digests=("k:d1",), redelivered=False)


class Broker:
    """Confirms what is published, and keeps it."""

    has_ended = False

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.has_published = asyncio.Event()

    async def publish(self, message: Outgoing) -> Confirmation:
        """Confirm at once."""
        self.records += read(VAULT.open_for(PURPOSE, message.body))
        self.has_published.set()
        return Confirmation.ROUTED


class Host:
    """A pipeline whose memory and journal are in one database."""

    def __init__(self, engine: Engine) -> None:
        self.broker = Broker()
        self.time = ManualTime()
        self.rows = JournalStore(engine)
        self.at_call: list[list[Record]] = []
        """What was in SQL when each call came."""
        self.meanwhile: Callable[[], Awaitable[object]] = partial(asyncio.sleep, 0)
        """Done during each call."""
        self.answers: list[httpx.Response] = [found()]
        """Given in order, the last one for ever."""
        journal = AccessJournal(KEYS, VAULT, None, self.time.clock)
        journal.attach(cast("Publisher", self.broker))
        made = services(httpx.MockTransport(self._answer), OneToken(), self.time)
        writer = MemoryWriter(MemoryStore(engine), 3600, self.time.clock)
        memory = ReplyMemory(writer, VAULT, self.time.clock)
        self.services = replace(made, journal=journal, memory=memory)

    async def _answer(self, _request: httpx.Request) -> httpx.Response:
        self.at_call.append(self.noted())
        await self.meanwhile()
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    async def run(self, *checks: dict[str, Any], **changes: Any) -> Settlement:
        """Run a job, and wait until what it leaves is kept."""
        return await self.ran(delivery(*checks, **changes))

    async def ran(self, of: Delivery) -> Settlement:
        """Run a delivery, and wait until what it leaves is kept."""
        kept = Kept(self.services.journal.open())
        settlement = await verify(of, kept, self.services)
        await kept.confirmed()
        return settlement

    def noted(self) -> list[Record]:
        """Return what is in SQL, the oldest first."""
        return list(self.rows.each(Wanted()))

    def outcomes(self) -> tuple[list[str], list[str]]:
        """Return the outcomes of what is in SQL, and of what went by the broker."""
        return [one.outcome for one in self.noted()], [one.outcome for one in merged(self.broker.records)]


@pytest.fixture
async def host(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Host]:
    # However slow the machine is, what has ended waits for its job's answer.
    monkeypatch.setattr(LATER, PATIENCE_SECONDS)
    made = Host(engine)
    yield made
    made.services.memory.close()


async def test_a_call_sets_out_once_its_record_is_in_sql_and_nothing_goes_by_the_broker(host: Host) -> None:
    await host.run(RSA, QF)
    assert [[one.outcome for one in rows] for rows in host.at_call] == [["unknown"] * 2] * 2
    assert host.outcomes() == (["found", "found"], [])


async def test_how_a_call_has_ended_goes_by_the_broker_where_its_job_takes_longer(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LATER, 0)

    async def second_waits() -> None:
        if len(host.at_call) > 1:
            await asyncio.wait_for(host.broker.has_published.wait(), PATIENCE_SECONDS)
            monkeypatch.setattr(LATER, PATIENCE_SECONDS)

    host.meanwhile = second_waits
    await host.run(RSA, QF)
    (first,) = host.broker.records
    assert {one.id == first.id: one.outcome for one in host.noted()} == {True: "unknown", False: "found"}
    assert first.outcome == "found"


async def test_each_further_attempt_goes_by_the_broker_and_the_last_one_ends_with_the_answer(
    host: Host,
) -> None:
    host.answers = [DOWN, found()]
    await host.run(RSA)
    (first,) = host.at_call[0]
    assert [(one.attempt, one.outcome) for one in host.broker.records if one.id != first.id] == [
        (2, "unknown")
    ]
    every = merged([*host.broker.records, *host.noted()])
    assert sorted((one.attempt, one.outcome) for one in every) == [(1, "provider_unavailable"), (2, "found")]


async def test_a_job_that_was_answered_leaves_no_record_when_it_comes_again(host: Host) -> None:
    await host.run(RSA, job_id="job-1")
    again = await host.run(RSA, job_id="job-1")
    assert isinstance(again, Answer)
    assert len(host.noted()) == 1


async def test_where_the_database_is_away_records_go_by_the_broker(host: Host, database: Database) -> None:
    with database.locked():
        await host.run(RSA)
    (only,) = merged(host.broker.records)
    assert (only.outcome, host.at_call) == ("found", [[]])
    assert [one.outcome for one in host.broker.records] == ["unknown", "found"]


async def test_where_the_database_goes_away_during_the_call_its_end_goes_by_the_broker(
    host: Host, database: Database
) -> None:
    lock = database.locked()

    async def locks() -> None:
        lock.__enter__()

    host.meanwhile = locks
    await host.run(RSA)
    lock.__exit__(None, None, None)
    assert host.outcomes() == (["unknown"], ["found"])
    assert host.noted()[0].id == host.broker.records[0].id


async def test_a_call_that_is_blocked_after_all_was_not_made(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause = Refusals(until=host.time.now + timedelta(minutes=5), code=CheckCode.RATE_LIMITED)
    await host.services.refusals.change(EGRESS, lambda _state: (pause, None))
    monkeypatch.setattr("connector.pipeline.run_check.is_open", lambda *_: True)
    await host.run(RSA)
    assert host.at_call == []
    assert host.outcomes() == (["not_made"], [])


async def test_a_call_that_is_likely_to_be_blocked_has_no_record(host: Host) -> None:
    pause = Refusals(until=host.time.now + timedelta(minutes=5), code=CheckCode.RATE_LIMITED)
    await host.services.refusals.change(EGRESS, lambda _state: (pause, None))
    await host.run(RSA)
    assert host.outcomes() == ([], [])


async def test_a_campaign_s_calls_and_those_beyond_a_few_have_their_records_at_their_turns(
    host: Host,
) -> None:
    await host.run(RSA, lane=Lane.BATCH)
    many = [{**RSA, "id": f"rsa-{number}"} for number in range(MOST_AHEAD + 2)]
    await host.run(*many)
    assert host.at_call[0] == []
    assert {one.label for one in host.at_call[1] if one.outcome == "unknown"} == {
        one["id"] for one in many[:MOST_AHEAD]
    }
    assert {one.label for one in host.broker.records} >= {"rsa", *(one["id"] for one in many[MOST_AHEAD:])}


async def test_a_record_says_when_its_call_set_out_though_that_had_to_wait(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    get = host.services.memory.get

    async def late(*arguments: Any) -> object:
        standing = await get(*arguments)
        host.time.advance(2)
        return standing

    monkeypatch.setattr(host.services.memory, "get", late)
    await host.run(RSA)
    assert [(one.outcome, one.at) for one in host.noted()] == [("found", host.time.now)]
    assert host.at_call[0][0].at < host.time.now


async def test_a_record_that_is_written_after_it_was_given_up_is_that_of_the_call(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    get = host.services.memory.get

    async def given_up(*arguments: Any) -> object:
        await get(*arguments)
        return Fresh()

    monkeypatch.setattr(host.services.memory, "get", given_up)
    await host.run(RSA)
    assert {one.id for one in host.broker.records} == {one.id for one in host.noted()}
    assert host.outcomes() == (["found"], ["unknown"])


async def test_a_call_that_others_wait_before_has_its_record_at_its_turn(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FairQueue, "has_urgent", property(lambda _self: True))
    await host.run(RSA)
    assert host.at_call == [[]]
    assert [one.outcome for one in host.broker.records] == ["unknown"]


async def test_a_call_with_a_france_connect_token_has_its_record_at_its_turn(host: Host) -> None:
    await host.run({"check": "revenu_solidarite_active"}, identity=None, france_connect_token="fc-sesame")
    assert host.at_call == [[]]
    assert [one.outcome for one in host.broker.records] == ["unknown"]
    assert host.outcomes()[0] == ["found"]


async def test_without_a_memory_records_go_by_the_broker(host: Host) -> None:
    alone = ReplyMemory(None, VAULT, host.time.clock)
    kept = Kept(host.services.journal.open())
    await verify(delivery(RSA), kept, replace(host.services, memory=alone))
    await kept.confirmed()
    assert host.outcomes() == ([], ["found"])


async def test_where_jobs_come_in_crowds_records_share_messages(host: Host, engine: Engine) -> None:
    begun, may_go_on = threading.Event(), threading.Event()

    class Waiting(MemoryStore):
        def exchange(self, *arguments: Any) -> Any:
            begun.set()
            may_go_on.wait(PATIENCE_SECONDS)
            return super().exchange(*arguments)

    writer = MemoryWriter(Waiting(engine), 3600, host.time.clock)
    first = writer.ask(KEY)
    await asyncio.to_thread(begun.wait, PATIENCE_SECONDS)
    before = writer.takes_records
    together = [writer.ask(replace(KEY, job_id=f"job-{n}", claim=f"run-{n}")) for n in range(2, 2 + CROWD)]
    may_go_on.set()
    assert [await each for each in (first, *together)] == [Fresh()] * (1 + CROWD)
    assert (before, writer.takes_records) == (True, False)
    memory = ReplyMemory(writer, VAULT, host.time.clock)
    kept = Kept(host.services.journal.open())
    await verify(delivery(RSA), kept, replace(host.services, memory=memory))
    await kept.confirmed()
    memory.close()
    assert host.at_call == [[]]
    assert [one.outcome for one in host.broker.records][:1] == ["unknown"]


async def test_a_record_that_cannot_be_written_costs_neither_the_memory_nor_other_records(
    engine: Engine,
) -> None:
    time = ManualTime()
    writer = MemoryWriter(MemoryStore(engine), 3600, time.clock)
    faulty, left = record(1, tenant=None), Written(claim=KEY, busy_until=time.now, records=(record(1),))
    with capture_logs() as logs:
        assert await writer.ask(KEY, [faulty]) == Fresh()
        assert await writer.ask(replace(left, records=(faulty,))) is False
        assert not writer.takes_records
        assert await writer.ask(replace(KEY, job_id="job-2", claim="run-2"), [record(2)]) == Fresh(
            is_noted=True
        )
    assert (logs, writer.is_away) == ([], False)
    writer.close()
    assert [one.id for one in JournalStore(engine).each(Wanted())] == [record(2).id]


async def test_what_a_run_leaves_and_its_next_claim_are_told_apart(engine: Engine) -> None:
    """A message that is there twice comes back under the name of one run."""
    time = ManualTime()
    store = MemoryStore(engine)
    store.exchange([KEY], [], time.now, {KEY.claim: [record(1, outcome="unknown")]})
    left = Written(claim=KEY, busy_until=time.now, sealed_reply=b"reply", records=(record(1),))
    standings = store.exchange([KEY], [left], time.now, {KEY.claim: [record(2)]})
    assert standings == {KEY.claim: b"reply"}
    assert [(one.id, one.outcome) for one in JournalStore(engine).each(Wanted())] == [(record(1).id, "found")]


async def test_records_go_by_the_broker_where_the_memory_fails(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object) -> None:
        raise RuntimeError("sesame")

    monkeypatch.setattr(host.services.memory, "store", broken)
    settlement = await host.run(RSA)
    assert isinstance(settlement, Answer)
    assert settlement.reply.status == "failed"
    assert host.outcomes() == (["unknown"], ["found"])


async def test_an_interrupted_run_says_of_its_expected_calls_that_they_were_not_made(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = asyncio.Event()

    async def wait(*_arguments: object) -> None:
        waits.set()
        await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(host.services.turns, "reserve", wait)
    kept = Kept(host.services.journal.open())
    running = asyncio.create_task(verify(delivery(RSA), kept, host.services))
    await waits.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await kept.confirmed()
    assert host.outcomes() == (["unknown"], ["not_made"])
