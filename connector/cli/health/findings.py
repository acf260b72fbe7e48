"""What looks at a deployment mean, as values: whether jobs are answered, and what wants a look. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from connector.amqp.queue_state import QueueState
from connector.amqp.topology import (
    DEAD,
    JOURNAL,
    OVERFLOW_PREFIX,
    UNDELIVERABLE,
    deferred_queue,
    lane_queue,
    quarantine_queue,
)
from connector.jobs.records import Flow, Lane
from connector.storage.presence import Presence

READY: Final = "ready"
_LANE_OF: Final = {name(lane): lane for lane in Lane for name in (lane_queue, deferred_queue)}
_QUARANTINES: Final = tuple(quarantine_queue(lane) for lane in Lane)
"""Workers look at these from time to time."""
_AWAY: Final = {
    "reply_memory": "jobs are answered without their memory",
    "journal": "the journal's records wait on the broker",
    "shared_state": "each worker keeps to its share of every quota",
}


class Severity(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARNING = "warning"
    """Jobs are answered, and somebody is to look."""
    FAILURE = "failure"
    """Jobs are not answered, or not all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one look at a part of the deployment has shown."""

    part: str
    severity: Severity
    detail: str

    def as_dict(self) -> dict[str, Any]:
        """Return it in JSON's types."""
        is_well = self.severity is not Severity.FAILURE
        return {"part": self.part, "is_well": is_well, "severity": self.severity, "detail": self.detail}


def worst(findings: Iterable[Finding]) -> Severity:
    """Return the severity of the worst."""
    found = {finding.severity for finding in findings}
    return next(
        (severity for severity in (Severity.FAILURE, Severity.WARNING) if severity in found), Severity.OK
    )


def of_workers(alive: Sequence[Presence], now: datetime) -> list[Finding]:
    """Return a finding for all workers, and one for each part that some of them go on without."""
    told = "; ".join(_of_worker(worker, now) for worker in alive)
    ready = [worker for worker in alive if worker.sees.state == READY]
    findings = [
        Finding(
            part="workers",
            severity=Severity.OK if ready else Severity.FAILURE,
            detail=told or "none is alive; start one: ccas-connector worker",
        )
    ]
    for name in sorted({name for worker in alive for name in worker.sees.away}):
        without = sum(name in worker.sees.away for worker in alive)
        detail = f"{without} of {len(alive)} workers go on without it: {_AWAY.get(name, 'see their logs')}"
        findings.append(Finding(part=name, severity=Severity.WARNING, detail=detail))
    if any(worker.sees.is_address_paused for worker in alive):
        detail = "no call goes from this address: the API has refused too many; see address.paused"
        findings.append(Finding(part="address", severity=Severity.FAILURE, detail=detail))
    if any(worker.sees.is_journal_held_up for worker in alive):
        detail = "the broker keeps no records, hence no call is made; see journal.unconfirmed"
        findings.append(Finding(part="journal", severity=Severity.FAILURE, detail=detail))
    breakers = sorted({name for worker in alive for name in worker.sees.open_breakers})
    held_back = f"held back: {', '.join(breakers)}" if breakers else "none is held back"
    severity = Severity.WARNING if breakers else Severity.OK
    return [*findings, Finding(part="providers", severity=severity, detail=held_back)]


def _of_worker(worker: Presence, now: datetime) -> str:
    lanes = "+".join(worker.sees.lanes)
    seconds = max(0, round((now - worker.seen_at).total_seconds()))
    return f"{lanes} on {worker.host} ({worker.process}), {worker.sees.state}, {seconds} s ago"


def of_queues(
    states: Mapping[str, QueueState | None], alive: Sequence[Presence] | None, *, has_journal: bool
) -> list[Finding]:
    """Return a finding per queue: one that jobs come through needs a worker that is ready.

    ``alive`` None: the database does not tell, and the broker's count of consumers, of dead nodes too, has to do.
    """
    return [_of_queue(name, state, alive, has_journal=has_journal) for name, state in states.items()]


def of_overflows(states: Mapping[Flow, QueueState | None], alive: Sequence[Presence] | None) -> Finding:
    """Return one finding for all overflow queues."""
    busy = {flow: state for flow, state in states.items() if state is not None and state.waiting}
    waiting = f"{sum(state.waiting for state in busy.values())} waiting of {len(busy)} flows"
    alone = sorted(
        str(flow.lane) for flow, state in busy.items() if not _is_taken(state, Lane(flow.lane), alive)
    )
    return Finding(
        part=f"{OVERFLOW_PREFIX}*",
        severity=Severity.FAILURE if alone else Severity.OK,
        detail=f"{waiting}; no worker takes those of the lane {alone[0]}" if alone else waiting,
    )


def _of_queue(
    name: str, state: QueueState | None, alive: Sequence[Presence] | None, *, has_journal: bool
) -> Finding:
    if state is None:
        detail = "does not exist; run: ccas-connector topology declare, or start a worker"
        return Finding(part=name, severity=Severity.FAILURE, detail=detail)
    waiting = f"{state.waiting} waiting"
    look = Severity.WARNING if state.waiting else Severity.OK
    if name in (DEAD, UNDELIVERABLE):
        hint = "; look with: ccas-connector dead list" if state.waiting else ""
        return Finding(part=name, severity=look, detail=f"{waiting}{hint}")
    if name in _QUARANTINES:
        hint = ": jobs that may have ended workers" if state.waiting else ""
        return Finding(part=name, severity=look, detail=f"{waiting}{hint}")
    if name == JOURNAL and not has_journal:
        hint = ", and CONNECTOR_JOURNAL_KEY is not set here" if state.waiting else ": the journal is off"
        severity = Severity.FAILURE if state.waiting else Severity.OK
        return Finding(part=name, severity=severity, detail=f"{waiting}{hint}")
    if not _is_taken(state, _LANE_OF.get(name), alive):
        detail = f"{waiting}, and no worker takes them"
        return Finding(part=name, severity=Severity.FAILURE, detail=detail)
    return Finding(part=name, severity=Severity.OK, detail=waiting)


def _is_taken(state: QueueState, lane: Lane | None, alive: Sequence[Presence] | None) -> bool:
    """Tell whether a worker that is ready takes from a queue of a lane; of any, where it has none."""
    if alive is None:
        return state.consumers > 0
    ready = (worker for worker in alive if worker.sees.state == READY)
    return any(lane is None or lane.value in worker.sees.lanes for worker in ready)
