"""What holds a call back: its quota's turn, its tenant's suspension, the address's pause."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any, cast

import httpx
import pytest

from connector.jobs.delivery import Delivery
from connector.jobs.rate import read_quota
from connector.jobs.records import Lane, Tenant
from connector.jobs.settlement import Answer, Defer
from connector.limits.bounds import EGRESS, Quotas
from connector.limits.fair_queue import FairQueue
from connector.limits.limiter import Demand, ServerHint, Slot
from connector.limits.refusals import (
    FIRST_SUSPENSION_SECONDS,
    MOST_OF_A_TENANT,
    MOST_OF_A_VENDOR,
    MOST_OF_FRANCE_CONNECT,
    MOST_OF_THE_ADDRESS,
    WINDOW_SECONDS,
    after_refusal,
    counted,
)
from connector.pipeline.gate import ROOM_IN_LINE
from connector.pipeline.services import Services
from schemas.codes import CheckCode
from schemas.reply import Reply
from tests.answers import fault
from tests.calls import FC, Api, Limiter, planned, refuse
from tests.deliveries import delivery
from tests.fakes import START, ManualTime, Told, answered, services, verified
from tests.jobs import QF, RSA
from tests.registry import CLAMART, OneToken

AVIS: dict[str, Any] = {
    "check": "avis_imposition",
    "params": {"numero_fiscal": "3099999999001", "reference_avis": "1234567890123"},
}


def acting(api: Api, time: ManualTime, limiter: Limiter | None = None, **tenant: Any) -> Services:
    registry = OneToken()
    known = registry.registry.tenants[CLAMART]
    tenants = registry.registry.tenants | {CLAMART: replace(known, **tenant)}
    registry.registry = replace(registry.registry, tenants=tenants)
    made = services(httpx.MockTransport(api), registry, time)
    if limiter is None:
        return made
    quotas = Quotas(token=read_quota("20/s"), egress=read_quota("1000/min"))
    return replace(made, quotas=quotas, turns=FairQueue(limiter, time.seconds))


async def reply_of(given: Delivery, acted: Services) -> Reply:
    settlement = await verified(given, acted)
    assert isinstance(settlement, Answer)
    return settlement.reply


def code(reply: Reply) -> CheckCode | None:
    (check,) = reply.checks
    return check.reason.code if check.reason else None


@pytest.fixture
def time() -> ManualTime:
    return ManualTime()


async def test_a_revoked_token_is_not_asked_with_for_ever(time: ManualTime) -> None:
    api = Api(quotient_familial=fault(401, "00105"))
    acted = acting(api, time)
    await refuse(api, acted, QF)
    reply = await reply_of(delivery(QF, job_id="after"), acted)
    assert code(reply) is CheckCode.TOKEN_REVOKED
    assert reply.checks[0].source is None
    assert len(api.calls) == MOST_OF_A_TENANT
    time.advance(FIRST_SUSPENSION_SECONDS)
    later = (time.now + timedelta(hours=1)).isoformat()
    await verified(delivery(QF, job_id="probe", expires_at=later), acted)
    await verified(delivery(QF, job_id="suspended-again", expires_at=later), acted)
    assert len(api.calls) == MOST_OF_A_TENANT + 1


async def test_a_new_token_is_asked_with_at_once(time: ManualTime) -> None:
    api = Api(quotient_familial=fault(401, "00105"))
    acted = acting(api, time)
    await refuse(api, acted, QF)
    rotated = acting(Api(), time, token_set_at=START + timedelta(seconds=1))
    renewed = replace(rotated, refusals=acted.refusals)
    assert code(await reply_of(delivery(RSA, job_id="after"), renewed)) is None


async def test_a_scope_that_is_lacking_suspends_its_check_alone(time: ManualTime) -> None:
    api = Api(quotient_familial=fault(403, "00100"))
    acted = acting(api, time)
    await refuse(api, acted, QF)
    assert code(await reply_of(delivery(QF, job_id="qf"), acted)) is CheckCode.INSUFFICIENT_SCOPE
    assert code(await reply_of(delivery(RSA, job_id="rsa"), acted)) is None
    assert api.calls.count("quotient_familial") == MOST_OF_A_TENANT


async def test_a_tenant_beyond_its_quota_waits_without_a_call(time: ManualTime) -> None:
    api = Api(quotient_familial=fault(429, "00429"))
    acted = acting(api, time)
    for number in range(MOST_OF_A_TENANT):
        await verified(delivery(QF, lane=Lane.BATCH, job_id=f"refused-{number}"), acted)
    settlement = await verified(delivery(QF, lane=Lane.BATCH, job_id="after"), acted)
    assert isinstance(settlement, Defer)
    assert settlement.at >= time.now + timedelta(seconds=FIRST_SUSPENSION_SECONDS)
    interactive = await reply_of(delivery(QF, job_id="counter"), acted)
    assert code(interactive) is CheckCode.RATE_LIMITED
    reason = interactive.checks[0].reason
    assert reason is not None
    assert reason.retryable
    assert reason.retry_after_seconds == pytest.approx(FIRST_SUSPENSION_SECONDS, abs=1)
    assert len(api.calls) == MOST_OF_A_TENANT


async def test_an_address_that_is_refused_everywhere_pauses_for_everybody(time: ManualTime) -> None:
    api = Api()
    acted = acting(api, time)
    for _ in range(MOST_OF_THE_ADDRESS):
        await acted.refusals.change(
            EGRESS,
            lambda state: (
                after_refusal(state, CheckCode.TOKEN_INVALID, MOST_OF_THE_ADDRESS, time.now),
                None,
            ),
        )
    reply = await reply_of(delivery(QF), acted)
    # No word of a token: this tenant's may be in order.
    assert code(reply) is CheckCode.RATE_LIMITED
    assert code(await reply_of(delivery(QF, job_id="fc", **FC), acted)) is CheckCode.RATE_LIMITED
    assert not api.calls


async def test_refusals_count_for_the_address(time: ManualTime) -> None:
    api = Api(quotient_familial=fault(401, "00101"))
    acted = acting(api, time)
    await refuse(api, acted, QF, times=3)
    await verified(delivery(QF, job_id="fc", **FC), acted)
    assert sum(count for _slot, count in acted.refusals.peek(EGRESS).counts) == 4


async def test_persons_refused_tokens_suspend_their_vendors_alone(time: ManualTime) -> None:
    """Nobody's token is bad for another's having been: the next is told to come back, and the tenant's own calls go on."""
    api = Api(quotient_familial=fault(401, "00101"))
    acted = acting(api, time)
    for number in range(MOST_OF_FRANCE_CONNECT + 5):
        reply = await reply_of(delivery(QF, job_id=f"fc-{number}", **FC), acted)
    assert code(reply) is CheckCode.RATE_LIMITED
    assert reply.checks[0].reason is not None
    assert reply.checks[0].reason.retryable
    assert len(api.calls) == MOST_OF_FRANCE_CONNECT
    assert code(await reply_of(delivery(RSA, job_id="after"), acted)) is None
    time.advance(FIRST_SUSPENSION_SECONDS)
    for number in range(3):
        again = replace(delivery(QF, job_id=f"again-{number}", **FC), received_at=time.now)
        await verified(again, acted)
    assert len(api.calls) == MOST_OF_FRANCE_CONNECT + 1 + 3


ASF: dict[str, Any] = {"id": "asf", "check": "allocation_soutien_familial"}


async def test_a_tenants_share_is_of_all_its_checks_together(time: ManualTime) -> None:
    """A check that the API takes goes on; one that it was not asked for yet is tried, once."""
    no_scope = fault(403, "00100")
    api = Api(quotient_familial=no_scope, allocation_soutien_familial=no_scope)
    acted = acting(api, time)
    await reply_of(delivery(RSA, job_id="served"), acted)
    await refuse(api, acted, QF, times=MOST_OF_A_TENANT - 1)
    await verified(delivery(ASF, job_id="asf"), acted)
    api.calls.clear()
    for number in range(3):
        asf = await reply_of(delivery(ASF, job_id=f"asf-{number}"), acted)
        qf = await reply_of(delivery(QF, job_id=f"qf-{number}"), acted)
        rsa = await reply_of(delivery(RSA, job_id=f"rsa-{number}"), acted)
    assert (code(asf), code(qf)) == (CheckCode.INSUFFICIENT_SCOPE, CheckCode.INSUFFICIENT_SCOPE)
    assert code(rsa) is None
    assert Counter(api.calls) == {"quotient_familial": 1, "revenu_solidarite_active": 3}


async def test_once_the_share_is_spent_one_call_at_a_time_is_tried(time: ManualTime) -> None:
    """A hundred at once would all be under way before the first is refused."""
    api = Api(quotient_familial=fault(403, "00100"), revenu_solidarite_active=fault(403, "00100"))
    acted = acting(api, time)
    await refuse(api, acted, QF)
    api.calls.clear()
    soon = (time.now + timedelta(seconds=0.5)).isoformat()
    replies = await asyncio.gather(
        *(reply_of(delivery(RSA, job_id=f"rsa-{number}", expires_at=soon), acted) for number in range(50))
    )
    assert api.calls == ["revenu_solidarite_active"]
    assert {code(reply) for reply in replies} == {CheckCode.INSUFFICIENT_SCOPE, CheckCode.RATE_LIMITED}


async def test_a_vendors_share_spares_the_tenants_that_the_api_takes(time: ManualTime) -> None:
    api = Api()
    acted = acting(api, time)
    await verified(delivery(QF, job_id="served"), acted)
    for _ in range(MOST_OF_A_VENDOR):
        await acted.refusals.change(
            "vendor/millesime", lambda state: (counted(state, CheckCode.TOKEN_REVOKED, time.now), None)
        )
    assert code(await reply_of(delivery(QF, job_id="qf"), acted)) is None
    assert code(await reply_of(delivery(RSA, job_id="rsa"), acted)) is CheckCode.RATE_LIMITED
    assert code(await reply_of(delivery(QF, job_id="fc", **FC), acted)) is CheckCode.RATE_LIMITED
    time.advance(WINDOW_SECONDS + 10)
    later = replace(delivery(RSA, job_id="later"), received_at=time.now)
    assert code(await reply_of(later, acted)) is None


async def test_the_quota_of_france_connect_is_a_vendors_for_a_tenant(time: ManualTime) -> None:
    limiter = Limiter(wait_seconds=3600.0)
    api = Api()
    acted = acting(api, time)
    quotas = Quotas(france_connect=read_quota("120/min"))
    rationed = replace(acted, quotas=quotas, turns=FairQueue(limiter, time.seconds))
    soon = (time.now + timedelta(seconds=0.2)).isoformat()
    reply = await reply_of(delivery(QF, expires_at=soon, **FC), rationed)
    assert code(reply) is CheckCode.RATE_LIMITED
    assert not api.calls
    assert acted.exclusion.length(LINE) == 0
    assert {bound.key for demand in limiter.demands for bound in demand.bounds} == {
        f"france_connect/{CLAMART}/millesime"
    }
    assert code(await reply_of(delivery(QF, job_id="own"), rationed)) is None


async def test_a_call_counts_for_its_token_and_the_address(time: ManualTime) -> None:
    limiter = Limiter()
    acted = acting(Api(), time, limiter)
    await verified(delivery(QF), acted)
    await verified(delivery(QF, lane=Lane.BATCH, job_id="campaign"), acted)
    assert [[bound.key for bound in demand.bounds] for demand in limiter.demands] == [
        [f"token/{CLAMART}/particulier", "egress"]
    ] * 2
    assert [demand.is_urgent for demand in limiter.demands] == [True, False]


async def test_what_the_api_says_of_a_quota_is_kept_to(time: ManualTime) -> None:
    told = {"RateLimit-Remaining": "0", "RateLimit-Reset": str(int(time.seconds()) + 1)}
    limiter = Limiter()
    acted = acting(Api(quotient_familial=httpx.Response(404, json={}, headers=told)), time, limiter)
    await verified(delivery(QF), acted)
    await verified(delivery(QF, job_id="next"), acted)
    assert list(limiter.notes) == [f"token/{CLAMART}/particulier"]


async def test_a_call_whose_tenant_is_suspended_while_it_waits_is_not_made(time: ManualTime) -> None:
    api = Api()
    acted = acting(api, time)

    class Suspending(Limiter):
        async def grant(self, demands: Sequence[Demand], notes: Mapping[str, ServerHint]) -> list[Slot]:
            for _ in range(MOST_OF_THE_ADDRESS):
                await acted.refusals.change(
                    EGRESS, lambda state: (after_refusal(state, CheckCode.RATE_LIMITED, 1, time.now), None)
                )
            return await super().grant(demands, notes)

    quotas = Quotas(egress=read_quota("1000/min"))
    waiting = replace(acted, quotas=quotas, turns=FairQueue(Suspending(), time.seconds))
    assert code(await reply_of(delivery(QF), waiting)) is CheckCode.RATE_LIMITED
    assert not api.calls


async def test_a_turn_that_does_not_come_in_time_is_a_quota_that_is_used_up(time: ManualTime) -> None:
    api = Api()
    acted = acting(api, time, Limiter(wait_seconds=3600))
    soon = (time.now + timedelta(milliseconds=1)).isoformat()
    reply = await reply_of(delivery(QF, expires_at=soon), acted)
    assert code(reply) is CheckCode.RATE_LIMITED
    assert reply.checks[0].source is None
    assert not api.calls
    acted.turns.close()


@pytest.mark.parametrize(
    ("check", "changes", "keys"),
    [
        (QF, {}, ["token/26920023600017/particulier", "egress"]),
        (QF, FC, ["egress"]),
        (AVIS, {}, ["token/26920023600017/avis_imposition"]),
    ],
)
def test_what_a_call_counts_against(check: dict[str, Any], changes: dict[str, Any], keys: list[str]) -> None:
    quotas = Quotas(token=read_quota("20/s"), egress=read_quota("1000/min"))
    tenant = Tenant(siret=CLAMART, name="C", vendors=frozenset())
    assert [bound.key for bound in quotas.bounds(planned(check, **changes), tenant)] == keys


@pytest.mark.parametrize(
    ("own", "quota"), [({"particulier": "5/s"}, "5/s"), ({"particulier": "nonsense"}, "20/s"), ({}, "20/s")]
)
def test_a_tenant_may_have_a_quota_of_its_own(own: dict[str, str], quota: str) -> None:
    quotas = Quotas(token=read_quota("20/s"))
    tenant = Tenant(siret=CLAMART, name="C", vendors=frozenset(), quotas=MappingProxyType(own))
    (bound,) = quotas.bounds(planned(QF), tenant)
    assert bound.quota == read_quota(quota)
    unlimited = replace(tenant, quotas=MappingProxyType({"particulier": "0"}))
    assert quotas.bounds(planned(QF), unlimited) == ()


@pytest.mark.parametrize("status", [401, 403, 429])
async def test_a_refusal_that_no_rule_knows_counts_for_the_address(time: ManualTime, status: int) -> None:
    api = Api(quotient_familial=httpx.Response(status, content=b"<html>Request blocked</html>"))
    acted = acting(api, time)
    await verified(delivery(QF), acted)
    assert [count for _slot, count in acted.refusals.peek(EGRESS).counts] == [len(api.calls)]


@pytest.mark.parametrize(
    ("status", "refused", "event"),
    [
        (422, "00210", "tenant.record_refused"),
        (403, "00213", "token.refused"),
        (422, "00212", "token.refused"),
        (401, "00109", "token.refused"),
    ],
)
async def test_what_is_refused_of_a_tenant_is_told_once_a_day(
    time: ManualTime, status: int, refused: str, event: str
) -> None:
    acted = acting(Api(quotient_familial=fault(status, refused)), time)
    await refuse(Api(), acted, QF, times=3)
    (alert,) = cast("Told", acted.announcements).by_name.values()
    assert (alert.event, alert.tenant) == (event, CLAMART)
    assert alert.to_do


@pytest.mark.parametrize(
    ("status", "refused", "events"),
    [
        (422, "00203", ["tenant.record_refused"]),
        (403, "00107", ["token.refused"]),
        (401, "00101", []),
    ],
)
async def test_what_is_refused_of_a_tenant_is_told_of_a_call_with_france_connect_too(
    time: ManualTime, status: int, refused: str, events: list[str]
) -> None:
    acted = acting(Api(quotient_familial=fault(status, refused)), time)
    await verified(delivery(QF, **FC), acted)
    assert [alert.event for alert in cast("Told", acted.announcements).by_name.values()] == events


async def test_a_delegation_that_is_missing_suspends_the_tenant(time: ManualTime) -> None:
    api = Api(quotient_familial=fault(403, "00213"))
    acted = acting(api, time)
    await refuse(api, acted, QF)
    reply = await reply_of(delivery(RSA, job_id="after"), acted)
    assert code(reply) is CheckCode.DELEGATION_MISSING
    assert "revenu_solidarite_active" not in api.calls


async def test_a_call_whose_turn_at_france_connect_does_not_come_is_a_conflict_that_may_pass(
    time: ManualTime,
) -> None:
    api = Api()
    acted = acting(api, time)
    name = f"/v3/dss/quotient_familial/france_connect/{CLAMART}"
    async with acted.exclusion.turn(name, 60.0):
        soon = (time.now + timedelta(seconds=0.2)).isoformat()
        reply = await reply_of(delivery(QF, expires_at=soon, **FC), acted)
    assert code(reply) is CheckCode.PROVIDER_CONFLICT
    assert reply.checks[0].reason is not None
    assert reply.checks[0].reason.retryable
    assert not api.calls


async def test_with_so_many_in_line_that_their_tokens_end_nobody_is_added(time: ManualTime) -> None:
    acted = acting(Api(), time)
    async with standing_in_line(acted, "millesime", ROOM_IN_LINE // 2):
        reply = await reply_of(delivery(QF, **FC), acted)
    assert code(reply) is CheckCode.PROVIDER_CONFLICT


async def test_another_vendors_line_for_the_same_tenant_leaves_some_room(time: ManualTime) -> None:
    acted = acting(Api(), time)
    async with standing_in_line(acted, "sonate-opus", ROOM_IN_LINE // 2):
        waiting = asyncio.create_task(reply_of(delivery(QF, **FC), acted))
        for _ in range(50):
            await asyncio.sleep(0)
        assert acted.exclusion.length_of(LINE, "millesime") == 1
    assert code(await waiting) is not CheckCode.PROVIDER_CONFLICT


LINE = f"/v3/dss/quotient_familial/france_connect/{CLAMART}"


@asynccontextmanager
async def standing_in_line(acted: Services, vendor: str, many: int) -> AsyncIterator[None]:
    """Have so many calls of a vendor stand in the tenant's line, of which the first has the turn."""
    first, *others = (acted.exclusion.turn(LINE, 60.0, vendor) for _ in range(many))
    async with first:
        in_line = [asyncio.create_task(other.__aenter__()) for other in others]
        await asyncio.sleep(0)
        yield
    for one in in_line:
        one.cancel()
    await asyncio.gather(*in_line, return_exceptions=True)


async def test_no_call_is_made_by_a_registry_that_is_not_trusted(time: ManualTime) -> None:
    """A token may have been revoked since; nor is a call with a person's own token made for the tenant."""
    api = Api()
    acted = acting(api, time)
    cast("OneToken", acted.registry).is_trusted = False
    by_person = delivery(
        {"check": "revenu_solidarite_active"}, identity=None, france_connect_token="fc-sesame", job_id="fc"
    )
    for given in (delivery(QF), by_person):
        (check,) = (await answered(given, acted, time)).checks
        assert check.reason is not None
        assert (check.reason.code, check.reason.retryable) == (CheckCode.NETWORK_ERROR, True)
        assert "base de données" in check.reason.detail
    assert not api.calls


@pytest.mark.parametrize("lane", list(Lane))
async def test_what_waits_for_a_registry_is_asked_once_it_is_confirmed(lane: Lane, time: ManualTime) -> None:
    api = Api()
    acted = acting(api, time)
    holder = cast("OneToken", acted.registry)
    holder.is_trusted = False
    waiting = await verified(delivery(QF, lane=lane), acted)
    assert isinstance(waiting, Defer)
    holder.is_trusted = True
    time.advance((waiting.at - time.now).total_seconds())
    assert (await reply_of(waiting.delivery, acted)).status == "completed"
    assert len(api.calls) == 1
