"""Logs: structlog events with fields, as a line for a person or as JSON for a collector.

Libraries log through the standard library; their records are written in the same form. None of ours holds
anything of a job but its vendor, tenant and lane.
"""

import logging
import sys
import traceback
from typing import Literal

import structlog

_SHARED: tuple[structlog.typing.Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def configure_logs(log_format: Literal["console", "json"], level: str = "INFO") -> None:
    """Send every log to standard error, in ``log_format``, from ``level`` upwards."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    exceptions = structlog.processors.ExceptionRenderer(_bare_traceback)
    structlog.configure(
        # Exceptions become text here: no handler, ours or another's, is handed one.
        processors=[*_SHARED, exceptions, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        # Its ``exception`` is an ``error``: the standard library never sees that there is an exception.
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                exceptions,
                renderer,
            ],
        ),
    )
    # What cannot be logged is not printed with its traceback instead.
    logging.raiseExceptions = False
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # These tell of every step, or name URLs, hence people, or frames, hence bodies.
    for noisy in ("aiohttp", "alembic", "amqp", "asyncio", "celery.utils", "httpcore", "httpx", "kombu"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _bare_traceback(exc_info: structlog.typing.ExcInfo) -> str:
    """Return where an exception was raised and of which types it and its causes are.

    Never its text, which may carry an address, hence a person, nor the values in its frames.
    """
    lines: list[str] = []
    error: BaseException | None = exc_info[1]
    while error is not None:
        lines += [f"{type(error).__module__}.{type(error).__qualname__}"]
        lines += [
            f"  {frame.filename}:{frame.lineno} in {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__)
        ]
        error = error.__cause__ or error.__context__
    return "\n".join(lines)
