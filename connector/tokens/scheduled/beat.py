"""The loop that runs scheduled tasks when they are due, one beat's at a time however many run."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from connector.clock import Clock
from connector.errors import OperatorError
from connector.events import Event
from connector.storage.causes import database_cause
from connector.storage.schedule import Schedule, Turn
from connector.telemetry.check_ins import CheckIns, NoCheckIns, Ran

HELD_FOR: Final = timedelta(minutes=15)
"""How long a turn is held without a sign of life: then another beat takes it, or the same one again."""
LOOK_SECONDS: Final = 5.0
"""Between two looks at what is due."""
_log = structlog.get_logger(__name__)


class TurnLostError(Exception):
    """Another process holds the task's turn by now."""


@dataclass(slots=True)
class Holding:
    """A turn that is held while its task goes on."""

    turn: Turn
    schedule: Schedule
    clock: Clock

    async def keep(self) -> None:
        """Hold on to the turn. Raises ``TurnLostError`` when it was taken meanwhile."""
        now = self.clock()
        if self.turn.due_at - now > HELD_FOR / 2:
            return
        await self.move(now + HELD_FOR)

    async def move(self, due_at: datetime) -> None:
        """Set when the task is due next. Raises ``TurnLostError``."""
        moved = await asyncio.to_thread(self.schedule.move, self.turn, due_at)
        if moved is None:
            raise TurnLostError
        self.turn = moved


class Task(Protocol):
    """Something that is due again and again."""

    @property
    def name(self) -> str:
        """Its name in SQL."""
        ...

    @property
    def every(self) -> timedelta:
        """How long after its start it is due again, at the latest."""
        ...

    @property
    def late_after(self) -> timedelta:
        """How much later than that it may run before somebody should look: longer than a turn is held."""
        ...

    async def run(self, keep: Callable[[], Awaitable[None]]) -> timedelta:
        """Do it, calling ``keep`` every few seconds; return how long after its start it is due next."""
        ...


class Beat:
    """Runs tasks until it is cancelled."""

    def __init__(
        self, tasks: Sequence[Task], schedule: Schedule, clock: Clock, check_ins: CheckIns | None = None
    ) -> None:
        self._tasks = tasks
        self._schedule = schedule
        self._clock = clock
        self._check_ins = check_ins or NoCheckIns()

    async def run_due(self) -> None:
        """Run what is due, and return. Raises what a task raises."""
        for task in self._tasks:
            await self._turn(task)

    async def run(self) -> None:
        """Run each task whenever it is due, until cancelled; no task waits for another."""
        async with asyncio.TaskGroup() as group:
            for task in self._tasks:
                group.create_task(self._serve(task))

    async def _serve(self, task: Task) -> None:
        is_failing = False
        while True:
            try:
                await self._turn(task)
                is_failing = False
            except (SQLAlchemyError, OperatorError) as error:
                if not is_failing:
                    _log.warning(
                        Event.BEAT_DATABASE_AWAY,
                        task=task.name,
                        error=type(error).__name__,
                        cause=database_cause(error),
                    )
                is_failing = True
            except Exception:  # noqa: BLE001 - one task that fails leaves the others, and comes due again
                _log.exception(Event.BEAT_TASK_FAILED, task=task.name)
            await asyncio.sleep(LOOK_SECONDS)

    async def _turn(self, task: Task) -> None:
        """Run a task if it is due and no other process does."""
        started_at = self._clock()
        turn = await asyncio.to_thread(self._schedule.take, task.name, started_at, started_at + HELD_FOR)
        if turn is None:
            return
        _log.info(Event.BEAT_STARTED, task=task.name)
        holding = Holding(turn, self._schedule, self._clock)
        try:
            due_in = await task.run(holding.keep)
            await holding.move(started_at + due_in)
        except TurnLostError:
            _log.warning(Event.BEAT_TURN_LOST, task=task.name)
            return
        except asyncio.CancelledError:
            # Whoever starts next goes on at once: what was told already is not told again.
            self._schedule.move(holding.turn, self._clock())
            raise
        except Exception:
            self._tell(task, started_at, has_failed=True)
            raise
        self._tell(task, started_at, has_failed=False)
        _log.info(Event.BEAT_FINISHED, task=task.name, due_at=holding.turn.due_at.isoformat())

    def _tell(self, task: Task, started_at: datetime, *, has_failed: bool) -> None:
        took = self._clock() - started_at
        ran = Ran(
            task=task.name, every=task.every, late_after=task.late_after, took=took, has_failed=has_failed
        )
        self._check_ins.tell(ran)
