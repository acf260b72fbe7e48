"""What one protection hands to the next, noted: the second would hide that the first is gone."""

import json
import logging
from typing import Any, Final

import connector.telemetry.logs
from connector.storage.replies.store import MemoryStore
from connector.telemetry.reporter import Reporter
from tests.leaks.leaky import Leaky
from tests.leaks.noting import FILLED, HANDED, RAISED, note, put

_LIBRARIES: Final = ("celery", "asyncio")
"""Libraries that are handed what is ours: what they fill in is not theirs."""


def install_notes() -> None:
    """Note what the reporter hands to the SDK, what is raised to the logs, and what libraries make of ours."""
    _note_handed()
    _note_raised()
    for name in _LIBRARIES:
        logger = logging.getLogger(name)
        logger.setLevel(logging.DEBUG)
        logger.addHandler(_Filled())


def _note_handed() -> None:
    real = Reporter.__init__

    def noting(self: Any, send: Any, *args: Any) -> None:
        def sent(event: dict[str, Any]) -> object:
            note(HANDED, json.dumps(event, default=repr, ensure_ascii=False))
            return send(event)

        real(self, sent, *args)

    put(Reporter, "__init__", noting)


def _note_raised() -> None:
    """Note the texts of exceptions that reach the logs, but for those that this test raises; and of the database's."""
    rendered = connector.telemetry.logs._bare_traceback  # noqa: SLF001 - what is looked behind
    exchange = MemoryStore.exchange

    def noting(exc_info: Any) -> str:
        error = exc_info[1]
        if not isinstance(error, Leaky):
            note(RAISED, f"{type(error).__name__}: {error}")
        return rendered(exc_info)

    def failing(self: Any, *args: Any) -> Any:
        try:
            return exchange(self, *args)
        except Exception as error:
            if not isinstance(error, Leaky):
                note(RAISED, f"{type(error).__name__}: {error}")
            raise

    put(connector.telemetry.logs, "_bare_traceback", noting)
    put(MemoryStore, "exchange", failing)


class _Filled(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        raised = record.exc_info[1] if record.exc_info else ""
        note(FILLED, f"{record.name}: {record.getMessage()} {raised}")
