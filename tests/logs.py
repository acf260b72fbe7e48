"""Logs configured as a program configures them, within a test, and a job named as the pipeline does."""

import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import structlog

from connector.telemetry.logs import OWN

NAMED: Final = {
    "job_id": "job-1",
    "vendor": "millesime",
    "tenant": "26920023600017",
    "trace_id": "0af7651916cd43dd8448eb211c80319c",
}


@contextmanager
def restored_logs() -> Iterator[None]:
    """Leave the process's logs, and what hears of its crashes and warnings, as they were."""
    loggers = [logging.getLogger(name) for name in (None, *OWN, "urllib3")]
    levels, handlers = [logger.level for logger in loggers], list(loggers[0].handlers)
    raises = logging.raiseExceptions
    hooks = (sys.excepthook, threading.excepthook, sys.unraisablehook, warnings.showwarning)
    try:
        yield
    finally:
        loggers[0].handlers[:] = handlers
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        logging.raiseExceptions = raises
        sys.excepthook, threading.excepthook, sys.unraisablehook, warnings.showwarning = hooks
        structlog.contextvars.clear_contextvars()
        structlog.reset_defaults()
