"""A check is pursued until it is answered: retried, parked, deferred and brought back, within the job's deadline."""

import asyncio
import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from connector.amqp.deferral import deferred
from connector.catalogue import CATALOGUE
from connector.catalogue.definition import Source
from connector.jobs.delivery import Delivery
from connector.jobs.records import Lane
from connector.jobs.settlement import Answer, Defer
from connector.limits.fair_queue import FairQueue, Reservation, Ticket
from connector.limits.memory_limiter import MemoryLimiter
from connector.pipeline.services import Services
from connector.sources.exchange import Unanswered
from schemas.codes import CheckCode, CheckStatus, JobStatus
from schemas.reply import CheckReply, Reply
from tests.answers import DOWN, SPORT, Api, Respond, fault, found
from tests.deliveries import delivery
from tests.fakes import START, ManualTime, answered, services, verified
from tests.jobs import QF, RSA
from tests.registry import OneToken


@pytest.fixture
def time() -> ManualTime:
    return ManualTime()


async def ask(asked: Delivery, api: Api, time: ManualTime) -> Reply:
    """Return the reply that a job ends in."""
    return await answered(asked, services(httpx.MockTransport(api), OneToken(), time), time)


def code(check: CheckReply) -> CheckCode | None:
    return check.reason.code if check.reason else None


async def test_a_failure_that_passes_is_not_seen_by_the_vendor(time: ManualTime) -> None:
    api = Api(time, revenu_solidarite_active=[DOWN, DOWN, found()])
    (check,) = (await ask(delivery(RSA), api, time)).checks
    assert check.status is CheckStatus.FOUND
    assert check.source
    assert check.source.attempts == 3
    assert api.times("revenu_solidarite_active") == [0.0, 0.25, 0.75]


async def test_a_finished_check_travels_with_its_job_and_is_not_asked_again(time: ManualTime) -> None:
    api = Api(time, revenu_solidarite_active=[found()], statut_sportif=[DOWN, DOWN, DOWN, DOWN, _no_record()])
    reply = await ask(delivery(RSA, SPORT), api, time)
    assert [check.status for check in reply.checks] == [CheckStatus.FOUND, CheckStatus.NOT_FOUND]
    assert len(api.times("revenu_solidarite_active")) == 1
    assert len(api.times("statut_sportif")) == 5
    assert reply.status is JobStatus.COMPLETED
    assert reply.received_at == START


def _no_record() -> httpx.Response:
    return fault(404, "41003")


@pytest.mark.parametrize(
    "answer",
    [
        fault(503, "37020", retry_in=5),
        fault(429, "00429", headers={"Retry-After": "5"}),
        fault(429, "00429", headers={"RateLimit-Reset": str(int(START.timestamp()) + 5)}),
        fault(503, "37008", retry_in=5),
    ],
)
async def test_what_the_source_says_is_waited_outside_the_worker_and_no_less(
    time: ManualTime, answer: httpx.Response
) -> None:
    api = Api(time, revenu_solidarite_active=[answer, found()])
    (check,) = (await ask(delivery(RSA), api, time)).checks
    assert check.status is CheckStatus.FOUND
    assert time.slept == []
    assert api.times("revenu_solidarite_active")[1] >= 5


async def test_a_job_that_comes_back_too_soon_is_put_off_again(time: ManualTime) -> None:
    api = Api(time, revenu_solidarite_active=[fault(429, "00429", headers={"Retry-After": "5"}), found()])
    acting = services(httpx.MockTransport(api), OneToken(), time)
    first = await verified(delivery(RSA), acting)
    assert isinstance(first, Defer)
    again = await verified(first.delivery, acting)
    assert isinstance(again, Defer)
    assert again.at == first.at
    assert len(api.calls) == 1


async def test_a_wait_that_does_not_fit_is_answered_at_once(time: ManualTime) -> None:
    api = Api(time, revenu_solidarite_active=[fault(503, "37020", retry_in=3600)])
    reply = await ask(delivery(RSA), api, time)
    (check,) = reply.checks
    assert code(check) is CheckCode.PROVIDER_MAINTENANCE
    assert check.reason
    assert check.reason.retryable
    assert check.reason.retry_after_seconds == 3600
    assert time.now == START
    assert reply.status is JobStatus.FAILED


async def test_on_the_batch_lane_an_hour_of_maintenance_is_waited_for(time: ManualTime) -> None:
    api = Api(time, revenu_solidarite_active=[fault(503, "37020", retry_in=3600), found()])
    (check,) = (await ask(delivery(RSA, lane=Lane.BATCH), api, time)).checks
    assert check.status is CheckStatus.FOUND
    assert 3600 <= api.times("revenu_solidarite_active")[1] <= 3602


async def test_at_the_deadline_the_vendor_gets_what_is_known(time: ManualTime) -> None:
    """The wait fits, but the broker brings the job back late."""
    api = Api(time, revenu_solidarite_active=[found()], statut_sportif=[fault(503, "41020", retry_in=50)])
    acting = services(httpx.MockTransport(api), OneToken(), time)
    put_off = await verified(delivery(RSA, SPORT), acting)
    assert isinstance(put_off, Defer)
    time.advance(60)
    reply = await answered(put_off.delivery, acting, time)
    assert [code(check) for check in reply.checks] == [None, CheckCode.EXPIRED]
    assert reply.status is JobStatus.PARTIAL
    late = reply.checks[1]
    assert late.reason
    assert late.reason.upstream
    assert late.reason.upstream.code == "41020"


async def test_a_job_of_which_nothing_is_known_by_then_has_expired(time: ManualTime) -> None:
    api = Api(time, statut_sportif=[fault(503, "41020", retry_in=50)])
    acting = services(httpx.MockTransport(api), OneToken(), time)
    put_off = await verified(delivery(SPORT), acting)
    assert isinstance(put_off, Defer)
    time.advance(60)
    assert (await answered(put_off.delivery, acting, time)).status is JobStatus.EXPIRED


async def test_a_france_connect_check_waits_in_the_worker_and_its_token_never_travels(
    time: ManualTime,
) -> None:
    api = Api(
        time, revenu_solidarite_active=[fault(503, "37020", retry_in=5), found()], statut_sportif=[DOWN]
    )
    consenting = {"check": "revenu_solidarite_active", "call": "france_connect"}
    acting = services(httpx.MockTransport(api), OneToken(), time)
    put_off = await verified(delivery(consenting, SPORT, france_connect_token="sesame"), acting)
    assert isinstance(put_off, Defer)
    assert b"sesame" not in acting.vault.open_for(
        "deferral", deferred(put_off.delivery, put_off.at, time.now, acting.vault).body
    )
    first, second = api.times("revenu_solidarite_active")
    assert second - first >= 5
    progress = put_off.delivery.progress
    assert progress is not None
    assert progress.checks["revenu_solidarite_active"].reply is not None


async def test_a_france_connect_check_is_given_up_with_its_token_though_the_job_lives(
    time: ManualTime,
) -> None:
    api = Api(time, revenu_solidarite_active=[fault(503, "37020", retry_in=70)])
    consenting = {"check": "revenu_solidarite_active", "call": "france_connect"}
    asked = delivery(consenting, lane=Lane.BATCH, france_connect_token="sesame")
    (check,) = (await ask(asked, api, time)).checks
    assert code(check) is CheckCode.PROVIDER_MAINTENANCE
    assert check.reason
    assert check.reason.retryable


async def outage(api: Api, acting: Services) -> None:
    """Have five jobs meet a provider that is down."""
    for _ in range(5):
        await verified(delivery(RSA), acting)
    assert len(api.calls) >= 5
    api.calls.clear()


async def test_a_provider_that_is_down_is_not_asked_for_every_job(time: ManualTime) -> None:
    api = Api(time, revenu_solidarite_active=[DOWN], statut_sportif=[_no_record()])
    acting = services(httpx.MockTransport(api), OneToken(), time)
    await outage(api, acting)
    for _ in range(40):
        await verified(delivery(RSA), acting)
        time.advance(0.25)
    probes = api.times("revenu_solidarite_active")
    assert len(probes) > 2
    assert all(later - earlier >= 1 for earlier, later in itertools.pairwise(probes))
    settled = await verified(delivery(SPORT), acting)
    assert isinstance(settled, Answer)


async def test_a_parked_check_uses_up_no_call_and_is_answered_once_the_provider_is_back(
    time: ManualTime,
) -> None:
    api = Api(time, revenu_solidarite_active=[lambda _request: DOWN if api.is_down else found()])
    acting = services(httpx.MockTransport(api), OneToken(), time)
    await outage(api, acting)
    held = await verified(delivery(RSA), acting)
    assert isinstance(held, Defer)
    assert api.calls == []
    api.is_down = False
    reply = await answered(held.delivery, acting, time)
    assert reply.status is JobStatus.COMPLETED
    assert reply.checks[0].source
    assert reply.checks[0].source.attempts == 1
    assert api.pings == 1


async def test_a_ping_that_says_no_spares_the_call(time: ManualTime) -> None:
    api = Api(time, revenu_solidarite_active=[lambda _request: DOWN if api.is_down else found()])
    api.ping_status = 502
    acting = services(httpx.MockTransport(api), OneToken(), time)
    await outage(api, acting)
    api.is_down = False
    reply = await answered(delivery(RSA), acting, time)
    assert code(reply.checks[0]) is CheckCode.PROVIDER_UNAVAILABLE
    assert reply.checks[0].source is None
    assert api.calls == []
    assert api.pings > 1


class NoTurnForPings(FairQueue):
    """The address's quota leaves a ping no turn in time."""

    async def reserve(self, claim: Ticket, within_seconds: float) -> Reservation | None:
        """Return a turn to all others."""
        return None if claim.line == "ping" else await super().reserve(claim, within_seconds)


async def test_a_ping_that_had_no_turn_is_not_sent_and_says_no_more_than_any(time: ManualTime) -> None:
    api = Api(time, revenu_solidarite_active=[lambda _request: DOWN if api.is_down else found()])
    acting = services(httpx.MockTransport(api), OneToken(), time)
    await outage(api, acting)
    api.is_down = False
    time.advance(10)
    pings = api.pings
    turns = NoTurnForPings(MemoryLimiter(time.seconds), time.seconds)
    settled = await verified(delivery(RSA), replace(acting, turns=turns))
    assert isinstance(settled, Answer)
    assert settled.reply.status is JobStatus.COMPLETED
    assert api.pings == pings


async def test_a_ping_that_is_given_up_for_its_job_is_no_answer(time: ManualTime) -> None:
    acting = services(httpx.MockTransport(Api(time)), OneToken(), time)
    upstream = acting.upstreams[Source.API_PARTICULIER]
    endpoint = CATALOGUE["revenu_solidarite_active"].endpoints[0]
    assert await upstream.ping(endpoint, 0.0) is None


async def test_a_check_of_many_slow_calls_leaves_the_worker_in_between(time: ManualTime) -> None:
    def slow(_request: httpx.Request) -> httpx.Response:
        time.advance(40)
        return fault(422, "35560")

    api = Api(time, revenu_solidarite_active=[slow])
    acting = services(httpx.MockTransport(api), OneToken(), time)
    identity = {
        "nom_naissance": "SESAME",
        "nom_usage": "MODELE",
        "prenoms": ["CLAIRE", "ANNE"],
        "sexe": "F",
        "date_naissance": "1987-06-12",
        "lieu_naissance": {"code_pays": "99350"},
    }
    asked = delivery(RSA, lane=Lane.BATCH, identity=identity, identity_variants=True)
    put_off = await verified(asked, acting)
    assert isinstance(put_off, Defer)
    assert len(api.calls) == 2
    reply = await answered(put_off.delivery, acting, time)
    assert reply.checks[0].status is CheckStatus.NOT_IDENTIFIED
    assert len(api.calls) > 2


async def test_one_dossier_that_always_fails_leaves_its_provider_to_the_others(time: ManualTime) -> None:
    api = Api(time, revenu_solidarite_active=[lambda _request: DOWN if api.is_down else found()])
    acting = services(httpx.MockTransport(api), OneToken(), time)
    failed = await answered(delivery(RSA), acting, time)
    assert failed.checks[0].source
    assert failed.checks[0].source.attempts == 6
    api.is_down = False
    settled = await verified(delivery(RSA), acting)
    assert isinstance(settled, Answer)


async def test_a_call_that_is_cancelled_leaves_the_probe_to_another(time: ManualTime) -> None:
    def cancelled(_request: httpx.Request) -> httpx.Response:
        raise asyncio.CancelledError

    answers: list[httpx.Response | Respond] = [*([DOWN] * 15), cancelled, found()]
    api = Api(time, revenu_solidarite_active=answers)
    acting = services(httpx.MockTransport(api), OneToken(), time)
    await outage(api, acting)
    del answers[:-2]
    time.advance(10)
    with pytest.raises(asyncio.CancelledError):
        await verified(delivery(RSA), acting)
    time.advance(1)
    settled = await verified(delivery(RSA), acting)
    assert isinstance(settled, Answer)
    assert settled.reply.status is JobStatus.COMPLETED


async def test_a_provider_that_hangs_until_the_deadline_is_down(time: ManualTime) -> None:
    """Jobs whose life is shorter than the call's own time-out would each hold a place until they expire."""

    class Hanging:
        calls = 0

        async def ask(self, *_: object) -> Unanswered:
            self.calls += 1
            time.advance(12)
            return Unanswered(code=CheckCode.EXPIRED, duration_ms=12_000)

        async def ping(self, *_: object) -> bool:
            return False

    source = Hanging()
    built = services(httpx.MockTransport(Api(time)), OneToken(), time)
    acting = replace(built, upstreams={Source.API_PARTICULIER: source})
    for _ in range(8):
        soon = (time.now + timedelta(seconds=12)).isoformat()
        await verified(replace(delivery(RSA, expires_at=soon), received_at=time.now), acting)
    assert source.calls == 5


def msa(status: int, code: str, **meta: Any) -> httpx.Response:
    error = {"code": code, "title": "t", "detail": "d", "meta": {"provider": "MSA", **meta}}
    return httpx.Response(status, json={"errors": [error]})


async def test_one_fund_of_several_does_not_close_the_others(time: ManualTime) -> None:
    api = Api(time, revenu_solidarite_active=[msa(503, "10020", retry_in=1800), found()])
    acting = services(httpx.MockTransport(api), OneToken(), time)
    first = await answered(delivery(RSA), acting, time)
    assert code(first.checks[0]) is CheckCode.PROVIDER_MAINTENANCE
    assert (await answered(delivery(RSA), acting, time)).status is JobStatus.COMPLETED


@pytest.mark.parametrize("answer", [msa(503, "10001"), msa(404, "10003")])
async def test_a_probe_that_one_fund_of_several_answers_is_given_back(
    time: ManualTime, answer: httpx.Response
) -> None:
    answers: list[httpx.Response | Respond] = [*([DOWN] * 15), answer, found()]
    api = Api(time, revenu_solidarite_active=answers)
    acting = services(httpx.MockTransport(api), OneToken(), time)
    await outage(api, acting)
    del answers[:-2]
    time.advance(10)
    await verified(delivery(RSA), acting)
    time.advance(1)
    settled = await verified(delivery(RSA), acting)
    assert isinstance(settled, Answer)
    assert settled.reply.status is JobStatus.COMPLETED


async def test_the_same_job_published_again_is_answered_without_a_call(time: ManualTime) -> None:
    """In flight at the same time; what the database remembers is the reply memory's own test."""
    waited = Api(time, quotient_familial=[fault(404, "37003")])
    acting = services(httpx.MockTransport(waited), OneToken(), time)
    asked = delivery(QF)
    first, second = await asyncio.gather(verified(asked, acting), verified(asked, acting))
    assert isinstance(first, Answer)
    assert isinstance(second, Answer)
    assert len(waited.calls) == 1
    assert second.reply == first.reply.model_copy(update={"possible_duplicate": True})


async def test_another_job_under_the_same_id_is_rejected(time: ManualTime) -> None:
    api = Api(time, quotient_familial=[fault(404, "37003")])
    acting = services(httpx.MockTransport(api), OneToken(), time)
    asked = delivery(QF, job_id="one")
    other = delivery(QF, job_id="one", dossier="another")
    _, second = await asyncio.gather(verified(asked, acting), verified(other, acting))
    assert isinstance(second, Answer)
    assert second.reply.status is JobStatus.REJECTED
    assert [error.code for error in second.reply.errors] == ["job_id_conflict"]


async def test_a_tenant_that_is_withdrawn_while_a_job_waits_gets_no_answer_to_it(time: ManualTime) -> None:
    api = Api(time, revenu_solidarite_active=[fault(503, "37020", retry_in=5), found()])
    registry = OneToken()
    acting = services(httpx.MockTransport(api), registry, time)
    put_off = await verified(delivery(RSA), acting)
    assert isinstance(put_off, Defer)
    registry.registry = replace(registry.registry, tenants={})
    reply = await answered(put_off.delivery, acting, time)
    assert [error.code for error in reply.errors] == ["unknown_tenant"]


async def test_a_check_that_is_forbidden_while_its_job_waits_is_not_asked_and_tells_nothing(
    time: ManualTime,
) -> None:
    api = Api(
        time,
        revenu_solidarite_active=[found()],
        statut_sportif=[fault(503, "37020", retry_in=5), found()],
    )
    registry = OneToken()
    acting = services(httpx.MockTransport(api), registry, time)
    put_off = await verified(delivery(RSA, SPORT), acting)
    assert isinstance(put_off, Defer)
    narrowed = replace(registry.registry.vendors["millesime"], preset="millesime")
    registry.registry = replace(registry.registry, vendors={"millesime": narrowed})
    reply = await answered(put_off.delivery, acting, time)
    assert [code(check) for check in reply.checks] == [CheckCode.FORBIDDEN_CHECK] * 2
    assert [check.data for check in reply.checks] == [None, None]
    assert [name for name, _at in api.calls] == ["revenu_solidarite_active", "statut_sportif"]


async def test_a_block_that_is_closed_while_its_job_waits_is_withheld_from_a_finished_check(
    time: ManualTime,
) -> None:
    both = {"est_beneficiaire": False, "avec_majoration": None}
    api = Api(
        time,
        revenu_solidarite_active=[httpx.Response(200, json={"data": both})],
        statut_sportif=[fault(503, "37020", retry_in=5), _no_record()],
    )
    registry = OneToken()
    acting = services(httpx.MockTransport(api), registry, time)
    put_off = await verified(delivery(RSA, SPORT), acting)
    assert isinstance(put_off, Defer)
    narrowed = replace(
        registry.registry.vendors["millesime"],
        preset="millesime",
        extra_scopes=("revenu_solidarite_active", "sdh_statut_sportif_identite"),
    )
    registry.registry = replace(registry.registry, vendors={"millesime": narrowed})
    reply = await answered(put_off.delivery, acting, time)
    rsa, sport = reply.checks
    assert rsa.data == {"est_beneficiaire": False}
    assert rsa.withheld == ("avec_majoration", "date_debut_droit")
    assert sport.status is CheckStatus.NOT_FOUND
    assert len(api.times("revenu_solidarite_active")) == 1
