"""Scheduled tasks run when they are due, at one beat at a time, and come due again whatever becomes of a beat."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from connector.storage.database import open_database
from connector.storage.schedule import Schedule
from connector.storage.schema import ensure_current
from connector.telemetry.check_ins import Ran
from connector.tokens.scheduled.beat import HELD_FOR, Beat
from connector.tokens.scheduled.pace import Pace
from tests.fakes import ManualTime

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
Keep = Callable[[], Awaitable[None]]


@pytest.fixture
def schedule(tmp_path: Path) -> Iterator[Schedule]:
    engine = open_database(SecretStr(f"sqlite:///{tmp_path / 'registry.db'}"))
    ensure_current(engine)
    yield Schedule(engine)
    engine.dispose()


@dataclass
class Daily:
    """A task that keeps when it ran, and does what a test says."""

    time: ManualTime
    does: Callable[[Keep], Awaitable[None]] | None = None
    name: str = "daily"
    every: timedelta = timedelta(days=1)
    late_after: timedelta = timedelta(hours=1)
    ran_at: list[datetime] = field(default_factory=list)

    async def run(self, keep: Keep) -> timedelta:
        """Run."""
        self.ran_at.append(self.time.now)
        if self.does is not None:
            await self.does(keep)
        return timedelta(days=1)


async def test_a_task_runs_once_a_day_whoever_looks(schedule: Schedule) -> None:
    time = ManualTime()
    task = Daily(time)
    for hours in (0, 1, 22, 1, 23, 1):
        time.advance(hours * 3600)
        await Beat([task], schedule, time.clock).run_due()
        await Beat([task], schedule, time.clock).run_due()
    assert [at - task.ran_at[0] for at in task.ran_at] == [timedelta(0), timedelta(days=1), timedelta(days=2)]


async def test_a_day_counts_from_the_start_of_a_run(schedule: Schedule) -> None:
    time = ManualTime()

    async def take_long(keep: Keep) -> None:
        for _ in range(60):
            time.advance(60)
            await keep()

    task = Daily(time, take_long)
    await Beat([task], schedule, time.clock).run_due()
    time.advance(23 * 3600 - 1)
    await Beat([task], schedule, time.clock).run_due()
    assert len(task.ran_at) == 1
    time.advance(1)
    await Beat([task], schedule, time.clock).run_due()
    assert len(task.ran_at) == 2


async def test_a_long_run_is_one_beats_alone(schedule: Schedule) -> None:
    time = ManualTime()
    other = Daily(time)

    async def take_long(keep: Keep) -> None:
        for _ in range(60):
            time.advance(60)
            await keep()
            await Beat([other], schedule, time.clock).run_due()

    await Beat([Daily(time, take_long)], schedule, time.clock).run_due()
    assert other.ran_at == []


async def test_the_turn_of_a_beat_that_died_comes_due_again(schedule: Schedule) -> None:
    time = ManualTime()

    async def die(_keep: Keep) -> None:
        raise SystemError

    task, other = Daily(time, die), Daily(time)
    with pytest.raises(SystemError):
        await Beat([task], schedule, time.clock).run_due()
    time.advance(HELD_FOR.total_seconds() - 1)
    await Beat([other], schedule, time.clock).run_due()
    assert other.ran_at == []
    time.advance(1)
    await Beat([other], schedule, time.clock).run_due()
    assert len(other.ran_at) == 1


async def test_a_run_whose_turn_was_taken_ends(schedule: Schedule) -> None:
    time = ManualTime()
    other = Daily(time)
    went_on = []

    async def sleep_too_long(keep: Keep) -> None:
        time.advance(HELD_FOR.total_seconds())
        await Beat([other], schedule, time.clock).run_due()
        await keep()
        went_on.append(True)

    with capture_logs() as logs:
        await Beat([Daily(time, sleep_too_long)], schedule, time.clock).run_due()
    assert (len(other.ran_at), went_on) == (1, [])
    assert "beat.turn_lost" in [entry["event"] for entry in logs]


async def test_a_beat_that_is_told_to_end_gives_its_turn_back(schedule: Schedule) -> None:
    time = ManualTime()
    started = asyncio.Event()

    async def hang(_keep: Keep) -> None:
        started.set()
        await asyncio.Event().wait()

    running = asyncio.create_task(Beat([Daily(time, hang)], schedule, time.clock).run())
    await started.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    other = Daily(time)
    await Beat([other], schedule, time.clock).run_due()
    assert len(other.ran_at) == 1


async def test_a_task_that_fails_leaves_the_others(schedule: Schedule) -> None:
    time = ManualTime()
    failed, done = asyncio.Event(), asyncio.Event()

    async def fail(_keep: Keep) -> None:
        failed.set()
        raise ValueError("SESAME")

    async def finish(_keep: Keep) -> None:
        done.set()

    tasks = [Daily(time, fail, "failing"), Daily(time, finish, "other")]
    with capture_logs() as logs:
        running = asyncio.create_task(Beat(tasks, schedule, time.clock).run())
        await failed.wait()
        await done.wait()
        assert not running.done()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert [entry["task"] for entry in logs if entry["event"] == "beat.task_failed"] == ["failing"]


async def test_calls_are_spaced_out_whoever_waits() -> None:
    time = ManualTime()

    def monotonic() -> float:
        return (time.now - NOW).total_seconds()

    pace = Pace(2, time.sleep, monotonic)
    for _ in range(4):
        await pace.wait()
    time.advance(10)
    await pace.wait()
    await pace.wait()
    assert time.slept == [0, 0.5, 0.5, 0.5, 0, 0.5]


@dataclass
class Heard:
    """Check-ins, kept."""

    runs: list[Ran] = field(default_factory=list)

    def tell(self, ran: Ran) -> None:
        """Keep a run."""
        self.runs.append(ran)


async def test_each_run_checks_in_with_how_it_ended_and_when_the_next_is_due(schedule: Schedule) -> None:
    time, heard = ManualTime(), Heard()

    async def take_a_minute(_keep: Keep) -> None:
        time.advance(60)

    async def fail(_keep: Keep) -> None:
        raise RuntimeError

    beat = Beat([Daily(time, take_a_minute, "fine")], schedule, time.clock, heard)
    await beat.run_due()
    await beat.run_due()
    with pytest.raises(RuntimeError):
        await Beat([Daily(time, fail, "failing")], schedule, time.clock, heard).run_due()
    due = {"every": timedelta(days=1), "late_after": timedelta(hours=1)}
    assert heard.runs == [
        Ran(task="fine", took=timedelta(minutes=1), has_failed=False, **due),
        Ran(task="failing", took=timedelta(0), has_failed=True, **due),
    ]


async def test_a_run_whose_turn_was_taken_is_told_by_who_has_it(schedule: Schedule) -> None:
    time, heard = ManualTime(), Heard()

    async def stall(keep: Keep) -> None:
        time.advance(2 * HELD_FOR.total_seconds())
        await Beat([Daily(time)], schedule, time.clock, heard).run_due()
        await keep()

    await Beat([Daily(time, stall)], schedule, time.clock, heard).run_due()
    assert len(heard.runs) == 1
