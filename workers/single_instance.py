"""A worker process's place among those on its broker: alone, or sharing the state that quotas need."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final

import structlog
from celery.exceptions import WorkerShutdown
from celery.worker.state import maybe_shutdown

from connector.amqp.guard import Kind, Verdict
from connector.amqp.session import BrokerSession
from connector.errors import OperatorError
from connector.events import Event

if TYPE_CHECKING:
    from connector.limits.shared.link import RedisLink

PREDECESSOR_SECONDS: Final = 5.0
"""How long a start waits for a worker that has just ended."""
GHOST_SECONDS: Final = 90.0
"""How long a reconnection waits for the broker to notice that the old connection is gone."""
CLAIM_AGAIN_SECONDS: Final = 0.5
_EXIT_FAILURE: Final = 1
_NOT_ALONE: Final = {
    Kind.ALONE: "another worker process is on this broker; give all of them CONNECTOR_REDIS_URL, or stop it",
    Kind.TOGETHER: "a worker process without CONNECTOR_REDIS_URL is on this broker; give it one, or stop it",
}
"""By how this process would work."""
_UNANSWERED: Final = (
    "another worker process is on this broker, and does not answer: see whether it hangs; stop it"
)
_log = structlog.get_logger(__name__)
Run = Callable[[Coroutine[Any, Any, Any]], Any]
"""Runs a coroutine on the worker's loop until it is done."""


async def _in_thread(session: BrokerSession, kind: Kind) -> Verdict:
    """Claim in a thread. What ends the worker (``WorkerShutdown``) would end the loop too, carried by a future."""
    claimed = await asyncio.to_thread(_claim, session, kind)
    if isinstance(claimed, BaseException):
        raise claimed
    return claimed


def _claim(session: BrokerSession, kind: Kind) -> Verdict | BaseException:
    try:
        return session.claim(kind, maybe_shutdown)
    except BaseException as error:  # noqa: BLE001 - raised again by who waits
        return error


class SingleInstanceGuard:
    """Taken anew on each connection. What would leave a quota unkept stops the worker, by Celery's ``WorkerShutdown``."""

    def __init__(self, link: "RedisLink | None", run: Run) -> None:
        self._link = link
        self._run = run
        self._has_joined = False
        self._has_claimed = False

    def join(self) -> None:
        """Take part, once, in what the worker processes share."""
        if self._link is None or self._has_joined:
            return
        try:
            self._run(self._link.connect())
        except OperatorError as error:
            _log.error(Event.SHARED_STATE_REFUSED, detail=str(error))
            raise WorkerShutdown(_EXIT_FAILURE) from None
        self._has_joined = True

    def claim(self, session: BrokerSession) -> None:
        """Make sure that without shared state this is the only worker process on the broker.

        A claim outlives its process until the broker notices: a start waits a moment for it, a reconnection, or a first worker that says
        nothing, longer.
        """
        kind = Kind.ALONE if self._link is None else Kind.TOGETHER
        since = time.monotonic()
        # In a thread: the loop answers probes, and nobody reads the connection yet.
        while (verdict := self._run(_in_thread(session, kind))) is not Verdict.WELCOME:
            is_patient = self._has_claimed or verdict is Verdict.UNANSWERED
            if time.monotonic() - since > (GHOST_SECONDS if is_patient else PREDECESSOR_SECONDS):
                detail = _UNANSWERED if verdict is Verdict.UNANSWERED else _NOT_ALONE[kind]
                _log.error(Event.WORKER_NOT_ALONE, variable="CONNECTOR_REDIS_URL", detail=detail)
                raise WorkerShutdown(_EXIT_FAILURE)
            self._run(asyncio.sleep(CLAIM_AGAIN_SECONDS))
        self._has_claimed = True

    async def keep(self) -> None:
        """Take part for ever."""
        await (asyncio.Event().wait() if self._link is None else self._link.keep())
