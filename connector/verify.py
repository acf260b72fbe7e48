"""The pipeline: from a delivery to how it ends.

    admit ─▶ plan ─▶ call (the checks at once) ─▶ decide ─▶ assemble

Each step but ``call`` is a pure function in the module of its name. What the pipeline returns is carried out
by ``connector.messaging.settle``: publish, and only then acknowledge.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import httpx
import structlog

from connector.admission import Admitted, admit
from connector.assemble import assemble
from connector.attempts import choose, is_worth_asking
from connector.catalogue import CATALOGUE
from connector.catalogue.definition import Source
from connector.clock import Clock, paris_day
from connector.decide import decide, refused, unexplained, without_call
from connector.messaging.delivery import Delivery
from connector.plan import PlannedCall, PlannedCheck, Refusal, plan
from connector.registry.cache import RegistryCache
from connector.registry.vault import VaultError
from connector.settlement import Answer, Dead, DeadReason, Settlement
from connector.surprises import Tally
from connector.upstream.exchange import Upstream
from schemas.codes import Call, CheckCode
from schemas.reply import CheckReply

_REFUSED_TOKENS = frozenset(
    {CheckCode.TOKEN_INVALID, CheckCode.TOKEN_EXPIRED, CheckCode.TOKEN_REVOKED, CheckCode.IP_FORBIDDEN}
)
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the pipeline acts through; built by ``connector.bootstrap``."""

    registry: RegistryCache
    upstreams: Mapping[Source, Upstream]
    """A source that is absent is answered ``source_withdrawn``."""
    transport: httpx.AsyncBaseTransport
    """What the upstreams share; closed with the worker."""
    clock: Clock
    tally: Tally
    require_user_id: bool


async def verify(delivery: Delivery, services: Services) -> Settlement:
    """Run one delivery through the pipeline. Never raises: what nobody foresaw is answered too."""
    try:
        admitted = admit(
            delivery,
            services.registry.registry,
            services.clock(),
            require_user_id=services.require_user_id,
        )
    except Exception:  # noqa: BLE001 - nothing is lost, whatever fails
        _log.exception("job.unexpected_error", lane=delivery.lane)
        return Dead(DeadReason.UNEXPECTED_ERROR)
    if not isinstance(admitted, Admitted):
        return admitted
    try:
        checks = await _run(admitted, services)
    except Exception:  # noqa: BLE001 - likewise
        _log.exception("job.unexpected_error", vendor=admitted.vendor.name, tenant=admitted.tenant.siret)
        checks = [unexplained(request) for request in admitted.job.checks]
    return Answer(admitted.reply_to, assemble(delivery, admitted.job, checks, services.clock()))


async def _run(admitted: Admitted, services: Services) -> list[CheckReply]:
    now = services.clock()
    planned = plan(admitted.job, CATALOGUE, paris_day(now))
    if admitted.expires_at <= now:
        return [without_call(check, CheckCode.EXPIRED) for check in planned]
    first, *others = planned
    if not others:
        # The common case: alone, a check needs no task of its own.
        return [await _answer(first, admitted, services)]
    return await asyncio.gather(*(_answer(check, admitted, services) for check in planned))


async def _answer(planned: PlannedCheck, admitted: Admitted, services: Services) -> CheckReply:
    """Answer one check. A defect of ours in one check leaves the others' answers."""
    try:
        return await _call(planned, admitted, services)
    except Exception:  # noqa: BLE001 - likewise
        _log.exception(
            "check.unexpected_error",
            vendor=admitted.vendor.name,
            tenant=admitted.tenant.siret,
            check=planned.definition.name if not isinstance(planned, Refusal) else None,
        )
        return unexplained(planned.request)


async def _call(planned: PlannedCheck, admitted: Admitted, services: Services) -> CheckReply:
    if isinstance(planned, Refusal):
        return refused(planned)
    upstream = services.upstreams.get(planned.endpoint.source)
    if upstream is None:
        return without_call(planned, CheckCode.SOURCE_WITHDRAWN)
    secret = _secret(planned, admitted, services)
    if isinstance(secret, CheckCode):
        return without_call(planned, secret)
    answers: list[CheckReply] = []
    for attempt in planned.attempts:
        if not is_worth_asking(attempt, answers):
            continue
        within_seconds = _seconds_left(admitted.expires_at, services.clock())
        if answers and within_seconds <= 0:
            break
        exchange = await upstream.ask(planned.endpoint, attempt.query, secret, within_seconds)
        decision = decide(planned, attempt, exchange, services.clock())
        for surprise in decision.surprises:
            services.tally.count(planned.definition.name, surprise)
        _warn_of_a_refused_token(planned, admitted, decision.reply)
        answers.append(decision.reply)
    return choose(answers)


def _warn_of_a_refused_token(planned: PlannedCall, admitted: Admitted, answer: CheckReply) -> None:
    code = answer.reason.code if answer.reason else None
    if code in _REFUSED_TOKENS:
        _log.warning(
            "token.refused", tenant=admitted.tenant.siret, check=planned.definition.name, code=str(code)
        )


def _secret(planned: PlannedCall, admitted: Admitted, services: Services) -> str | CheckCode:
    """Return what authenticates the call, or why there is nothing that does."""
    tenant = admitted.tenant
    if planned.endpoint.call is Call.FRANCE_CONNECT:
        return admitted.job.france_connect_token or CheckCode.FRANCE_CONNECT_INVALID
    is_dgfip = planned.endpoint.source is Source.API_IMPOT_PARTICULIER
    sealed = tenant.sealed_dgfip if is_dgfip else tenant.sealed_token
    if sealed is None:
        return CheckCode.TOKEN_MISSING
    try:
        return services.registry.secret(tenant.siret, sealed)
    except VaultError as error:
        _log.error("token.unreadable", tenant=tenant.siret, detail=str(error))
        return CheckCode.TOKEN_INVALID


def _seconds_left(expires_at: datetime, now: datetime) -> float:
    return max(0.0, (expires_at - now).total_seconds())
