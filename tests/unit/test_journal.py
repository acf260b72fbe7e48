"""Noting calls: the broker has the record before the call sets out, and its outcome before the job is done with."""

import asyncio
import json
from dataclasses import replace
from typing import Any, cast

import httpx
import pytest
from pydantic import SecretStr

from connector.catalogue.definition import Source
from connector.journal.groups import PURPOSE
from connector.journal.journal import AccessJournal, NoJournal
from connector.journal.keys import JournalKeys, new_key
from connector.journal.record import UNKNOWN, Record, merged, read
from connector.messaging.publisher import Confirmation, Outgoing, Publisher, PublishError
from connector.registry.vault import Vault
from connector.registry.vault import new_key as new_secret_key
from connector.services import Services
from connector.settlement import Answer, Defer
from connector.upstream.impot_particulier import ImpotParticulier
from connector.verify import verify
from tests.fakes import ManualTime, answered, services
from tests.jobs import QF, RSA, identity
from tests.registry import CLAMART, OneToken
from tests.unit.test_pursuit import DOWN, delivery, found

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
        await self.journal.confirmed()
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
        await verify(delivery(RSA, QF), host.services)
    assert host.broker.events == []


async def test_before_there_is_a_connection_no_call_is_made() -> None:
    host = Host()
    unattached = AccessJournal(KEYS, VAULT, None, host.time.clock)
    with pytest.raises(PublishError):
        await verify(delivery(RSA), replace(host.services, journal=unattached))
    await unattached.confirmed()
    unattached.close()


async def test_a_connection_that_ends_during_the_call_leaves_its_outcome_unknown() -> None:
    host = Host()

    async def fail(request: httpx.Request) -> httpx.Response:
        host.broker.has_ended = True
        return found(request)

    failing = services(httpx.MockTransport(fail), OneToken(), host.time)
    acting = replace(failing, journal=host.journal)
    assert isinstance(await verify(delivery(RSA), acting), Answer)
    with pytest.raises(PublishError):
        await acting.journal.confirmed()
    assert [record.outcome for record in host.broker.records] == [UNKNOWN]


async def test_a_defect_of_ours_ends_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object) -> None:
        raise RuntimeError("sesame")

    monkeypatch.setattr("connector.call.decide", broken)
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
        def secret(self, siret: str, sealed: str) -> str:  # noqa: ARG002 - one tenant alone
            return '{"client_id": "c", "client_secret": "s"}'

    tenants = Credentials()
    known = replace(tenants.registry.tenants[CLAMART], sealed_dgfip="sealed-sesame")
    tenants.registry = replace(tenants.registry, tenants={CLAMART: known})
    made = services(transport, tenants, host.time)
    source = ImpotParticulier(transport, "https://dgfip.test", host.time.clock)
    acting = replace(made, journal=host.journal, upstreams={Source.API_IMPOT_PARTICULIER: source})

    settlement = await verify(delivery(AVIS), acting)

    assert not isinstance(settlement, Defer)
    await host.journal.confirmed()
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
    await journal.confirmed()
    journal.close()
    assert (journal.writer, host.broker.records) == (None, [])
