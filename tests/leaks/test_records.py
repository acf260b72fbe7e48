"""Records that hold a person, a token or a key do not show it when they are written by mistake: in a log, or an exception."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from connector.amqp.definitions import passwords
from connector.amqp.publisher import Outgoing
from connector.catalogue import CATALOGUE
from connector.catalogue.grants import grant_of
from connector.checks.admission import Admitted
from connector.checks.assemble import assemble
from connector.checks.plan import plan
from connector.demo.deployment import CLAMART
from connector.jobs.delivery import Delivery
from connector.jobs.job_state import Entry, Known
from connector.jobs.records import Flow, Lane, Tenant, Vendor
from connector.jobs.settlement import Answer, Defer
from connector.settings.broker_address import broker_address
from connector.settings.settings import Settings, load_settings
from connector.sources import introspection, oauth
from connector.sources.credentials import DgfipCredentials
from connector.sources.exchange import Answered
from connector.sources.oauth import Token
from connector.sources.outcome import ErrorMeta
from connector.storage.registry.tenants_file import TenantsFile
from schemas.checks.quotient_familial import QuotientFamilialData
from schemas.codes import CheckStatus
from schemas.reply import CheckReply
from schemas.request import VerificationRequest
from tests.leaks.canaries import (
    AGENT,
    BROKER_PASSWORD,
    DATA,
    DETAIL,
    DGFIP_ID,
    DGFIP_SECRET,
    NOM,
    PERSON,
    REFERENCES,
    SECOND,
    STRAY,
    STRAYS,
    Canary,
    person,
)
from tests.leaks.leaky import whole
from tests.leaks.paths import NOTICE, QF, STUDENT, about
from tests.leaks.search import found

NOW = datetime(2026, 11, 26, tzinfo=UTC)
SECRETS = (Canary("password", (BROKER_PASSWORD,)), Canary("dgfip", (DGFIP_ID, DGFIP_SECRET)))
EVERY = (*PERSON, *REFERENCES, *STRAYS, *SECRETS)
BODY = json.dumps(about("records", QF, NOTICE, STUDENT), ensure_ascii=False).encode()
JOB = VerificationRequest.model_validate_json(BODY)
VENDOR = Vendor(name="millesime", product="x", publisher="y", preset="all")
TENANT = Tenant(
    siret=JOB.tenant,
    name="CCAS",
    vendors=frozenset(),
    sealed_token=STRAY,
    sealed_next_token=STRAY,
    sealed_dgfip=STRAY,
)
DELIVERY = Delivery(
    body=BODY,
    lane=Lane.BATCH,
    routing_key="millesime.batch",
    redelivered=False,
    received_at=NOW,
    content_type=STRAY,
    content_encoding=STRAY,
    correlation_id=STRAY,
    message_id=STRAY,
    reply_to=STRAY,
    trace={"baggage": STRAY},
)
FOUND = CheckReply(id="x", check="quotient_familial", status=CheckStatus.FOUND, data={"adresse": DATA})
REPLY = assemble(DELIVERY, JOB, [FOUND], NOW)
RECORDS: dict[str, Any] = {
    "a job": JOB,
    "an identity": JOB.identity,
    "a check's parameters": JOB.checks[1],
    "a delivery": DELIVERY,
    "an admitted job": Admitted(
        job=JOB,
        vendor=VENDOR,
        tenant=TENANT,
        reply_to="replies.millesime",
        lane=Lane.BATCH,
        received_at=NOW,
        published_at=NOW,
        expires_at=NOW,
        flow=Flow(Lane.BATCH, VENDOR.name, TENANT.siret),
    ),
    "planned calls": plan(JOB, CATALOGUE, grant_of(VENDOR), NOW.date())[0],
    "a source's answer": Answered(
        http_status=200, headers={"location": STRAY}, body=DATA.encode(), duration_ms=1
    ),
    "a check's answer": FOUND,
    "a reply": REPLY,
    "a settlement": Answer("replies.millesime", REPLY),
    "a deferral": Defer(NOW, DELIVERY),
    "a remembered reply": Known(REPLY),
    "a sealed reply": Entry(
        claim="x", digest="y", busy_until=NOW, is_deferred=False, sealed_reply=STRAY.encode()
    ),
    "a message to publish": Outgoing(queue="q", body=BODY, properties={"x": STRAY}, headers={"x": STRAY}),
    "a tenant": TENANT,
    "a tenant's credentials": DgfipCredentials(client_id=DGFIP_ID, client_secret=DGFIP_SECRET),
    "an access token": Token(STRAY, NOW),
    "the broker's address": broker_address(f"amqp://x:{BROKER_PASSWORD}@host//"),
}


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS.keys())
def test_a_record_hides_the_canaries_that_it_holds(record: Any) -> None:
    assert found(EVERY, repr(whole(record)).encode())
    assert found(EVERY, f"{record!r} {record!s}".encode()) == set()


def test_settings_hide_their_secrets() -> None:
    settings = load_settings({"CONNECTOR_BROKER_URL": f"amqp://x:{BROKER_PASSWORD}@host//"})
    assert isinstance(settings.broker_url, SecretStr)
    assert found(EVERY, f"{settings!r} {settings!s}".encode()) == set()


WRONG: dict[str, tuple[type[BaseModel], Any]] = {
    "a job": (VerificationRequest, about("records", identity=person(prenoms=SECOND), job_id=STRAY)),
    "a job of another form": (VerificationRequest, about("records", identity=[NOM], agent=[AGENT])),
    "a reply": (CheckReply, {"id": "x", "check": "x", "status": DATA}),
    "a source's data": (QuotientFamilialData, {"adresse": DATA}),
    "a source's error": (ErrorMeta, [DETAIL]),
    "an access token": (vars(oauth)["_TokenAnswer"], {"access_token": f"{STRAY} {STRAY}"}),
    "what is said of a token": (vars(introspection)["_Habilitation"], {"scopes": STRAY}),
    "a file of tenants": (TenantsFile, {"tenants": {CLAMART: {"dgfip": {"client_id": [DGFIP_SECRET]}}}}),
    "a file of users": (vars(passwords)["_Definitions"], {"users": [{"name": [BROKER_PASSWORD]}]}),
    "settings": (Settings, {"broker_url": [BROKER_PASSWORD]}),
}
"""Models of what comes from outside, and what is none of them; the name of a member too many is its place: what is made
of it goes to the vendor alone."""


@pytest.mark.parametrize(("model", "wrong"), WRONG.values(), ids=WRONG.keys())
def test_what_is_none_is_refused_without_being_shown(model: type[BaseModel], wrong: Any) -> None:
    shown = type("Shown", (model,), {"model_config": ConfigDict(hide_input_in_errors=False)})
    assert found(EVERY, refusal(shown, wrong))
    assert found(EVERY, refusal(model, wrong)) == set()


def refusal(model: type[BaseModel], wrong: Any) -> bytes:
    with pytest.raises(ValidationError) as refused:
        model.model_validate(wrong)
    return str(refused.value).encode()
