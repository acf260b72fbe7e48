"""The pool: coroutines on one event loop, in the main thread, beside the broker's socket.

Celery's pools run functions in processes or threads; this one runs coroutines, so that two hundred jobs that
wait for an API cost neither.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar, cast

from celery.concurrency.base import BasePool

from connector.telemetry.logs import log_loop_error

_DEAF_SECONDS: Final = 1.0
"""How long a signal may go unheard."""
_CANCEL_AGAIN_SECONDS: Final = 1.0
_Outcome = tuple[Any, BaseException | None]
ResultT = TypeVar("ResultT")


class AsyncioPool(BasePool):  # type: ignore[misc]  # Celery ships no types
    """Celery's ``worker_pool``: what it applies is a coroutine function."""

    # The loop shares the main thread cooperatively; Celery then also keeps the connection's heartbeat.
    is_green = True
    signal_safe = False
    task_join_will_block = False

    loop: asyncio.AbstractEventLoop
    jobs: set[asyncio.Task[None]]

    def on_start(self) -> None:
        """Make the loop; it runs whenever ``run`` is called."""
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(log_loop_error)
        self.jobs = set()
        self._beside: list[asyncio.Task[None]] = []

    def run(self, work: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Run the loop, and every job on it, until ``work`` is done."""
        return self.loop.run_until_complete(work)

    def run_blocking(self, function: Callable[..., ResultT], *args: Any) -> ResultT:
        """Run a function that blocks in a thread, while the loop goes on; raise what it raises."""
        result, error = self.run(self._in_thread(function, args))
        if error is not None:
            raise error
        return cast("ResultT", result)

    async def _in_thread(self, function: Callable[..., Any], args: tuple[Any, ...]) -> _Outcome:
        outcome = self.loop.run_in_executor(None, _outcome, function, args)
        # A signal that comes just before the loop sleeps does not wake it: with nothing else to do, it would not be heard.
        while not outcome.done():
            await asyncio.wait((outcome,), timeout=_DEAF_SECONDS)
        return outcome.result()

    def on_apply(
        self,
        target: Callable[..., Coroutine[Any, Any, None]],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        **_options: Any,
    ) -> None:
        """Start ``target`` as a job."""
        job = self.loop.create_task(target(*args, **(kwargs or {})))
        self.jobs.add(job)
        job.add_done_callback(self.jobs.discard)

    def run_beside(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside the jobs, whenever the loop runs, until the pool ends."""
        self._beside.append(self.loop.create_task(work))

    def flush(self) -> None:
        """Drop the jobs of a connection that is gone: the broker gives their deliveries again."""
        for job in self.jobs:
            job.cancel()

    def on_stop(self) -> None:
        """End the loop."""
        if self.loop.is_running() or self.loop.is_closed():
            return
        self.flush()
        self.run(self._finish())
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()

    on_terminate = on_stop

    async def _finish(self) -> None:
        await end((*self.jobs, *self._beside))
        await self.app.work.health.stop()
        self.app.work.services.rejections.close()
        self.app.work.services.turns.close()
        await self.app.work.services.exclusion.close()
        await self.app.work.services.transport.aclose()
        if self.app.work.services.link is not None:
            await self.app.work.services.link.close()
        self.app.work.services.journal.close()
        self.app.work.services.memory.close()


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks until each has ended, whatever it raises.

    A library may take a cancellation for its own time-out, and go on (https://github.com/redis/redis-py/issues/2551).
    """
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        ended, left = await asyncio.wait(left, timeout=_CANCEL_AGAIN_SECONDS)
        for task in ended:
            if not task.cancelled():
                task.exception()


def _outcome(function: Callable[..., Any], args: tuple[Any, ...]) -> _Outcome:
    """Return what a function returns or raises: a ``SystemExit`` that a future carries does not end the loop."""
    try:
        return function(*args), None
    except BaseException as error:  # noqa: BLE001 - raised again by the caller
        return None, error
