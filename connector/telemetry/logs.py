"""Logs: structlog events with constant names and fields, as a line for a person or as JSON for a collector.

Of a job they hold its ``job_id``, vendor, tenant and trace, which are bound in the job's own task, and nothing else but,
where it is rejected, the codes that say why.
Levels say what an operator has to do:

- ``critical``: everybody is concerned, or the program ends by a defect: act now;
- ``error``: a tenant, a vendor or this program is not served until somebody acts;
- ``warning``: something is away or odd, and the connector goes on without: look at what lasts, or comes again;
- ``info``: the program starts, ends, or changes what it does; what was away is back; a job was rejected;
- ``debug``: how each job and each call ended.

Libraries log through the standard library, whose texts may hold an address, a body or an exception's words, hence a
person. So only their warnings are written, whatever the level: where in the code, and the text without what was filled in.
Of what goes through Python's ``warnings``, whose texts are filled in already, the category and the place, once each.
"""

import logging
import sys
import threading
import warnings
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Literal

import structlog

from connector.events import Event
from connector.telemetry.stack import chain_of

OWN: Final = ("connector", "workers")
"""The loggers whose events are this project's."""
OBSERVED: Final = "warning"
"""From this level on, what observes the logs is shown events, even those that are not written."""
_CONNECTION: Final = ("celery.worker.consumer.consumer", ("consumer: Cannot connect to", "%s (%r)"))
"""Of libraries' texts, those told whole: that the broker is away. Celery masks the address's password."""
_MOST_WARNED: Final = 200
"""Places in the code whose warnings are told."""
_log = structlog.get_logger(__name__)

_SHARED: tuple[structlog.typing.Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def configure_logs(
    log_format: Literal["console", "json"],
    level: str = "INFO",
    observer: structlog.typing.Processor | None = None,
) -> None:
    """Send every log to standard error, in ``log_format``, from ``level`` upwards.

    ``observer`` is shown every event from ``OBSERVED`` upwards as a processor would be, whatever ``level`` is.
    """
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    least = logging.getLevelNamesMapping()[level.upper()]
    seen = least if observer is None else min(least, logging.getLevelNamesMapping()[OBSERVED.upper()])
    observing = () if observer is None else (observer, _from_level(least))
    structlog.configure(
        # Exceptions become text here: no handler, ours or another's, is handed one.
        processors=[
            *_SHARED,
            *observing,
            structlog.processors.ExceptionRenderer(_bare_traceback),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        # Its ``exception`` is an ``error``: the standard library never sees that there is an exception.
        wrapper_class=structlog.make_filtering_bound_logger(seen),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_of_a_library, *_SHARED, *observing[:1]],
            use_get_message=False,
            pass_foreign_args=True,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.ExceptionRenderer(_bare_traceback),
                renderer,
            ],
        ),
    )
    # What cannot be logged is not printed with its traceback instead.
    logging.raiseExceptions = False
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(least, logging.WARNING))
    for name in OWN:
        logging.getLogger(name).setLevel(seen)
    # It tells of each try to reach Sentry; ``sentry.away`` is enough.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    _hear_of_crashes()
    _hear_of_warnings()


def bind_job(*, job_id: str, vendor: str, tenant: str, trace_id: str) -> None:
    """Name a job in every event of the running task, and of those that it starts."""
    structlog.contextvars.bind_contextvars(job_id=job_id, vendor=vendor, tenant=tenant, trace_id=trace_id)


def log_loop_error(_loop: object, context: Mapping[str, Any]) -> None:
    """Log what an event loop was left with: the loop's own handler would print the exception's text."""
    _log.error(Event.LOOP_UNEXPECTED_ERROR, exc_info=context.get("exception"))


def _hear_of_crashes() -> None:
    """Have exceptions that nobody caught logged: Python would print their texts."""

    def of_program(kind: type[BaseException], error: BaseException, frames: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, frames)
        else:
            _log.critical(Event.PROGRAM_CRASHED, exc_info=error)

    def of_thread(crash: threading.ExceptHookArgs) -> None:
        thread = crash.thread.name if crash.thread else None
        _log.critical(Event.THREAD_CRASHED, thread=thread, exc_info=crash.exc_value)

    def of_finalizer(crash: "sys.UnraisableHookArgs") -> None:
        _log.error(Event.FINALIZER_UNEXPECTED_ERROR, exc_info=crash.exc_value)

    sys.excepthook, threading.excepthook, sys.unraisablehook = of_program, of_thread, of_finalizer


def _hear_of_warnings() -> None:
    """Have Python's warnings logged, each place once: Python would print their texts, and again for each new text."""
    told: set[tuple[type[Warning], str, int]] = set()

    def of_warning(
        message: Warning | str,  # noqa: ARG001 - Python's, as are the names
        category: type[Warning],
        filename: str,
        lineno: int,
        file: object = None,  # noqa: ARG001
        line: object = None,  # noqa: ARG001
    ) -> None:
        place = (category, filename, lineno)
        if place not in told and len(told) < _MOST_WARNED:
            told.add(place)
            _log.warning(Event.LIBRARY_WARNED, category=category.__qualname__, where=_where(filename, lineno))

    warnings.showwarning = of_warning


def _where(path: str, line: int) -> str:
    return f"{path.rpartition('site-packages/')[2]}:{line}"


def _from_level(least: int) -> structlog.typing.Processor:
    levels = logging.getLevelNamesMapping()

    def drop(
        _logger: structlog.typing.WrappedLogger, method: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        if levels[method.upper()] < least:
            raise structlog.DropEvent
        return event

    return drop


def _of_a_library(
    _logger: structlog.typing.WrappedLogger, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Return a library's record as an event of a constant name, without what was filled into its text."""
    record: logging.LogRecord = event["_record"]
    text = _text_of(record, event.pop("positional_args"))
    is_defect = record.levelno >= logging.ERROR and bool(record.exc_info)
    event["event"] = "library.unexpected_error" if is_defect else "library.logged"
    event["where"] = _where(record.pathname, record.lineno)
    event.pop("stack_info", None)
    if text is not None:
        event["text"] = text
    return event


def _text_of(record: logging.LogRecord, filled_in: object) -> str | None:
    """Return the text as the library's code has it; None where it may have been filled in already."""
    name, beginnings = _CONNECTION
    if not filled_in:
        return None
    if record.name == name and isinstance(filled_in, tuple) and str(record.msg).startswith(beginnings):
        return (str(record.msg) % tuple(map(_readable, filled_in))).strip()
    return str(record.msg)


def _readable(filled_in: object) -> object:
    if isinstance(filled_in, OSError) and filled_in.strerror:
        return filled_in.strerror
    return type(filled_in).__qualname__ if isinstance(filled_in, BaseException) else filled_in


def _bare_traceback(exc_info: structlog.typing.ExcInfo) -> str:
    """Return where an exception was raised and of which types it and its causes are; a group's members after a ``+``.

    Never its text, which may carry an address, hence a person, nor the values in its frames.
    """
    lines: list[str] = []
    for thrown in chain_of(exc_info[1]):
        lines += [f"{'+ ' * thrown.depth}{thrown.module}.{thrown.kind}"]
        lines += [f"  {frame.file}:{frame.line} in {frame.function}" for frame in thrown.frames]
    return "\n".join(lines)
