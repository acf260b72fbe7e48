"""A job's story, as values: what the journal, the reply memory and the dead queues know of it, in order. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from connector.amqp.dead.letters import DeadLetter
from connector.storage.journal.record import UNKNOWN, Record
from connector.storage.replies.remembered import Remembered

_INTERRUPTED: Final = "unknown: the delivery was interrupted, or the call is under way"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that is known of a job."""

    at: datetime | None
    """None where it is not known."""
    vendor: str | None
    source: str
    """Where it was seen: ``journal``, ``reply memory``, or the name of a queue."""
    told: str

    def as_json(self) -> dict[str, Any]:
        """Return it in JSON's types."""
        at = None if self.at is None else self.at.isoformat()
        return {"at": at, "vendor": self.vendor, "source": self.source, "told": self.told}


def timeline(
    records: Iterable[Record], known: Iterable[Remembered], letters: Iterable[DeadLetter]
) -> list[Step]:
    """Return the steps in their order; those of unknown time last."""
    steps = [*map(_of_record, records), *map(_of_memory, known), *map(_of_letter, letters)]
    return sorted(steps, key=lambda step: (step.at is None, step.at.timestamp() if step.at else 0.0))


def unseen(
    steps: Sequence[Step], *, waiting: Mapping[str, int], has_journal: bool, memory_seconds: float
) -> Iterator[str]:
    """Yield what cannot be told, each a sentence; ``waiting`` counts what lies on the queues that hold sealed messages."""
    if not steps:
        yield "rejected jobs are not remembered: look for job.rejected in the workers' logs."
    sealed = sum(waiting.values())
    if sealed:
        held = ", ".join(f"{count} on {queue}" for queue, count in waiting.items() if count)
        yield f"sealed messages wait ({held}), and are not opened: whether this job is among them is not told."
    if not has_journal:
        yield "CONNECTOR_JOURNAL_KEY is not set here: calls are noted only by workers that have it."
    elif not any(step.source == "journal" for step in steps):
        yield "no call is in the journal: none was made, or its records are not written yet, or were purged."
    yield f"replies are forgotten after {memory_seconds:.0f} s; one that was delivered is on its vendor's side."
    yield "jobs in the hands of a worker, or not yet taken from their lane, are not looked at."


def _of_record(record: Record) -> Step:
    outcome = _INTERRUPTED if record.outcome == UNKNOWN else record.outcome
    http = "" if record.http_status is None else f", HTTP {record.http_status}"
    lasted = "" if record.duration_ms is None else f", {record.duration_ms} ms"
    return Step(
        at=record.at,
        vendor=record.vendor,
        source="journal",
        told=f"{record.lane}: call {record.attempt} of {record.check} ({record.endpoint}): {outcome}{http}{lasted}",
    )


def _of_memory(known: Remembered) -> Step:
    if known.is_answered:
        told = f"answered {known.ending or '(no key opens the reply)'}; written before it is published"
    elif known.is_deferred:
        told = f"deferred; taken for lost if it is not back by {known.busy_until:%H:%M:%S}"
    else:
        told = f"taken in, and not answered; its run is waited for until {known.busy_until:%H:%M:%S}"
    return Step(at=known.changed_at, vendor=known.vendor, source="reply memory", told=told)


def _of_letter(letter: DeadLetter) -> Step:
    origin = "" if letter.origin is None else f", from {letter.origin}"
    return Step(
        at=letter.since,
        vendor=letter.vendor,
        source=letter.queue,
        told=f"{letter.content}: {letter.reason}{origin}; see: ccas-connector dead show {letter.id}",
    )
