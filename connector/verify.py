"""The pipeline: from a delivery to how it ends.

    admit ─▶ plan ─▶ call (the checks at once) ─▶ decide ─▶ assemble

Each step but ``call`` is a pure function in the module of its name. What the pipeline returns is carried out
by ``connector.messaging.settle``: publish, and only then acknowledge.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime

import structlog

from connector.admission import Admitted, admit
from connector.assemble import assemble
from connector.catalogue import CATALOGUE
from connector.clock import Clock, paris_day
from connector.decide import decide, refused, unexplained, without_call
from connector.messaging.delivery import Delivery
from connector.plan import PlannedCheck, Refusal, plan
from connector.registry.cache import RegistryCache
from connector.registry.vault import VaultError
from connector.settlement import Answer, Dead, DeadReason, Settlement
from connector.upstream.api_particulier import ApiParticulier
from schemas.codes import CheckCode
from schemas.reply import CheckReply

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the pipeline acts through; built by ``connector.bootstrap``."""

    registry: RegistryCache
    api_particulier: ApiParticulier
    clock: Clock
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
    sealed = admitted.tenant.sealed_token
    if sealed is None:
        return without_call(planned, CheckCode.TOKEN_MISSING)
    try:
        token = services.registry.token(admitted.tenant.siret, sealed)
    except VaultError as error:
        _log.error("token.unreadable", tenant=admitted.tenant.siret, detail=str(error))
        return without_call(planned, CheckCode.TOKEN_INVALID)
    exchange = await services.api_particulier.get(
        planned.definition.endpoint,
        planned.query,
        token,
        _seconds_left(admitted.expires_at, services.clock()),
    )
    return decide(planned, exchange, services.clock())


def _seconds_left(expires_at: datetime, now: datetime) -> float:
    return max(0.0, (expires_at - now).total_seconds())
