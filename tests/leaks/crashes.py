"""Crashes in each layer of the worker, at the job that is named for it: its exception holds all that is seen."""

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import aiohttp
import httpx
import structlog
from sqlalchemy import text

import connector.checks.decide
import connector.pipeline.call
import connector.pipeline.run_job
import connector.pipeline.settle
import connector.storage.journal.access_journal
import connector.storage.replies.reply_memory
import workers.request
from connector.amqp.publisher import Publisher
from connector.storage.journal.store import JournalStore
from connector.storage.replies.store import MemoryStore
from connector.telemetry.sentry import Sentry
from tests.leaks.canaries import NOM
from tests.leaks.handed import sdk_events
from tests.leaks.leaky import Leaky, leak, whole
from tests.leaks.noting import CRASHED, note, put

TWICE: Final = ("alone", "isolated")
"""Crash again when their job comes again, after which it is one that may be what ends the worker."""
_left: Counter[str] = Counter()


def _is_due(layer: str, seen: object = "") -> bool:
    """Tell whether it is now that a layer crashes: at the job that its events are bound to, or that it sees."""
    named = f"{structlog.contextvars.get_contextvars().get('job_id')} {seen!r}"
    if not _left[layer] or f"crash-{layer}." not in named:
        return False
    _left[layer] -= 1
    note(CRASHED, layer)
    return True


def _before(layer: str) -> Callable[[Any, str], None]:
    """Return what has a function crash before it begins."""

    def install(module: Any, name: str) -> None:
        real = getattr(module, name)

        def crashing(*args: Any, **named: Any) -> Any:
            if _is_due(layer, [whole(each) for each in args]):
                raise leak(*args, *named.values())
            return real(*args, **named)

        put(module, name, crashing)

    return install


def _in_decide(crash: Callable[..., None], layer: str) -> None:
    real = vars(connector.pipeline.call)["decide"]

    def crashing(planned: Any, attempt: Any, exchange: Any, now: Any) -> Any:
        if _is_due(layer):
            crash(planned, attempt, exchange)
        return real(planned, attempt, exchange, now)

    put(connector.pipeline.call, "decide", crashing)


def _fail(*seen: object) -> None:
    raise leak(*seen)


async def _fail_soon(*seen: object) -> None:
    raise leak(*seen)


class _Failing:
    def __init__(self, *seen: object) -> None:
        self.seen = seen

    def __del__(self) -> None:
        raise leak(*self.seen)


def _of_a_library(*seen: object) -> None:
    """Log as a library does that fills in what it has."""
    told = str(leak(*seen))
    library = logging.getLogger("library")
    library.warning("Retrying %s", told)
    library.debug("Trying %s", told)
    try:
        _fail(*seen)
    except Leaky:
        library.exception(f"Task {told} failed")


def _to_the_sdk(*seen: object) -> None:
    for event in sdk_events(str(leak(*seen))):
        _clients[-1].capture_event(event)


_clients: list[Any] = []


def _keep_clients() -> None:
    real = Sentry.__init__

    def keeping(self: Any, *args: Any) -> None:
        real(self, *args)
        _clients.append(self._client)

    put(Sentry, "__init__", keeping)


def _in_transport(error: type[Exception]) -> Callable[[Any], Exception]:
    return lambda request: error(str(leak(request)))


def _in_the_loop(*seen: object) -> None:
    asyncio.get_running_loop().call_soon(_fail, *seen)


def _in_a_task(*seen: object) -> None:
    # Nobody keeps it, and nobody awaits it.
    asyncio.ensure_future(_fail_soon(*seen))  # noqa: RUF006 - see above


def _in_a_thread(*seen: object) -> None:
    threading.Thread(target=_fail, args=seen, name="leaky").start()


def _in_a_finalizer(*seen: object) -> None:
    _Failing(*seen)


_TRANSPORT: Final = {
    "transport": leak,
    "transport-http": _in_transport(httpx.ConnectError),
    "transport-client": _in_transport(aiohttp.ClientError),
}
_IN_DECIDE: Final[dict[str, Callable[..., None]]] = {
    "decide": _fail,
    "loop": _in_the_loop,
    "task": _in_a_task,
    "thread": _in_a_thread,
    "finalizer": _in_a_finalizer,
    "library": _of_a_library,
    "sdk": _to_the_sdk,
}
_FUNCTIONS: Final[dict[str, tuple[Any, str]]] = {
    "decode": (workers.request, "read_delivery"),
    "admit": (connector.pipeline.run_job, "admit"),
    "plan": (connector.pipeline.run_job, "plan"),
    "withhold": (connector.checks.decide, "absent"),
    "assemble": (connector.pipeline.run_job, "assemble"),
    **dict.fromkeys(("settle", *TWICE), (connector.pipeline.settle, "_reply_message")),
    "publish": (Publisher, "publish"),
    "remember": (connector.storage.replies.reply_memory.ReplyMemory, "store"),
    "record": (connector.storage.journal.access_journal._Records, "of"),  # noqa: SLF001 - where a job's calls begin to be noted
    "journal": (JournalStore, "write"),
}
CRASHES: Final = ("database", *_FUNCTIONS, *_TRANSPORT, *_IN_DECIDE)


def install_crashes() -> None:
    """Have each layer crash once, or twice."""
    _left.update((*CRASHES, *TWICE))
    for layer, (owner, name) in _FUNCTIONS.items():
        _before(layer)(owner, name)
    for layer, crash in _IN_DECIDE.items():
        _in_decide(crash, layer)
    _keep_clients()
    _install_in_transport()
    _install_in_database()


def _install_in_transport() -> None:
    from httpx_aiohttp import AiohttpTransport  # noqa: PLC0415 - no other module needs it

    real = AiohttpTransport.handle_async_request

    async def crashing(self: Any, request: httpx.Request) -> httpx.Response:
        for layer, error_of in _TRANSPORT.items():
            if _is_due(layer):
                raise error_of(request)
        return await real(self, request)

    put(AiohttpTransport, "handle_async_request", crashing)


def _install_in_database() -> None:
    real = MemoryStore.exchange

    def crashing(self: Any, claims: Any, *others: Any) -> Any:
        if _is_due("database", claims):
            with self._engine.connect() as connection:
                connection.execute(text("INSERT INTO nowhere VALUES (:leak)"), {"leak": NOM})
        return real(self, claims, *others)

    put(MemoryStore, "exchange", crashing)
