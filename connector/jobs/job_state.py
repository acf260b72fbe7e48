"""Where a job stands with the reply memory, decided as values. Pure."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from schemas.reply import Reply

DEFERRED_SECONDS: Final = 15.0
"""How long after it was due a run that was deferred is still waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyKey:
    """What a job is known by, and which run of it asks whether to go ahead."""

    vendor: str
    job_id: str
    claim: str
    """Names the run, across deferrals."""
    digests: tuple[str, ...]
    """Keyed digests of the body, under each key, the current one first."""
    redelivered: bool
    """An earlier run of this very delivery may have died."""

    @property
    def key(self) -> tuple[str, str]:
        """What a job is known by."""
        return self.vendor, self.job_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is remembered of a job."""

    claim: str
    """The run that holds it."""
    digest: str
    busy_until: datetime
    """The run that holds it is waited for until then."""
    is_deferred: bool
    """It was deferred, and waits outside of the worker."""
    sealed_reply: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Fresh:
    """Run it."""

    is_takeover: bool = False
    """Another run held it, which may have answered, or may yet."""
    is_noted: bool = False
    """The records of its first calls, which came with its claim, are in the access journal."""


@dataclass(frozen=True, slots=True)
class Known:
    """It was answered."""

    reply: Reply = field(repr=False)


@dataclass(frozen=True, slots=True)
class Conflict:
    """Another body came under this ``job_id``."""


@dataclass(frozen=True, slots=True)
class Busy:
    """Another run of the same job is under way: look again then."""

    until: datetime


JobState = Fresh | Known | Conflict | Busy


def standing(claim: IdempotencyKey, entry: Entry, now: datetime) -> Fresh | Conflict | Busy | bytes:
    """Return where ``claim`` stands, given what is remembered of its job; bytes are the sealed reply.

    A run takes over from one that is late, or, when its own delivery came again, from one that was in flight: the
    worker that had it is gone, or no longer has it. What was written under a key that is gone is as if forgotten.
    """
    if not _is_comparable(claim, entry):
        return Fresh(is_takeover=True)
    if entry.digest not in claim.digests:
        return Conflict()
    if entry.sealed_reply is not None:
        return entry.sealed_reply
    if entry.claim == claim.claim:
        return Fresh()
    if entry.busy_until <= now or (claim.redelivered and not entry.is_deferred):
        return Fresh(is_takeover=True)
    return Busy(entry.busy_until)


def _is_comparable(claim: IdempotencyKey, entry: Entry) -> bool:
    return any(key_of(digest) == key_of(entry.digest) for digest in claim.digests)


def key_of(digest: str) -> str:
    """Return the name of the key that a keyed digest was made with."""
    return digest.partition(":")[0]
