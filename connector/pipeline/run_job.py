"""The pipeline: from a delivery to how it ends.

    admit ─▶ plan ─▶ enter ─▶ get ─▶ the checks at once ─▶ assemble ─▶ store, or defer

Deciding is pure, in the module of each step's name. ``enter`` takes the job in, or has it overflow (``limits.entry``). ``get`` and
``store`` are the reply memory's. The checks go to their sources (``run_check``). What the pipeline returns is carried out by
``connector.pipeline.settle``: publish, and only then acknowledge.
"""

import asyncio
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import structlog

from connector.amqp.confirmed_channel import PublishError
from connector.catalogue import CATALOGUE
from connector.checks.admission import Admitted, admit
from connector.checks.advance import PlannedJob, any_call, progress_within
from connector.checks.assemble import assemble, rejection, reply_within
from connector.checks.decide import unexplained
from connector.checks.plan import PlannedCall, plan
from connector.checks.reasons import job_error
from connector.clock import paris_day
from connector.events import Event
from connector.jobs.delivery import Delivery
from connector.jobs.job_state import Busy, Conflict, Fresh, IdempotencyKey, Known
from connector.jobs.progress import NOT_ASKED, CheckProgress, earliest
from connector.jobs.records import Lane
from connector.jobs.settlement import Answer, Dead, DeadReason, Defer, Overflow, Settlement, as_duplicate
from connector.limits.entry import enter, overflow_unplanned
from connector.limits.intake import Door
from connector.pipeline.ports import Running
from connector.pipeline.run_check import SHORTEST_DEFERRAL_SECONDS, may_set_out, run_check
from connector.pipeline.settle import Kept
from connector.storage.journal.journal import Accesses
from connector.telemetry.logs import bind_job
from connector.telemetry.tracing import TracedJob, origin_of
from schemas.codes import JobCode
from schemas.reply import CheckReply, Reply

LOOK_AGAIN_SECONDS: Final = 5.0
"""Before the first look at whether another run of the same job has answered it; it doubles with each."""
LONGEST_LOOK_SECONDS: Final = 600.0
MOST_AHEAD: Final = 5
"""Calls of one job whose records are made ahead: a quota lets so many through at once."""
_log = structlog.get_logger(__name__)


async def verify(
    delivery: Delivery,
    kept: Kept,
    ports: Running,
    *,
    door: Door | None = None,
    can_wait: bool = True,
) -> Settlement:
    """Run one delivery through the pipeline, what it leaves in ``kept``. What nobody foresaw is answered too.

    ``door`` is the lane that the job was read from. It is None for a job of an overflow queue, which is taken in whatever the room:
    that queue gives a worker no more than it may have. ``can_wait`` says whether an overflow queue can be made. Raises nothing but ``PublishError``: the connection to the broker ended before a call could be noted.
    """
    try:
        admitted = _at_the_door(delivery, door, ports, can_wait=can_wait)
        if not isinstance(admitted, Admitted):
            return admitted
        run = _begin(delivery, admitted, ports)
    except Exception:  # noqa: BLE001 - nothing is lost, whatever fails
        _log.exception(Event.JOB_UNEXPECTED_ERROR, lane=delivery.lane)
        return Dead(DeadReason.UNEXPECTED_ERROR)
    try:
        job = _job_of(delivery, admitted, run, ports)
        entry = await enter(job, door, ports.intake, can_wait=can_wait)
    except Exception:  # noqa: BLE001 - likewise
        _log.exception(Event.JOB_UNEXPECTED_ERROR, lane=delivery.lane)
        return _failed(delivery, admitted, ports)
    if isinstance(entry, Overflow):
        return entry
    try:
        ports.metrics.job_taken_in(delivery, ports.clock())
        return await _once(entry, kept, ports)
    except PublishError:
        raise
    except Exception:  # noqa: BLE001 - likewise
        _log.exception(Event.JOB_UNEXPECTED_ERROR, lane=delivery.lane)
        return _failed(delivery, admitted, ports)
    finally:
        ports.intake.leave(admitted.flow, door)


def give_up(delivery: Delivery, ports: Running) -> Settlement:
    """Return how a job ends that is not tried again: answered ``failed``, where there is anybody to answer."""
    admitted = _admit(delivery, ports)
    if not isinstance(admitted, Admitted):
        return admitted
    _begin(delivery, admitted, ports)
    return _failed(delivery, admitted, ports)


async def turn_away(delivery: Delivery, kept: Kept, ports: Running) -> Settlement:
    """Return how a job ends that can neither be taken in nor wait: its open checks ``rate_limited``, without a call."""
    admitted = _admit(delivery, ports)
    if not isinstance(admitted, Admitted):
        return admitted
    run = _begin(delivery, admitted, ports)
    job = _job_of(delivery, admitted, run, ports).turned_away(any_call)
    checks = await _ask(job, kept.records.of(admitted), ports)
    return _answer(delivery, admitted, _replies(checks), ports)


def _at_the_door(
    delivery: Delivery, door: Door | None, ports: Running, *, can_wait: bool
) -> Admitted | Answer | Dead | Overflow:
    """Admit the job, unless it has to make room for others whatever its plan is."""
    admitted = _admit(delivery, ports)
    if door is None or not can_wait or not isinstance(admitted, Admitted):
        return admitted
    return overflow_unplanned(delivery, admitted, door, ports.intake) or admitted


def _admit(delivery: Delivery, ports: Running) -> Admitted | Answer | Dead:
    """Admit the job as things are now: by the registry and the clock of this worker."""
    return admit(
        delivery,
        ports.registry.registry,
        ports.clock(),
        require_user_id=ports.require_user_id,
    )


def _begin(delivery: Delivery, admitted: Admitted, ports: Running) -> str:
    """Name the job in the running task's logs, and begin its trace; return the name of this run.

    A job's trace is its vendor's, else has the name of the run, which a job that is deferred keeps.
    """
    run = delivery.progress.claim if delivery.progress else uuid4().hex
    origin = origin_of(delivery.trace)
    trace_id = run if origin is None else origin.trace_id
    vendor, tenant = admitted.vendor.name, admitted.tenant.siret
    bind_job(job_id=admitted.job.job_id, vendor=vendor, tenant=tenant, trace_id=trace_id)
    ports.tracer.begin(
        TracedJob(delivery=delivery, vendor=vendor, tenant=tenant, trace_id=trace_id, origin=origin)
    )
    return run


def _job_of(delivery: Delivery, admitted: Admitted, run: str, ports: Running) -> PlannedJob:
    """Return the job planned, with what is known of it already, as far as its vendor may know it now."""
    grant = ports.registry.grant(admitted.vendor)
    planned = plan(admitted.job, CATALOGUE, grant, paris_day(ports.clock()))
    before = delivery.progress.checks if delivery.progress else {}
    return PlannedJob(
        delivery=delivery,
        admitted=admitted,
        claim=_claim_of(delivery, admitted, run, ports),
        planned=planned,
        checks={
            check.request.label: progress_within(check, before.get(check.request.label, NOT_ASKED))
            for check in planned
        },
    )


def _claim_of(delivery: Delivery, admitted: Admitted, run: str, ports: Running) -> IdempotencyKey:
    """Return the name and the digests under which the reply memory knows this run of the job."""
    progress = delivery.progress
    return IdempotencyKey(
        vendor=admitted.vendor.name,
        job_id=admitted.job.job_id,
        claim=run,
        digests=progress.digests if progress else ports.vault.digests(delivery.body),
        redelivered=delivery.taken_before,
    )


async def _once(job: PlannedJob, kept: Kept, ports: Running) -> Settlement:
    """Run the job unless the same one was answered, or is being run."""
    accesses = kept.records.of(job.admitted)
    ahead = accesses.expect(_expected(job, ports)) if ports.memory.takes_records else ()
    with ports.tracer.span("db", "recall the reply"):
        standing = await ports.memory.get(job.claim, ahead)
    match standing:
        case Known(reply):
            grant = ports.registry.grant(job.admitted.vendor)
            return Answer(job.admitted.reply_to, as_duplicate(reply_within(reply, grant, CATALOGUE)))
        case Conflict():
            return _conflict(job.delivery, job.admitted, ports)
        case Busy(until):
            return await _wait_for_another(job, until, kept, ports)
        case Fresh(is_takeover=is_takeover, is_noted=is_noted):
            taken = replace(job, delivery=replace(job.delivery, redelivered=True)) if is_takeover else job
            if is_noted:
                accesses.keep_expected()
            try:
                return await _run(taken, accesses, kept, ports)
            finally:
                ports.memory.release(job.claim)


async def _wait_for_another(job: PlannedJob, until: datetime, kept: Kept, ports: Running) -> Settlement:
    """Look again, ever more rarely, whether another run of the same job has answered it, until this one's deadline."""
    now, admitted = ports.clock(), job.admitted
    if now >= admitted.expires_at:
        checks = await _ask(job, kept.records.of(admitted), ports)
        return _as_duplicate(_answer(job.delivery, admitted, _replies(checks), ports))
    looks = job.delivery.progress.looks if job.delivery.progress else 0
    again_seconds = min(LOOK_AGAIN_SECONDS * 2.0**looks, LONGEST_LOOK_SECONDS)
    soon = now + timedelta(seconds=SHORTEST_DEFERRAL_SECONDS)
    look_at = max(min(until, now + timedelta(seconds=again_seconds), admitted.expires_at), soon)
    settlement = _defer(job, look_at, ports, looks=looks + 1)
    return _as_duplicate(settlement) if isinstance(settlement, Answer) else settlement


def _as_duplicate(answer: Answer) -> Answer:
    return Answer(answer.queue, as_duplicate(answer.reply))


async def _run(job: PlannedJob, accesses: Accesses, kept: Kept, ports: Running) -> Settlement:
    try:
        checks = await _ask(job, accesses, ports)
    finally:
        accesses.close()
    at = earliest(tuple(checks.values()))
    if at is None:
        answer = _answer(job.delivery, job.admitted, _replies(checks), ports)
        kept.store(answer.reply, job.claim, ports.memory)
        return answer
    settlement = _defer(replace(job, checks=checks), at, ports)
    if isinstance(settlement, Defer):
        await ports.memory.defer(job.claim, at)
    return settlement


def _defer(job: PlannedJob, at: datetime, ports: Running, *, looks: int = 0) -> Answer | Defer:
    """Have the job come back at ``at``, or answer it as it stands where too many of its vendor's are away."""
    admitted = job.admitted
    if ports.deferrals.defer(admitted.vendor.name, at, len(job.delivery.body)):
        return Defer(at, job.deferred(looks))
    return _answer(job.delivery, admitted, _replies(job.turned_away(any_call).checks), ports)


def _expected(job: PlannedJob, ports: Running) -> Iterator[tuple[PlannedCall, int]]:
    """Yield the calls that will most likely set out as soon as the job is claimed, each with its number among its check's.

    An agent waits for an interactive job's calls; those of a campaign wait for their turns, and interruptions would leave their records.
    """
    if job.admitted.lane is not Lane.INTERACTIVE:
        return
    for check in job.planned[:MOST_AHEAD]:
        progress = job.checks[check.request.label]
        if isinstance(check, PlannedCall) and may_set_out(check, progress, job.admitted, ports):
            yield check, progress.calls + 1


async def _ask(job: PlannedJob, accesses: Accesses, ports: Running) -> Mapping[str, CheckProgress]:
    """Ask the checks at once; return how far each has come, by its label, in the job's order."""
    asked = [
        run_check(check, job.checks[check.request.label], job.admitted, accesses, ports)
        for check in job.planned
    ]
    # The common case: alone, a check needs no task of its own.
    come = [await asked[0]] if len(asked) == 1 else await _at_once(asked)
    return {check.request.label: progress for check, progress in zip(job.planned, come, strict=True)}


async def _at_once(asked: Sequence[Coroutine[Any, Any, CheckProgress]]) -> list[CheckProgress]:
    """Return how far each check has come; when the connection ends for one, none goes on asking for nobody."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in asked]
    except* PublishError as ended:
        raise PublishError(str(ended.exceptions[0])) from ended
    return [task.result() for task in tasks]


def _replies(checks: Mapping[str, CheckProgress]) -> list[CheckReply]:
    return [check.reply for check in checks.values() if check.reply is not None]


def _failed(delivery: Delivery, admitted: Admitted, ports: Running) -> Answer:
    checks = [unexplained(request) for request in admitted.job.checks]
    return _answer(delivery, admitted, checks, ports)


def _answer(delivery: Delivery, admitted: Admitted, checks: Sequence[CheckReply], ports: Running) -> Answer:
    ports.metrics.checks_answered(checks)
    return Answer(admitted.reply_to, assemble(delivery, admitted.job, checks, ports.clock()))


def _conflict(delivery: Delivery, admitted: Admitted, ports: Running) -> Answer:
    error = job_error(
        JobCode.JOB_ID_CONFLICT,
        "Une autre demande a déjà été envoyée sous cet identifiant (job_id). En donner un nouveau à chaque demande.",
        "/job_id",
    )
    reply: Reply = rejection(delivery, (error,), ports.clock(), admitted.job)
    return Answer(admitted.reply_to, reply)
