"""One check, as a machine: from how far it has come to its next step, until it is answered or has to wait elsewhere.

    gate ─▶ journal ─▶ call ─▶ decide ─▶ heed ─▶ advance ─▶ (gate …)

Each is a value that the next takes: a passage, a call that has ended, the check's progress.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Final

import structlog

from connector.amqp.confirmed_channel import PublishError
from connector.catalogue.definition import Source
from connector.checks.admission import Admitted
from connector.checks.advance import advance, expire, may_be_deferred, window_of
from connector.checks.decide import refused, unexplained, without_call
from connector.checks.lateness import explained
from connector.checks.plan import PlannedCall, PlannedCheck, Rejected
from connector.checks.retry import BlockedUntil
from connector.clock import seconds_left
from connector.events import Event
from connector.jobs.progress import CheckProgress, finished, is_expired, is_finished
from connector.jobs.records import SecretField
from connector.jobs.token_life import has_expired
from connector.limits.outage import breakers_of
from connector.limits.suspension import keys_of
from connector.pipeline.call import CallContext, send
from connector.pipeline.gate import Passage, gate, is_open, set_out
from connector.pipeline.heed import heed
from connector.pipeline.ports import Checking
from connector.storage.journal.journal import Accesses
from connector.time_limits import PURSUIT_SECONDS
from connector.vault import VaultError
from schemas.codes import Call, CheckCode
from schemas.reply import CheckReply

SHORTEST_DEFERRAL_SECONDS: Final = 1.0
"""A shorter wait happens in the worker: the broker counts whole seconds."""
_log = structlog.get_logger(__name__)


async def run_check(
    planned: PlannedCheck, progress: CheckProgress, admitted: Admitted, accesses: Accesses, ports: Checking
) -> CheckProgress:
    """Return the check's progress: finished, or waiting for an instant at least a second away.

    A defect of ours in one check leaves the others' answers. Raises ``PublishError`` when the connection to the broker
    ended before a call could be noted.
    """
    if is_finished(progress):
        return progress
    try:
        come = await _run(planned, progress, admitted, accesses, ports)
        return explained(planned, come, admitted, ports.clock()) if is_expired(come) else come
    except PublishError:
        # No call without its record: the delivery comes again.
        raise
    except Exception:  # noqa: BLE001 - nothing is lost, whatever fails
        _log.exception(
            Event.CHECK_UNEXPECTED_ERROR,
            lane=admitted.lane,
            check=planned.definition.name if isinstance(planned, PlannedCall) else None,
        )
        return finished(unexplained(planned.request))


def may_set_out(planned: PlannedCall, progress: CheckProgress, admitted: Admitted, ports: Checking) -> bool:
    """Tell whether the check's next call would set out at once, as far as can be told without taking anything.

    Its record can then be kept while something else is waited for.
    """
    now = ports.clock()
    return (
        not is_finished(progress)
        and now < admitted.expires_at
        and now >= (progress.not_before or now)
        and planned.endpoint.source in ports.upstreams
        and not isinstance(_sealed(planned, admitted, ports), CheckCode)
        and is_open(planned, admitted, ports)
    )


async def _run(
    planned: PlannedCheck, progress: CheckProgress, admitted: Admitted, accesses: Accesses, ports: Checking
) -> CheckProgress:
    if ports.clock() >= admitted.expires_at:
        return expire(planned, progress)
    if isinstance(planned, Rejected):
        return finished(refused(planned))
    return await _pursue(planned, progress, admitted, accesses, ports)


async def _pursue(
    planned: PlannedCall, progress: CheckProgress, admitted: Admitted, accesses: Accesses, ports: Checking
) -> CheckProgress:
    upstream = ports.upstreams.get(planned.endpoint.source)
    if upstream is None:
        return finished(without_call(planned, CheckCode.SOURCE_WITHDRAWN))
    secret = _secret(planned, admitted, ports)
    if isinstance(secret, CheckCode):
        return finished(without_call(planned, secret))
    window = window_of(planned, admitted.received_at, admitted.expires_at)
    context = CallContext(
        planned=planned,
        admitted=admitted,
        upstream=upstream,
        secret=secret,
        deadline=window.deadline,
        accesses=accesses,
        breakers=breakers_of(planned),
        keys=keys_of(planned, admitted),
    )
    pursued_until = ports.clock() + timedelta(seconds=PURSUIT_SECONDS)
    while not is_finished(progress):
        now = ports.clock()
        if now >= window.deadline:
            return expire(planned, progress)
        if now >= pursued_until and may_be_deferred(planned):
            soon = now + timedelta(seconds=SHORTEST_DEFERRAL_SECONDS)
            return replace(progress, not_before=max(soon, progress.not_before or soon))
        wait_seconds = seconds_left(now, progress.not_before or now)
        if wait_seconds >= SHORTEST_DEFERRAL_SECONDS and may_be_deferred(planned):
            return progress
        if wait_seconds > 0:
            await ports.sleep(min(wait_seconds, seconds_left(now, window.deadline)))
            continue
        outcome = await _ask(context, progress, ports)
        progress = advance(
            planned,
            progress,
            outcome,
            window,
            ports.clock(),
            policy=ports.policies[admitted.lane],
            jitter=ports.jitter(),
        )
        if isinstance(outcome, CheckReply) and outcome.reason and progress.failure is outcome:
            ports.metrics.call_will_be_repeated(planned.definition.name, outcome.reason.code)
    return progress


async def _ask(context: CallContext, progress: CheckProgress, ports: Checking) -> CheckReply | BlockedUntil:
    """Make one call, unless its gate blocks it; return what it was answered, or until when it is blocked."""
    async with gate(context, ports) as passage:
        if not isinstance(passage, Passage):
            return passage
        access = context.accesses.of(context.planned, progress.calls + 1)
        blocked = await set_out(context, passage, access, ports)
        if blocked is not None:
            return blocked
        ended = await send(context, progress, access, ports)
        await heed(ended, context, progress, passage.bounds, ports)
    return ended.decision.reply


def _secret(planned: PlannedCall, admitted: Admitted, ports: Checking) -> str | CheckCode:
    """Return what authenticates the call, or why there is nothing that does."""
    tenant = admitted.tenant
    if planned.endpoint.call is Call.FRANCE_CONNECT:
        return admitted.job.france_connect_token or CheckCode.FRANCE_CONNECT_INVALID
    sealed = _sealed(planned, admitted, ports)
    if isinstance(sealed, CheckCode):
        return sealed
    held_as = _held_as(planned)
    try:
        return ports.registry.secret(tenant.siret, held_as, sealed)
    except VaultError as error:
        _log.error(Event.TOKEN_UNREADABLE, tenant=tenant.siret, detail=str(error))
        return CheckCode.TOKEN_INVALID


def _sealed(planned: PlannedCall, admitted: Admitted, ports: Checking) -> str | CheckCode:
    """Return the tenant's sealed secret for the call, or why there is none that is of use."""
    held_as = _held_as(planned)
    sealed = admitted.tenant.sealed(held_as)
    if sealed is None:
        return CheckCode.TOKEN_MISSING
    if held_as is SecretField.TOKEN and has_expired(admitted.tenant, ports.clock()):
        return CheckCode.TOKEN_EXPIRED
    return sealed


def _held_as(planned: PlannedCall) -> SecretField:
    is_dgfip = planned.endpoint.source is Source.API_IMPOT_PARTICULIER
    return SecretField.DGFIP if is_dgfip else SecretField.TOKEN
