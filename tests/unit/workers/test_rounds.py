"""What a worker says of itself every few seconds, and of breakers that nobody has tried again."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import httpx
import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from connector.limits.breaker import CLOSED, LAPSES_AFTER_SECONDS, Breaker
from connector.storage.presence import Presence, PresenceStore
from schemas.codes import CheckCode
from tests.answers import found
from tests.fakes import START, ManualTime, services
from tests.registry import OneToken
from workers.rounds import Rounds

CNAF = "api_particulier/cnaf"
OPEN = Breaker(opened_at=START, until=START + timedelta(seconds=60), code=CheckCode.PROVIDER_TIMEOUT)


class Store:
    """Keeps what is said; away, where told so."""

    def __init__(self) -> None:
        self.told: list[Presence] = []
        self.left: list[str] = []
        self.is_away = False

    def tell(self, presence: Presence) -> None:
        if self.is_away:
            raise OperationalError("s3same", {}, RuntimeError("s3same"))
        self.told.append(presence)

    def leave(self, name: str) -> None:
        self.left.append(name)


class Bench:
    """Rounds whose time and whose worker's state a test sets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("workers.rounds.BEAT_SECONDS", 0.0)
        self.time, self.store, self.state = ManualTime(), Store(), "ready"
        transport = httpx.MockTransport(lambda _request: found())
        self.registry = OneToken()
        self.services = services(transport, self.registry, self.time)
        self.rounds = Rounds(
            services=self.services,
            store=cast("PresenceStore", self.store),
            lanes=("batch",),
            state=lambda: self.state,
            started_at=START,
        )

    async def until(self, count: int) -> None:
        """Go round until so much was said."""
        going = asyncio.create_task(self.rounds.go())
        async with asyncio.timeout(30):
            for _ in range(100_000):
                if len(self.store.told) >= count:
                    break
                await asyncio.sleep(0)
        going.cancel()
        await asyncio.gather(going, return_exceptions=True)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


async def test_a_worker_says_what_it_sees_and_that_it_leaves(bench: Bench) -> None:
    await bench.services.breakers.change(CNAF, lambda _state: (OPEN, None))
    await bench.until(2)
    said = bench.store.told[-1]
    assert (said.sees.lanes, said.sees.state, said.sees.open_breakers) == (("batch",), "ready", (CNAF,))
    assert (said.seen_at, said.started_at) == (bench.time.now, START)
    assert bench.store.left == [said.id]


async def test_one_whose_database_is_away_goes_on_and_leaves_without_a_word(bench: Bench) -> None:
    bench.store.is_away = bench.registry.is_away = True
    going = asyncio.create_task(bench.rounds.go())
    for _ in range(50):
        await asyncio.sleep(0)
    bench.store.is_away = False
    async with asyncio.timeout(30):
        for _ in range(100_000):
            if bench.store.told:
                break
            await asyncio.sleep(0)
    going.cancel()
    await asyncio.gather(going, return_exceptions=True)
    assert bench.store.told
    assert bench.store.left == []


async def test_a_breaker_that_nobody_has_tried_again_ends_and_is_told_once(bench: Bench) -> None:
    await bench.services.breakers.change(CNAF, lambda _state: (OPEN, None))
    bench.time.advance(60 + LAPSES_AFTER_SECONDS - 1)
    with capture_logs() as logs:
        await bench.until(1)
        assert bench.services.breakers.peek(CNAF) == OPEN
        bench.time.advance(1)
        await bench.until(3)
    assert bench.services.breakers.peek(CNAF) == CLOSED
    ended = [entry for entry in logs if entry["event"] == "breaker.closed"]
    assert [(entry["breaker"], entry["without_call"]) for entry in ended] == [(CNAF, True)]


async def test_one_that_is_being_tried_does_not_end_meanwhile(bench: Bench) -> None:
    bench.time.advance(60 + LAPSES_AFTER_SECONDS)
    probed = replace(OPEN, probe_until=bench.time.now + timedelta(seconds=5))
    await bench.services.breakers.change(CNAF, lambda _state: (probed, None))
    await bench.until(2)
    assert bench.services.breakers.peek(CNAF) == probed
    assert cast("Any", bench.services).link is None
