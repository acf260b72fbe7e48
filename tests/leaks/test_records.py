"""Records that hold a person, a token or a key do not show it when they are written by mistake: in a log, or an exception."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from connector.admission import Admitted
from connector.assemble import assemble
from connector.catalogue import CATALOGUE
from connector.credentials import DgfipCredentials
from connector.grants import grant_of
from connector.memory.standing import Entry, Known
from connector.messaging.address import broker_address
from connector.messaging.delivery import Delivery, Lane
from connector.messaging.publisher import Outgoing
from connector.plan import plan
from connector.registry.records import Tenant, Vendor
from connector.settings import load_settings
from connector.settlement import Answer, Defer
from connector.upstream.exchange import Answered
from connector.upstream.oauth import Token
from schemas.codes import CheckStatus
from schemas.reply import CheckReply
from schemas.request import VerificationRequest
from tests.leaks.canaries import (
    BROKER_PASSWORD,
    DATA,
    DGFIP_ID,
    DGFIP_SECRET,
    PERSON,
    REFERENCES,
    STRAY,
    STRAYS,
    Canary,
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
        expires_at=NOW,
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


def test_a_job_that_is_none_is_refused_without_being_shown() -> None:
    wrong = about("records", identity={STRAY: STRAY}, job_id=STRAY)
    with pytest.raises(ValidationError) as refused:
        VerificationRequest.model_validate(wrong)
    # The name of a member too many is its place: what is made of it goes to the vendor alone.
    assert found(PERSON, str(refused.value).encode()) == set()
