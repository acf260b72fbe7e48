"""The pool's loop: what nobody waited for is logged by type, and never printed with its text."""

import asyncio
import gc
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from workers.pool import AsyncioPool, end

PRIVATE = "S3SAME"


@pytest.fixture
def pool() -> Iterator[AsyncioPool]:
    made = AsyncioPool()
    made.on_start()
    yield made
    made.loop.close()


async def _fail() -> None:
    raise KeyError(PRIVATE)


def test_a_job_that_fails_unheard_is_logged_and_not_printed(
    pool: AsyncioPool, capfd: pytest.CaptureFixture[str]
) -> None:
    async def passing() -> None:
        pass

    with capture_logs() as logs:
        pool.on_apply(_fail)
        while pool.jobs:
            pool.run(passing())
        gc.collect()
    (entry,) = logs
    assert (entry["event"], entry["log_level"]) == ("loop.unexpected_error", "error")
    assert isinstance(entry["exc_info"], KeyError)
    assert PRIVATE not in "".join(capfd.readouterr())


def test_a_task_that_takes_one_cancellation_for_something_else_is_ended_too(pool: AsyncioPool) -> None:
    async def deaf() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.Event().wait()

    async def start_and_end() -> list[asyncio.Task[None]]:
        tasks = [asyncio.create_task(deaf()), asyncio.create_task(_fail())]
        await asyncio.sleep(0)
        await end(tasks)
        return tasks

    assert all(task.done() for task in pool.run(start_and_end()))
