"""The pipeline: from a delivery to how it ends.

    admit ─▶ enter ─▶ recall ─▶ plan ─▶ ask (the checks at once) ─▶ conclude: assemble and remember, or put off

Deciding is pure, in the module of each step's name; ``enter`` takes the job in hand, or sets it aside for those of
others, ``recall`` and ``remember`` go to the reply memory, ``ask`` to the sources. What the pipeline returns is carried out by ``connector.messaging.settle``: publish, and only then
acknowledge.
"""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import structlog

from connector.admission import Admitted, admit
from connector.ask import SHORTEST_DEFERRAL_SECONDS, answer_check
from connector.assemble import as_duplicate, assemble, rejection
from connector.catalogue import CATALOGUE
from connector.clock import paris_day
from connector.decide import unexplained
from connector.journal.journal import Records
from connector.logs import bind_job
from connector.memory.standing import Busy, Claim, Conflict, Fresh, Known
from connector.messaging.delivery import Delivery
from connector.messaging.publisher import PublishError
from connector.plan import plan
from connector.progress import NOT_ASKED, CheckProgress, JobProgress, earliest
from connector.reasons import job_error
from connector.services import Services
from connector.settlement import Answer, Dead, DeadReason, Defer, SetAside, Settlement
from connector.telemetry.tracing import TracedJob, origin_of
from connector.withhold import progress_within, reply_within
from schemas.codes import JobCode
from schemas.reply import CheckReply, Reply

LOOK_AGAIN_SECONDS: Final = 5.0
"""Between two looks at whether another run of the same job has answered it."""
_log = structlog.get_logger(__name__)


async def verify(
    delivery: Delivery, records: Records, services: Services, *, was_set_aside: bool = False
) -> Settlement:
    """Run one delivery through the pipeline, its calls kept in ``records``. What nobody foresaw is answered too.

    Raises nothing but ``PublishError``: the connection to the broker ended before a call could be noted. A job that was
    set aside is not set aside again: its queue gives no more than may be in hand.
    """
    try:
        admitted = admit(
            delivery,
            services.registry.registry,
            services.clock(),
            require_user_id=services.require_user_id,
        )
        run = _begin(delivery, admitted, services) if isinstance(admitted, Admitted) else ""
    except Exception:  # noqa: BLE001 - nothing is lost, whatever fails
        _log.exception("job.unexpected_error", lane=delivery.lane)
        return Dead(DeadReason.UNEXPECTED_ERROR)
    if not isinstance(admitted, Admitted):
        return admitted
    flow = admitted.flow
    # A FranceConnect token never travels: a job that has one cannot wait elsewhere.
    if was_set_aside or admitted.job.france_connect_token is not None:
        services.intake.take(flow)
    elif not await services.intake.enter(flow):
        return SetAside(flow, delivery)
    services.metrics.job_taken_in_hand(delivery, services.clock())
    try:
        claim = _claim_of(delivery, admitted, run, services)
        return await _once(delivery, admitted, claim, records, services)
    except PublishError:
        raise
    except Exception:  # noqa: BLE001 - likewise
        _log.exception("job.unexpected_error", lane=delivery.lane)
        return _failed(delivery, admitted, services)
    finally:
        services.intake.leave(flow)


def give_up(delivery: Delivery, services: Services) -> Settlement:
    """Return how a job ends that is not tried again: answered ``failed``, where there is anybody to answer."""
    admitted = admit(
        delivery,
        services.registry.registry,
        services.clock(),
        require_user_id=services.require_user_id,
    )
    if not isinstance(admitted, Admitted):
        return admitted
    _begin(delivery, admitted, services)
    return _failed(delivery, admitted, services)


def _begin(delivery: Delivery, admitted: Admitted, services: Services) -> str:
    """Name the job in the running task's logs, and begin its trace; return the name of this run.

    A job's trace is its vendor's, else has the name of the run, which a job that is put off keeps.
    """
    run = delivery.progress.claim if delivery.progress else uuid4().hex
    origin = origin_of(delivery.trace)
    trace_id = run if origin is None else origin.trace_id
    vendor, tenant = admitted.vendor.name, admitted.tenant.siret
    bind_job(job_id=admitted.job.job_id, vendor=vendor, tenant=tenant, trace_id=trace_id)
    services.tracer.begin(
        TracedJob(delivery=delivery, vendor=vendor, tenant=tenant, trace_id=trace_id, origin=origin)
    )
    return run


def _claim_of(delivery: Delivery, admitted: Admitted, run: str, services: Services) -> Claim:
    """Return the name and the digests under which the reply memory knows this run of the job."""
    progress = delivery.progress
    return Claim(
        vendor=admitted.vendor.name,
        job_id=admitted.job.job_id,
        claim=run,
        digests=progress.digests if progress else services.vault.digests(delivery.body),
        redelivered=delivery.taken_before,
    )


async def _once(
    delivery: Delivery, admitted: Admitted, claim: Claim, records: Records, services: Services
) -> Settlement:
    """Run the job unless the same one was answered, or is being run."""
    with services.tracer.span("db", "recall the reply"):
        standing = await services.memory.recall(claim)
    match standing:
        case Known(reply):
            grant = services.registry.grant(admitted.vendor)
            return Answer(admitted.reply_to, as_duplicate(reply_within(reply, grant, CATALOGUE)))
        case Conflict():
            return _conflict(delivery, admitted, services)
        case Busy(until):
            return await _wait_for_another(delivery, admitted, claim, until, records, services)
        case Fresh(is_takeover=is_takeover):
            taken = replace(delivery, redelivered=True) if is_takeover else delivery
            try:
                return await _run(taken, admitted, claim, records, services)
            finally:
                services.memory.release(claim)


async def _wait_for_another(
    delivery: Delivery,
    admitted: Admitted,
    claim: Claim,
    until: datetime,
    records: Records,
    services: Services,
) -> Settlement:
    """Look again whether another run of the same job has answered it, until the deadline of this one."""
    now = services.clock()
    if now >= admitted.expires_at:
        checks = await _ask(delivery, admitted, records, services)
        answer = _answer(delivery, admitted, _replies(checks), services)
        return Answer(answer.queue, as_duplicate(answer.reply))
    progress = delivery.progress or JobProgress(claim=claim.claim, digests=claim.digests)
    soon = now + timedelta(seconds=SHORTEST_DEFERRAL_SECONDS)
    look_at = min(until, now + timedelta(seconds=LOOK_AGAIN_SECONDS), admitted.expires_at)
    return Defer(max(look_at, soon), replace(delivery, progress=progress))


async def _run(
    delivery: Delivery, admitted: Admitted, claim: Claim, records: Records, services: Services
) -> Settlement:
    checks = await _ask(delivery, admitted, records, services)
    at = earliest(tuple(checks.values()))
    if at is None:
        answer = _answer(delivery, admitted, _replies(checks), services)
        with services.tracer.span("db", "remember the reply"):
            await services.memory.remember(claim, answer.reply)
        return answer
    progress = JobProgress(claim=claim.claim, digests=claim.digests, checks=checks)
    await services.memory.put_off(claim, at)
    return Defer(at, replace(delivery, progress=progress))


async def _ask(
    delivery: Delivery, admitted: Admitted, records: Records, services: Services
) -> Mapping[str, CheckProgress]:
    """Ask the checks at once; return how far each has come, by its label, in the job's order."""
    grant = services.registry.grant(admitted.vendor)
    planned = plan(admitted.job, CATALOGUE, grant, paris_day(services.clock()))
    before = delivery.progress.checks if delivery.progress else {}
    accesses = records.of(admitted)
    asked = [
        answer_check(
            check,
            progress_within(check, before.get(check.request.label, NOT_ASKED)),
            admitted,
            accesses,
            services,
        )
        for check in planned
    ]
    # The common case: alone, a check needs no task of its own.
    come = [await asked[0]] if len(asked) == 1 else await _at_once(asked)
    return {check.request.label: progress for check, progress in zip(planned, come, strict=True)}


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


def _failed(delivery: Delivery, admitted: Admitted, services: Services) -> Answer:
    checks = [unexplained(request) for request in admitted.job.checks]
    return _answer(delivery, admitted, checks, services)


def _answer(
    delivery: Delivery, admitted: Admitted, checks: Sequence[CheckReply], services: Services
) -> Answer:
    services.metrics.checks_answered(checks)
    return Answer(admitted.reply_to, assemble(delivery, admitted.job, checks, services.clock()))


def _conflict(delivery: Delivery, admitted: Admitted, services: Services) -> Answer:
    error = job_error(
        JobCode.JOB_ID_CONFLICT,
        "Une autre demande a déjà été envoyée sous cet identifiant (job_id). En donner un nouveau à chaque demande.",
        "/job_id",
    )
    reply: Reply = rejection(delivery, (error,), services.clock(), admitted.job)
    return Answer(admitted.reply_to, reply)
