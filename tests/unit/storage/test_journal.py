"""Noting calls: the broker has the record before the call sets out, and its outcome before the job is done with."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import httpx
import pytest
from pydantic import SecretStr

from connector.amqp.confirmed_channel import Confirmation, PublishError
from connector.amqp.publisher import Outgoing, Publisher
from connector.catalogue.definition import Source
from connector.jobs.rate import read_quota
from connector.jobs.records import Lane, SecretField
from connector.jobs.settlement import Answer, Defer
from connector.limits.bounds import EGRESS, Quotas
from connector.limits.fair_queue import FairQueue
from connector.limits.refusals import Refusals
from connector.pipeline.run_job import verify
from connector.pipeline.services import Services
from connector.pipeline.settle import Kept
from connector.sources.impot_particulier import ImpotParticulier
from connector.storage.journal.access_journal import AccessJournal
from connector.storage.journal.groups import PURPOSE
from connector.storage.journal.journal import NoJournal
from connector.storage.journal.keys import JournalKeys, new_key
from connector.storage.journal.record import UNKNOWN, Record, merged, read
from connector.vault import Vault
from connector.vault import new_key as new_secret_key
from schemas.codes import CheckCode
from tests.answers import DOWN, found
from tests.calls import Limiter
from tests.deliveries import delivery
from tests.fakes import ManualTime, answered, services, verified
from tests.jobs import QF, RSA, identity
from tests.registry import CLAMART, OneToken

VAULT = Vault(SecretStr(new_secret_key()))
KEYS = JournalKeys(SecretStr(new_key()))
BOURSE = {
    "check": "etudiant_boursier",
    "call": "ine",
    "params": {"ine": "0000000000A"},
}
AVIS = {
    "check": "avis_imposition",
    "params": {"numero_fiscal": "3099999999001", "reference_avis": "2599999999001"},
}


class Broker:
    """Keeps what is published, and says in which order things happened."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.records: list[Record] = []
        self.bodies: list[bytes] = []
        self.has_ended = False

    async def publish(self, message: Outgoing) -> Confirmation:
        """Confirm, after a while."""
        await asyncio.sleep(0)
        if self.has_ended:
            raise PublishError("the connection ended (OSError)")
        group = read(VAULT.open_for(PURPOSE, message.body))
        self.bodies.append(VAULT.open_for(PURPOSE, message.body))
        self.records += group
        self.events += [f"{record.outcome} {record.check}" for record in group]
        return Confirmation.ROUTED


class SlowBroker(Broker):
    """Confirms after two seconds of the pipeline's clock, or never."""

    def __init__(self, time: ManualTime | None) -> None:
        super().__init__()
        self._time = time

    async def publish(self, message: Outgoing) -> Confirmation:
        """Confirm in its time."""
        if self._time is None:
            await asyncio.get_running_loop().create_future()
        else:
            self._time.advance(2)
        return await super().publish(message)


class Host:
    """A pipeline with a journal, and an API whose answers are given in order, the last one for ever."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.broker = Broker()
        self.time = ManualTime()
        self._answers = list(answers or [found()])
        self.journal = AccessJournal(KEYS, VAULT, None, self.time.clock)
        self.journal.attach(cast("Publisher", self.broker))
        made = services(httpx.MockTransport(self._answer), OneToken(), self.time)
        self.services: Services = replace(made, journal=self.journal)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        self.broker.events.append(f"call {request.url.path.split('/')[3]}")
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def run(self, *checks: dict[str, Any], **changes: Any) -> list[Record]:
        """Return the records of a job that was run to its reply, in the order of their calls."""
        await answered(delivery(*checks, **changes), self.services, self.time)
        every = merged(self.broker.records)
        return sorted(every, key=lambda record: (record.at, record.label, record.attempt))


async def test_a_call_sets_out_once_the_broker_has_its_record_and_ends_in_another() -> None:
    host = Host()
    await host.run(RSA)
    assert host.broker.events == [
        "unknown revenu_solidarite_active",
        "call revenu_solidarite_active",
        "found revenu_solidarite_active",
    ]


async def test_a_record_says_who_asked_what_and_nothing_of_whom_or_what_came() -> None:
    host = Host()
    told = {"agent": "agent-4831", "dossier": "2026-004711", "purpose": "aide-alimentaire"}
    (record,) = await host.run(RSA, job_id="job-1", **told)
    shown = {
        "vendor": "millesime",
        "tenant": CLAMART,
        "job_id": "job-1",
        "lane": "interactive",
        "label": "rsa",
        "check": "revenu_solidarite_active",
        "endpoint": "/v3/dss/revenu_solidarite_active/identite",
        "attempt": 1,
        "outcome": "found",
        "http_status": 200,
        **told,
    }
    assert {name: getattr(record, name) for name in shown} == shown
    for body in host.broker.bodies:
        for private in ("EXEMPLE", "CLAIRE", "1991-04-17", "69383", "sesame", "est_beneficiaire"):
            assert private not in body.decode()


async def test_the_person_is_found_again_under_its_own_tenant() -> None:
    host = Host()
    (record,) = await host.run(RSA)
    assert record.person == KEYS.hashed(CLAMART, "person", "EXEMPLE|CLAIRE|1991-04-17")
    assert record.identifier is None


async def test_an_identifier_is_hashed_beside_the_identity_that_came_with_it() -> None:
    host = Host()
    (record,) = await host.run(BOURSE, identity=identity())
    assert record.identifier == KEYS.hashed(CLAMART, "ine", "0000000000A")
    assert record.person == KEYS.hashed(CLAMART, "person", "EXEMPLE|CLAIRE|1991-04-17")
    assert "0000000000A" not in json.dumps([body.decode() for body in host.broker.bodies])


async def test_a_france_connect_call_is_noted_too() -> None:
    (record,) = await Host().run(
        {"check": "revenu_solidarite_active"}, identity=None, france_connect_token="fc-sesame"
    )
    assert (record.endpoint, record.person) == ("/v3/dss/revenu_solidarite_active/france_connect", None)


async def test_each_attempt_has_a_record_of_its_own() -> None:
    host = Host(DOWN, httpx.ConnectError("sesame"), found())
    records = await host.run(RSA)
    assert [(record.attempt, record.outcome, record.http_status) for record in records] == [
        (1, "provider_unavailable", 503),
        (2, "network_error", None),
        (3, "found", 200),
    ]


async def test_what_is_delivered_again_makes_calls_of_its_own() -> None:
    host = Host()
    await host.run(RSA, job_id="job-1")
    assert len(await host.run(RSA, job_id="job-1")) == 2


async def test_checks_at_once_share_a_message() -> None:
    host = Host()
    records = await host.run(RSA, QF)
    assert len(records) == 2
    assert len(host.broker.bodies) < 4


async def test_a_check_without_a_call_has_no_record() -> None:
    host = Host()
    assert await host.run({"check": "nothing"}, {"id": "2", "check": "scolarite"}) == []


async def test_without_the_broker_no_call_is_made_and_the_delivery_comes_again() -> None:
    host = Host()
    host.broker.has_ended = True
    with pytest.raises(PublishError):
        await verified(delivery(RSA, QF), host.services)
    assert host.broker.events == []


async def test_before_there_is_a_connection_no_call_is_made() -> None:
    host = Host()
    unattached = AccessJournal(KEYS, VAULT, None, host.time.clock)
    with pytest.raises(PublishError):
        await verified(delivery(RSA), replace(host.services, journal=unattached))
    unattached.close()


async def test_a_connection_that_ends_during_the_call_leaves_its_outcome_unknown() -> None:
    host = Host()

    async def fail(request: httpx.Request) -> httpx.Response:
        host.broker.has_ended = True
        return found(request)

    failing = services(httpx.MockTransport(fail), OneToken(), host.time)
    acting = replace(failing, journal=host.journal)
    records = Kept(acting.journal.open())
    assert isinstance(await verify(delivery(RSA), records, acting), Answer)
    with pytest.raises(PublishError):
        await records.confirmed()
    assert [record.outcome for record in host.broker.records] == [UNKNOWN]


async def test_a_record_that_takes_long_costs_the_call_its_turn() -> None:
    """Else the calls that waited for their records would all set out at once, whatever the quota."""
    host = Host()
    limiter = Limiter()
    quotas = Quotas(token=read_quota("20/s"), egress=())
    acting = replace(host.services, quotas=quotas, turns=FairQueue(limiter, host.time.seconds))
    await answered(delivery(RSA), acting, host.time)
    assert len(limiter.demands) == 1

    host.journal.attach(cast("Publisher", SlowBroker(host.time)))
    await answered(delivery(RSA, job_id="slow"), acting, host.time)
    assert len(limiter.demands) == 3


async def test_what_holds_a_call_back_while_its_record_is_kept_holds_it_back() -> None:
    host = Host()
    until = host.time.now + timedelta(minutes=5)

    class PausingBroker(SlowBroker):
        async def publish(self, message: Outgoing) -> Confirmation:
            pause = Refusals(until=until, code=CheckCode.RATE_LIMITED)
            await host.services.refusals.change(EGRESS, lambda _state: (pause, None))
            return await super().publish(message)

    slow = PausingBroker(host.time)
    host.journal.attach(cast("Publisher", slow))
    assert isinstance(await verified(delivery(RSA, lane=Lane.BATCH), host.services), Defer)
    assert [record.outcome for record in merged(slow.records)] == ["not_made"]
    assert host.broker.events == []


async def test_a_job_whose_records_are_not_kept_expires_at_its_deadline() -> None:
    host = Host()
    host.journal.attach(cast("Publisher", SlowBroker(None)))
    soon = (host.time.now + timedelta(seconds=0.05)).isoformat()
    settlement = await verify(delivery(RSA, expires_at=soon), Kept(host.journal.open()), host.services)
    assert isinstance(settlement, Answer)
    assert settlement.reply.status == "expired"
    assert host.broker.events == []


async def test_a_job_without_a_call_does_not_wait_for_the_records_of_others() -> None:
    host = Host()
    host.journal.attach(cast("Publisher", SlowBroker(None)))
    calling = asyncio.create_task(verify(delivery(RSA), Kept(host.journal.open()), host.services))
    await asyncio.sleep(0.01)
    assert isinstance(await verified(delivery(version=7), host.services), Answer)
    assert not calling.done()
    calling.cancel()


async def test_a_check_does_not_go_on_when_the_connection_ends_for_another() -> None:
    """Its job comes again: what it asks for meanwhile is asked for nobody."""
    ended: list[str] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        if "quotient_familial" not in request.url.path:
            host.broker.has_ended = True
            return DOWN
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.append("quotient_familial")
        raise AssertionError("nobody answers")

    host = Host()
    made = services(httpx.MockTransport(answer), OneToken(), host.time)
    acting = replace(host.services, upstreams=made.upstreams)
    with pytest.raises(PublishError):
        await verified(delivery(RSA, QF), acting)
    assert ended == ["quotient_familial"]


async def test_a_defect_of_ours_ends_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object) -> None:
        raise RuntimeError("sesame")

    monkeypatch.setattr("connector.pipeline.call.decide", broken)
    host = Host()
    (record,) = await host.run(RSA)
    assert (record.outcome, record.http_status) == ("unexpected_response", None)


async def test_a_source_that_asks_again_by_itself_makes_two_records(time: ManualTime) -> None:
    host = Host()
    asked: list[str] = []

    async def gateway(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        if request.url.path.endswith("/token"):
            return httpx.Response(200, json={"access_token": f"at-{len(asked)}", "expires_in": 3600})
        return httpx.Response(401)

    transport = httpx.MockTransport(gateway)

    class Credentials(OneToken):
        def secret(self, siret: str, held_as: SecretField, sealed: str) -> str:  # noqa: ARG002 - one tenant alone
            return '{"client_id": "c", "client_secret": "s"}'

    tenants = Credentials()
    known = replace(tenants.registry.tenants[CLAMART], sealed_dgfip="sealed-sesame")
    tenants.registry = replace(tenants.registry, tenants={CLAMART: known})
    made = services(transport, tenants, host.time)
    source = ImpotParticulier(transport, "https://dgfip.test", host.time.clock)
    acting = replace(made, journal=host.journal, upstreams={Source.API_IMPOT_PARTICULIER: source})

    settlement = await verified(delivery(AVIS), acting)

    assert not isinstance(settlement, Defer)
    calls = [path for path in asked if not path.endswith("/token")]
    records = merged(host.broker.records)
    assert len(calls) == len(records) == 2
    assert {(record.attempt, record.outcome, record.http_status) for record in records} == {
        (1, "token_invalid", 401)
    }


@pytest.fixture
def time() -> ManualTime:
    return ManualTime()


async def test_without_a_key_nothing_is_noted() -> None:
    journal = NoJournal()
    host = Host()
    acting = replace(host.services, journal=journal)
    await answered(delivery(RSA), acting, host.time)
    journal.close()
    assert (journal.writer, host.broker.records) == (None, [])
