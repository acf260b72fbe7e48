"""Whether a deployment can answer jobs, from outside of its workers: findings as values, and how they are found."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from connector.amqp.queue_state import QueueState, queue_state
from connector.amqp.topology import (
    DEAD,
    JOURNAL,
    OVERFLOW_PREFIX,
    UNDELIVERABLE,
    deferred_queue,
    lane_queue,
    overflow_queue,
    quarantine_queue,
)
from connector.jobs.records import Flow, Lane

_PROBE_SECONDS: Final = 5.0
_OK: Final = 200
_QUARANTINES: Final = tuple(quarantine_queue(lane) for lane in Lane)
"""Workers look at these from time to time, and have no consumer there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one look at a part of the deployment has shown."""

    part: str
    is_well: bool
    detail: str


def queue_states(connection: Any) -> Mapping[str, QueueState | None]:
    """Return the state of each queue that jobs pass through; None for one that does not exist."""
    lanes = [name for lane in Lane for name in (lane_queue(lane), deferred_queue(lane))]
    return {
        name: queue_state(connection, name) for name in (*lanes, *_QUARANTINES, JOURNAL, DEAD, UNDELIVERABLE)
    }


def judge(states: Mapping[str, QueueState | None], *, has_journal: bool) -> list[Finding]:
    """Return a finding per queue: one that jobs come through needs a worker; dead letters want a look."""
    return [_judge_queue(name, state, has_journal=has_journal) for name, state in states.items()]


def judge_overflows(connection: Any, overflows: Iterable[Flow]) -> Finding:
    """Return one finding for all overflow queues."""
    known = {queue: queue_state(connection, queue) for queue in map(overflow_queue, overflows)}
    busy = {queue: state for queue, state in known.items() if state is not None and state.waiting}
    waiting = f"{sum(state.waiting for state in busy.values())} waiting of {len(busy)} flows"
    alone = sorted(queue for queue, state in busy.items() if state.consumers == 0)
    detail = f"{waiting}; no worker takes from {alone[0]}" if alone else waiting
    return Finding(part=f"{OVERFLOW_PREFIX}*", is_well=not alone, detail=detail)


def probe(url: str) -> list[Finding]:
    """Return what a worker's own ``/live`` and ``/ready`` say."""
    return [_probe(url, path) for path in ("live", "ready")]


def _judge_queue(name: str, state: QueueState | None, *, has_journal: bool) -> Finding:
    if state is None:
        return Finding(
            part=name,
            is_well=False,
            detail="does not exist; run: ccas-connector topology declare, or start a worker",
        )
    waiting = f"{state.waiting} waiting"
    if name in (DEAD, UNDELIVERABLE):
        hint = "; look with: ccas-connector dead list" if state.waiting else ""
        return Finding(part=name, is_well=True, detail=f"{waiting}{hint}")
    if name in _QUARANTINES:
        return Finding(part=name, is_well=True, detail=waiting)
    if name == JOURNAL and not has_journal:
        hint = ", and CONNECTOR_JOURNAL_KEY is not set here" if state.waiting else ": the journal is off"
        return Finding(part=name, is_well=not state.waiting, detail=f"{waiting}{hint}")
    if state.consumers == 0:
        return Finding(part=name, is_well=False, detail=f"{waiting}, and no worker takes them")
    return Finding(part=name, is_well=True, detail=f"{waiting}, {state.consumers} workers")


def _probe(url: str, path: str) -> Finding:
    try:
        answer = httpx.get(f"{url.rstrip('/')}/{path}", timeout=_PROBE_SECONDS, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Finding(part=f"worker {path}", is_well=False, detail=f"no answer ({type(error).__name__})")
    is_well = answer.status_code == _OK
    detail = "yes" if is_well else f"no ({answer.status_code})"
    return Finding(part=f"worker {path}", is_well=is_well, detail=detail)
