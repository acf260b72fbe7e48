"""Failures on demand: what a provider is to fail with, and which failure is in force for a call.

A failure is a record, whoever asks for it; those in force are a value that each decision is read from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from connector.sandbox.faults import PROVIDERS

DGFIP: Final = "dgfip"
EVERY: Final = "*"
FAILING: Final = (*sorted((*PROVIDERS, DGFIP)), EVERY)
"""Every name that a failure may give as its provider."""
LONGEST_HANG_SECONDS: Final = 120.0
_LONGEST_SECONDS: Final = 366 * 24 * 3600


class Kind(StrEnum):
    """How a provider fails."""

    QUOTA = "429"
    BAD_ANSWER = "502"
    UNAVAILABLE = "503"
    LATE = "504"
    MAINTENANCE = "maintenance"
    NETWORK = "network"
    DNS = "dns"
    TLS = "tls"
    TEMPORARY = "temporary"
    PROVIDER_QUOTA = "provider-quota"
    """The provider refuses the platform's calls, whoever made them."""
    CONFLICT = "conflict"
    """Only calls identical to one already in flight fail."""
    RESET = "reset"
    """The connection is reset without an answer."""
    TIMEOUT = "timeout"
    """The call hangs, and the connection is reset if the client is still there."""

    @property
    def is_silent(self) -> bool:
        """Tell whether no HTTP answer comes."""
        return self in {Kind.RESET, Kind.TIMEOUT}

    @property
    def is_refusal(self) -> bool:
        """Tell whether calls are refused while the provider itself is up, as its ping says."""
        return self in {Kind.QUOTA, Kind.CONFLICT}


def _known(provider: str) -> str:
    if provider not in FAILING:
        raise ValueError(f"one of {' '.join(FAILING)}")
    return provider


class Failure(BaseModel):
    """What a provider is to fail with. Raises pydantic's ``ValidationError``."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)

    provider: Annotated[str, AfterValidator(_known)]
    """Path segment of its endpoints, ``dgfip`` for both sources of the tax notice, ``*`` for every one."""
    kind: Kind
    for_seconds: Annotated[float, Field(gt=0, le=_LONGEST_SECONDS)] | None = None
    """How long it is in force; None: until cleared."""
    times: Annotated[int, Field(ge=1)] | None = None
    """How many calls fail; None: every one."""
    retry_in_seconds: Annotated[int, Field(ge=0, le=_LONGEST_SECONDS)] | None = None
    """What the answer asks to wait."""
    after_seconds: Annotated[float, Field(ge=0, le=LONGEST_HANG_SECONDS)] | None = None
    """How long a call hangs; None: until the client gives up, at most ``LONGEST_HANG_SECONDS``."""

    @model_validator(mode="after")
    def _means_something(self) -> Self:
        if self.after_seconds is not None and self.kind is not Kind.TIMEOUT:
            raise ValueError("a time to hang is for the kind timeout")
        if self.retry_in_seconds is not None and self.kind.is_silent:
            raise ValueError("a failure without an answer cannot ask to wait")
        return self


@dataclass(frozen=True, slots=True)
class InForce:
    """A failure, since when it is in force, and how many calls have met it."""

    failure: Failure
    since: datetime
    calls: int = 0

    def seconds_left(self, now: datetime) -> float | None:
        """Return for how long it stays in force, None where no time ends it."""
        if self.failure.for_seconds is None:
            return None
        return self.failure.for_seconds - (now - self.since).total_seconds()

    @property
    def calls_left(self) -> int | None:
        """How many more calls fail, None where no count ends it."""
        return None if self.failure.times is None else self.failure.times - self.calls

    def holds(self, now: datetime) -> bool:
        """Tell whether it is still in force."""
        seconds, calls = self.seconds_left(now), self.calls_left
        return (seconds is None or seconds > 0) and (calls is None or calls > 0)


@dataclass(frozen=True, slots=True)
class Failures:
    """The failures of every provider, at most one each."""

    by_provider: Mapping[str, InForce] = field(default_factory=dict)

    def of(self, now: datetime, *providers: str) -> InForce | None:
        """Return the failure in force for the first of these that has one of its own, else the one for every provider."""
        return self.of_call(now, *providers, is_twin=True)

    def of_call(self, now: datetime, *providers: str, is_twin: bool) -> InForce | None:
        """Return the failure that a call meets; a twin is identical to a call already in flight."""
        known = (self.by_provider.get(name) for name in (*providers, EVERY))
        in_force = (one for one in known if one is not None and one.holds(now))
        return next((one for one in in_force if is_twin or one.failure.kind is not Kind.CONFLICT), None)

    def in_force(self, now: datetime) -> tuple[InForce, ...]:
        """Return those still in force, by provider."""
        return tuple(one for _name, one in sorted(self.by_provider.items()) if one.holds(now))

    def starting(self, failure: Failure, now: datetime) -> "Failures":
        """Return them with a failure that starts, in place of that provider's former one."""
        return Failures({**self.by_provider, failure.provider: InForce(failure, now)})

    def met(self, one: InForce) -> "Failures":
        """Return them after a call that met one of them."""
        return Failures({**self.by_provider, one.failure.provider: replace(one, calls=one.calls + 1)})

    def without(self, provider: str) -> "Failures":
        """Return them without the one that names ``provider``."""
        return Failures({name: one for name, one in self.by_provider.items() if name != provider})


class Failing:
    """The failures of a running sandbox, as they change."""

    def __init__(self) -> None:
        self.failures = Failures()

    def start(self, failure: Failure, now: datetime) -> InForce:
        """Let a provider fail from now on, and return the failure in force."""
        self.failures = self.failures.starting(failure, now)
        return self.failures.by_provider[failure.provider]

    def recover(self, provider: str | None) -> None:
        """End the failure that names ``provider``, or every one."""
        self.failures = Failures() if provider is None else self.failures.without(provider)

    def meet(self, now: datetime, *providers: str, is_twin: bool) -> InForce | None:
        """Return the failure that a call which asks these one after the other meets, as it was before, and count the call."""
        one = self.failures.of_call(now, *providers, is_twin=is_twin)
        if one is not None:
            self.failures = self.failures.met(one)
        return one
