"""Where a job's time goes: a trace that continues the vendor's, and the port through which the pipeline tells of it.

Whether a job is traced is decided once, before anything is made: by the vendor, where it says and has not said it too
often, else by one draw.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType, TracebackType
from typing import Final, Literal, Protocol, Self

from connector.jobs.delivery import Delivery
from connector.jobs.settlement import Answer, Dead, Settlement
from schemas.codes import JobStatus

Status = Literal["ok", "cancelled", "internal_error", "invalid_argument", "deadline_exceeded", "unavailable"]
"""How a trace ended, in the words of Sentry and OpenTelemetry."""
_OF_A_REPLY: Final[Mapping[JobStatus, Status]] = MappingProxyType(
    {
        JobStatus.COMPLETED: "ok",
        # Somebody was served; which check failed is for the metrics.
        JobStatus.PARTIAL: "ok",
        JobStatus.FAILED: "internal_error",
        JobStatus.EXPIRED: "deadline_exceeded",
        JobStatus.REJECTED: "invalid_argument",
    }
)
_SENTRY: Final = re.compile(r"([0-9a-f]{32})-([0-9a-f]{16})(?:-([01]))?")
_W3C: Final = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")
_NOBODY: Final = frozenset({"0" * 32, "0" * 16})
_SAMPLED: Final = 0x01


@dataclass(frozen=True, slots=True)
class Origin:
    """The vendor's span that published a job, as its headers name it."""

    trace_id: str
    """32 hexadecimal digits."""
    span_id: str
    """16 of them."""
    is_sampled: bool | None
    """None: the vendor leaves it open."""


def origin_of(headers: Mapping[str, str]) -> Origin | None:
    """Return what ``sentry-trace`` says, else ``traceparent``; None where neither says anything."""
    if not headers:
        return None
    if (found := _SENTRY.fullmatch(headers.get("sentry-trace", ""))) and _NOBODY.isdisjoint(found.groups()):
        decided = found[3]
        return Origin(found[1], found[2], None if decided is None else decided == "1")
    if (found := _W3C.fullmatch(headers.get("traceparent", ""))) and _NOBODY.isdisjoint(found.groups()):
        return Origin(found[1], found[2], bool(int(found[3], 16) & _SAMPLED))
    return None


def status_of(settlement: Settlement) -> Status:
    """Return how the run of a job ended that was settled so; to go on later, from another queue, is no failure."""
    match settlement:
        case Answer(reply=reply):
            return _OF_A_REPLY[reply.status]
        case Dead():
            return "internal_error"
        case _:
            return "ok"


class Span(Protocol):
    """A part of a job's time; a context manager, which ends it."""

    def note(self, name: str, value: str | int) -> None:
        """Say something of it, of what ``connector.telemetry.vocabulary`` lets leave."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, frames: TracebackType | None
    ) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedJob:
    """What a trace says of its job."""

    delivery: Delivery
    vendor: str
    tenant: str
    trace_id: str
    origin: Origin | None


class Tracer(Protocol):
    """Traces the job of the running task; of a job that is not traced, each of these does nothing."""

    def begin(self, job: TracedJob) -> None:
        """Begin to trace the job, if it is to be; a job that is begun again goes on."""
        ...

    def span(self, op: str, name: str) -> Span:
        """Return a span of the job."""
        ...

    def carried_on(self, given: Mapping[str, str]) -> Mapping[str, str]:
        """Return the headers with which a reply carries the trace on, from those that its job came with."""
        ...

    def end(self, status: Status) -> None:
        """End the job's trace, and send it."""
        ...


class _NoSpan:
    """A span of a job that is not traced."""

    def note(self, name: str, value: str | int) -> None:
        """Say nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        pass


NO_SPAN: Final = _NoSpan()


class Untraced:
    """The tracer where there is nowhere to send a trace."""

    def begin(self, job: TracedJob) -> None:
        """Trace nothing."""

    def span(self, op: str, name: str) -> Span:  # noqa: ARG002 - the port's
        """Return a span that says nothing."""
        return NO_SPAN

    def carried_on(self, given: Mapping[str, str]) -> Mapping[str, str]:
        """Return the headers unchanged."""
        return given

    def end(self, status: Status) -> None:
        """End nothing."""
