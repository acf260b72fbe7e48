"""From a log event to an incident: a structlog processor that shows Sentry what is worth an event, and changes nothing."""

import secrets
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import structlog

from connector.catalogue import CATALOGUE
from connector.telemetry.incidents import ADDS_TO, INCIDENTS
from connector.telemetry.privacy import known
from connector.telemetry.stack import Thrown, chain_of, place_of
from connector.telemetry.throttle import WINDOW_SECONDS, Cause, LeftOut, Throttle
from connector.telemetry.vocabulary import FIELDS, LISTS

Send = Callable[[dict[str, Any]], object]
"""Hands an event to the SDK, which sends it from a thread of its own."""
_LEVELS: Final = {"critical": "fatal", "error": "error"}
_OF_A_JOB: Final = ("tenant", "vendor", "job_id")
_GATHERED: Final = {"tenant": "tenants", "place": "places", "queue": "queues", "check": "checks"}


class Reporter:
    """The processor. Events come from any thread."""

    def __init__(self, send: Send, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._send = send
        self._monotonic = monotonic
        self._throttle = Throttle()
        self._last: dict[Cause, dict[str, Any]] = {}
        """What was last said of each cause of which something is left out."""
        self._lock = threading.RLock()
        self._timer: threading.Timer | None = None

    def __call__(
        self, _logger: structlog.typing.WrappedLogger, method: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        """Report an event that is worth it. Never raises: a log is written whatever becomes of its report."""
        name = str(event.get("event"))
        name = ADDS_TO.get(name, name)
        incident = INCIDENTS.get(name)
        if incident is None or str(event.get("code")) in incident.except_codes:
            return event
        try:
            self._report(name, method, event)
        except Exception as error:  # noqa: BLE001 - see above
            return {**event, "not_reported": type(error).__name__}
        return event

    def close(self) -> None:
        """Tell what was left out."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._tell_left_out(all_of_them=True)

    def _report(self, name: str, method: str, event: Mapping[str, Any]) -> None:
        chain = _chain(event)
        fields = {
            **{name: value for name, value in event.items() if name in FIELDS or name in LISTS},
            **({"exception": chain[0].kind, "place": place_of(chain)} if chain else {}),
        }
        if "provider" not in fields and (check := CATALOGUE.get(str(fields.get("check")))) is not None:
            fields["provider"] = check.provider
        if INCIDENTS[name].concerns_all:
            _widen(fields)
        safe = known(fields)
        cause = (name, *(safe.get(field, "-") for field in INCIDENTS[name].by))
        gathered: dict[str, Sequence[str]] = {
            listed: (safe[field],) for field, listed in _GATHERED.items() if field in safe
        }
        gathered |= {listed: fields[listed] for listed in LISTS if listed in fields}
        told = _event(name, _LEVELS.get(method, "warning"), fields, chain, event.get("trace_id"))
        with self._lock:
            left_out = self._throttle.admit(cause, safe.get("tenant", "-"), gathered, self._monotonic())
            if left_out is None:
                self._last[cause] = told
                self._wake_later()
                return
            self._last.pop(cause, None)
        self._send(_with_left_out(told, left_out))

    def _wake_later(self) -> None:
        if self._timer is None:
            self._timer = threading.Timer(WINDOW_SECONDS, self._wake)
            self._timer.daemon = True
            self._timer.start()

    def _wake(self) -> None:
        with self._lock:
            self._timer = None
            self._tell_left_out()
            if not self._throttle.is_silent:
                self._wake_later()

    def _tell_left_out(self, *, all_of_them: bool = False) -> None:
        for cause, left_out in self._throttle.due(self._monotonic(), all_of_them=all_of_them).items():
            told = self._last.pop(cause)
            # It speaks of several: whose the last one was says nothing.
            for name in _OF_A_JOB:
                told["contexts"]["incident"].pop(name, None)
            self._send(_with_left_out(told, left_out))


def _widen(fields: dict[str, Any]) -> None:
    """Have an incident of everybody's name a tenant among those concerned, rather than as its own."""
    named = {name: fields.pop(name, None) for name in _OF_A_JOB}
    if named["tenant"] is not None:
        fields["tenants"] = list(dict.fromkeys((*fields.get("tenants", ()), named["tenant"])))


def _chain(event: Mapping[str, Any]) -> tuple[Thrown, ...]:
    raised = event.get("exc_info")
    # ``exception`` says True: the one that is being handled.
    error = sys.exception() if raised is True else raised[1] if isinstance(raised, tuple) else raised
    return chain_of(error) if isinstance(error, BaseException) else ()


def _event(
    name: str, level: str, fields: Mapping[str, Any], chain: Sequence[Thrown], trace_id: object
) -> dict[str, Any]:
    """Return what the SDK is given; ``connector.telemetry.privacy`` makes of it what leaves."""
    return {
        "level": level,
        "contexts": {
            "incident": {"event": name, **fields},
            "trace": {
                "trace_id": trace_id if isinstance(trace_id, str) else secrets.token_hex(16),
                "span_id": secrets.token_hex(8),
            },
        },
        # The cause first, as Sentry reads them.
        **({"exception": {"values": [_value(thrown) for thrown in reversed(chain)]}} if chain else {}),
    }


def _value(thrown: Thrown) -> dict[str, Any]:
    return {
        "type": thrown.kind,
        "module": thrown.module,
        "stacktrace": {
            "frames": [
                {
                    "filename": frame.file,
                    "function": frame.function,
                    "lineno": frame.line,
                    "in_app": frame.is_ours,
                }
                for frame in thrown.frames
            ]
        },
    }


def _with_left_out(told: dict[str, Any], left_out: LeftOut) -> dict[str, Any]:
    if left_out.count:
        told["contexts"]["incident"].update(left_out=left_out.count, **left_out.values)
    return told
