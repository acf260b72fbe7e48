"""What a process tells of itself where there is somebody to tell, and the adapters that do nothing where there is not."""

import atexit
import os
from dataclasses import dataclass, field

import structlog

from connector.events import Event
from connector.settings.settings import Settings, in_clear_of
from connector.telemetry.check_ins import CheckIns, NoCheckIns
from connector.telemetry.tracing import Tracer, Untraced

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Telemetry:
    """What logs, pipeline and scheduled tasks are given."""

    observer: structlog.typing.Processor | None = None
    """Is shown the logs."""
    tracer: Tracer = field(default_factory=Untraced)
    check_ins: CheckIns = field(default_factory=NoCheckIns)


def open_telemetry(settings: Settings) -> Telemetry:
    """Open it, before the logs are configured. Nothing is connected yet, and without a DSN nothing is loaded."""
    if settings.sentry_dsn is None:
        return Telemetry()
    from connector.telemetry.sentry import Sentry  # noqa: PLC0415 - costs time and memory, where it serves

    sentry = Sentry(settings, settings.sentry_dsn.get_secret_value())
    # The last thing that a process does: what ends it is to be sent too.
    atexit.register(sentry.close)
    return Telemetry(observer=sentry.observer, tracer=sentry.tracer, check_ins=sentry)


def log_clear_addresses(settings: Settings) -> None:
    """Log, as a program starts, each address to which tokens, passwords or persons' data travel unencrypted, or may."""
    for variable in in_clear_of(settings, os.environ):
        _log.warning(Event.ADDRESS_IN_CLEAR, variable=variable)
