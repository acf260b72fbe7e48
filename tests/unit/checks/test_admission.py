"""Admission: which messages become jobs to run, and how the others end."""

import json
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import pytest

from connector.checks.admission import Admitted, admit, default_deadline
from connector.jobs.delivery import Delivery
from connector.jobs.records import EMPTY_REGISTRY, Lane, Registry, Tenant, Vendor
from connector.jobs.settlement import Answer, Dead, DeadReason
from schemas.codes import JobCode, JobStatus
from tests.jobs import job

CLAMART = "26920023600017"
LENS = "26620498300016"
UNKNOWN = "13002526500013"
RECEIVED = datetime(2026, 11, 23, 9, 0, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 23, 9, 0, 2, tzinfo=UTC)
PUBLISHED = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TIMESTAMP = int(PUBLISHED.timestamp())


FURTHER = ("2", "a" * 64, "campagne-2026", "guichet")


def vendor(name: str) -> Vendor:
    return Vendor(name=name, product=name.title(), publisher="Éditeur", preset="all", reply_queues=FURTHER)


def tenant(siret: str, *vendors: str) -> Tenant:
    return Tenant(siret=siret, name="CCAS", vendors=frozenset(vendors))


REGISTRY = Registry(
    revision=1,
    vendors=MappingProxyType({name: vendor(name) for name in ("millesime", "sonate-opus")}),
    tenants=MappingProxyType({CLAMART: tenant(CLAMART, "millesime"), LENS: tenant(LENS, "sonate-opus")}),
)


def body(**changes: Any) -> bytes:
    return json.dumps(job(job_id="demande-1", tenant=CLAMART, dossier="2026-004711") | changes).encode()


def delivery(**changes: Any) -> Delivery:
    properties: dict[str, Any] = {
        "body": body(),
        "lane": Lane.INTERACTIVE,
        "routing_key": "millesime.interactive",
        "redelivered": False,
        "received_at": RECEIVED,
        "content_type": "application/json",
    }
    return Delivery(**properties | changes)


def admit_with(*, require_user_id: bool = False, **changes: Any) -> Admitted | Answer | Dead:
    return admit(delivery(**changes), REGISTRY, NOW, require_user_id=require_user_id)


def admitted(**changes: Any) -> Admitted:
    result = admit_with(**changes)
    assert isinstance(result, Admitted)
    return result


def rejected(*, queue: str = "replies.millesime", **changes: Any) -> tuple[JobCode, str | None]:
    """Return the code and the pointer of the one error that a delivery is answered with on ``queue``."""
    result = admit_with(**changes)
    assert isinstance(result, Answer)
    assert result.queue == queue
    assert result.reply.status is JobStatus.REJECTED
    assert result.reply.checks == ()
    (error,) = result.reply.errors
    return error.code, error.pointer


def test_a_job_of_a_vendor_for_its_tenant_is_admitted() -> None:
    result = admitted()
    assert result.job.job_id == "demande-1"
    assert result.vendor is REGISTRY.vendors["millesime"]
    assert result.tenant is REGISTRY.tenants[CLAMART]
    assert result.reply_to == "replies.millesime"


def test_a_message_with_x_death_is_dead_and_answered_where_nobody_can_keep_it() -> None:
    result = admit_with(dead_lettered=True)
    assert isinstance(result, Dead)
    assert result.reason is DeadReason.FORGED
    assert result.when_full is not None
    assert result.when_full.queue == "replies.millesime"
    assert result.when_full.reply.job_id == "demande-1"
    assert [error.code for error in result.when_full.reply.errors] == [JobCode.INVALID_MESSAGE]


def test_a_forged_message_of_an_unknown_vendor_is_dead_as_forged() -> None:
    assert admit_with(dead_lettered=True, routing_key="inconnu.batch") == Dead(DeadReason.FORGED)


@pytest.mark.parametrize(
    "routing_key",
    ["", ".", "inconnu.interactive", ".interactive", "Millesime.batch", "millesimex.batch", "interactive"],
)
def test_a_job_of_an_unknown_vendor_has_nowhere_to_be_answered(routing_key: str) -> None:
    assert admit_with(routing_key=routing_key) == Dead(DeadReason.UNKNOWN_VENDOR)


def test_an_empty_registry_knows_no_vendor() -> None:
    result = admit(delivery(), EMPTY_REGISTRY, NOW, require_user_id=False)
    assert result == Dead(DeadReason.UNKNOWN_VENDOR)


@pytest.mark.parametrize("require_user_id", [False, True])
def test_the_vendor_s_own_user_is_admitted(*, require_user_id: bool) -> None:
    assert admitted(user_id="millesime", require_user_id=require_user_id)


@pytest.mark.parametrize("user_id", ["sonate-opus", "guest", "", "Millesime"])
@pytest.mark.parametrize("require_user_id", [False, True])
def test_another_user_is_refused(user_id: str, *, require_user_id: bool) -> None:
    code, pointer = rejected(user_id=user_id, require_user_id=require_user_id)
    assert (code, pointer) == (JobCode.FORBIDDEN_USER, None)


def test_a_missing_user_is_refused_only_where_it_is_required() -> None:
    assert rejected(require_user_id=True) == (JobCode.FORBIDDEN_USER, None)
    assert admitted(require_user_id=False)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "application/json;charset=utf-8",
        "application/json; charset=UTF-8",
        'application/json; charset="utf-8"',
        "application/json; charset = utf8",
        "application/json ; version=1",
    ],
)
def test_json_in_utf_8_is_admitted(content_type: str) -> None:
    assert admitted(content_type=content_type)


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "text/json",
        "application/jsonp",
        "application/json-patch+json",
        "application/x-python-serialize",
        "application/json; charset=iso-8859-1",
        "application/json; charset=utf-16",
    ],
)
def test_another_content_type_is_refused(content_type: str | None) -> None:
    assert rejected(content_type=content_type) == (JobCode.UNSUPPORTED_CONTENT_TYPE, None)


@pytest.mark.parametrize("content_encoding", [None, "", "utf-8", "UTF-8", "identity"])
def test_a_plain_body_is_admitted(content_encoding: str | None) -> None:
    assert admitted(content_encoding=content_encoding)


@pytest.mark.parametrize("content_encoding", ["gzip", "deflate", "br", "base64", "latin-1"])
def test_an_encoded_body_is_refused(content_encoding: str) -> None:
    assert rejected(content_encoding=content_encoding) == (JobCode.UNSUPPORTED_CONTENT_TYPE, None)


def test_unreadable_headers_are_refused() -> None:
    assert rejected(unreadable_headers=True) == (JobCode.INVALID_MESSAGE, None)


@pytest.mark.parametrize(
    "timestamp",
    [
        pytest.param(TIMESTAMP * 1000, id="milliseconds"),
        pytest.param(2**63 - 1, id="largest signed"),
        pytest.param(2**64 - 1, id="largest unsigned"),
        pytest.param(253_402_300_799, id="last second of the year 9999"),
    ],
)
@pytest.mark.parametrize("lane", Lane)
def test_a_timestamp_that_leaves_no_deadline_is_refused(timestamp: int, lane: Lane) -> None:
    assert rejected(timestamp=timestamp, lane=lane) == (JobCode.INVALID_MESSAGE, None)


def test_a_refused_envelope_is_answered_with_what_can_be_told_of_the_job() -> None:
    result = admit_with(content_type="text/plain", redelivered=True)
    assert isinstance(result, Answer)
    reply = result.reply
    assert (reply.job_id, reply.tenant, reply.dossier) == ("demande-1", CLAMART, "2026-004711")
    assert (reply.received_at, reply.completed_at) == (RECEIVED, NOW)
    assert reply.possible_duplicate


@pytest.mark.parametrize("changes", [{"content_type": None}, {"user_id": "guest"}, {"reply_to": "intrus"}])
def test_a_body_that_is_no_json_is_answered_without_a_name(changes: dict[str, Any]) -> None:
    result = admit_with(body=b"\xff", **changes)
    assert isinstance(result, Answer)
    assert result.queue == "replies.millesime"
    assert (result.reply.job_id, result.reply.tenant, result.reply.dossier) == (None, None, None)


def test_a_wrong_body_is_refused_with_the_place_of_its_defect() -> None:
    assert rejected(body=body(surprise=1)) == (JobCode.INVALID_MESSAGE, "/surprise")


def test_a_wrong_body_is_answered_where_the_vendor_reads() -> None:
    queue = "replies.millesime.guichet"
    code, _ = rejected(body=b"[]", reply_to=queue, queue=queue)
    assert code is JobCode.INVALID_MESSAGE


def test_another_version_of_the_contract_is_refused() -> None:
    assert rejected(body=body(version=2)) == (JobCode.UNSUPPORTED_VERSION, "/version")


@pytest.mark.parametrize("reply_to", [None, "", "replies.millesime"])
def test_replies_go_by_default_to_the_vendor_s_queue(reply_to: str | None) -> None:
    assert admitted(reply_to=reply_to).reply_to == "replies.millesime"


@pytest.mark.parametrize("name", FURTHER)
def test_replies_go_to_a_queue_that_the_operator_has_added(name: str) -> None:
    reply_to = f"replies.millesime.{name}"
    assert admitted(reply_to=reply_to).reply_to == reply_to


@pytest.mark.parametrize(
    "reply_to",
    [
        "replies.sonate-opus",
        "replies.sonate-opus.guichet",
        "replies.millesimex",
        "replies.millesime-2",
        "replies.millesime.not-added",
        "replies.millesime.",
        "replies.millesime..guichet",
        "replies.millesime.evil.name",
        "replies.millesime.guichet\n",
        "replies.millesime.*",
        "replies.millesime.#",
        "replies.millesime/guichet",
        "Replies.millesime",
        "xreplies.millesime",
        " replies.millesime",
        "replies",
        "replies.",
        "millesime",
        "connector.dead",
        "connector.undeliverable",
        "verifications.interactive",
        "verifications",
        "amq.rabbitmq.reply-to",
        "amq.rabbitmq.reply-to.g1h2AA5yZXBseUA",
        "amq.gen-JzTY20BRgKO-HjmUJj0wLg",
    ],
)
def test_a_reply_goes_nowhere_but_to_the_vendor_that_asked(reply_to: str) -> None:
    assert rejected(reply_to=reply_to) == (JobCode.FORBIDDEN_REPLY_TO, None)


def test_a_tenant_that_nobody_registered_is_unknown() -> None:
    assert rejected(body=body(tenant=UNKNOWN)) == (JobCode.UNKNOWN_TENANT, "/tenant")


def test_a_tenant_of_another_vendor_is_forbidden() -> None:
    assert rejected(body=body(tenant=LENS)) == (JobCode.FORBIDDEN_TENANT, "/tenant")


def test_the_vendor_is_the_first_word_of_the_routing_key() -> None:
    result = admitted(routing_key="sonate-opus.batch", body=body(tenant=LENS))
    assert (result.vendor.name, result.reply_to) == ("sonate-opus", "replies.sonate-opus")


@pytest.mark.parametrize(
    ("lane", "lifetime"),
    [(Lane.INTERACTIVE, timedelta(seconds=60)), (Lane.BATCH, timedelta(hours=24))],
)
def test_a_lane_gives_a_default_lifetime_from_the_publication(lane: Lane, lifetime: timedelta) -> None:
    assert admitted(lane=lane, timestamp=TIMESTAMP).expires_at == PUBLISHED + lifetime
    assert admitted(lane=lane).expires_at == RECEIVED + lifetime


def test_the_lane_is_the_queue_s_and_not_the_routing_key_s() -> None:
    result = admitted(lane=Lane.BATCH, routing_key="millesime.interactive", timestamp=TIMESTAMP)
    assert result.expires_at == PUBLISHED + timedelta(hours=24)


@pytest.mark.parametrize("timestamp", [None, TIMESTAMP])
def test_a_job_may_give_its_own_deadline(timestamp: int | None) -> None:
    result = admitted(body=body(expires_at="2026-11-23T10:00:30+01:00"), timestamp=timestamp)
    assert result.expires_at == datetime(2026, 11, 23, 9, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(("days", "is_admitted"), [(30.9, True), (31.1, False), (365_000, False)])
def test_a_job_may_wait_for_31_days(days: float, *, is_admitted: bool) -> None:
    deadline = NOW + timedelta(days=days)
    admitted = admit_with(body=body(expires_at=deadline.isoformat()))
    assert isinstance(admitted, Admitted) is is_admitted
    if isinstance(admitted, Answer):
        (error,) = admitted.reply.errors
        assert (error.code, error.pointer) == (JobCode.INVALID_MESSAGE, "/expires_at")
        assert "31 jours" in error.detail


def test_a_timestamp_that_is_ahead_of_the_clock_makes_no_job_wait_for_longer() -> None:
    admitted = admit_with(timestamp=TIMESTAMP + 40 * 24 * 3600)
    assert isinstance(admitted, Answer)
    assert "timestamp" in admitted.reply.errors[0].detail


def test_a_timestamp_of_zero_is_the_first_of_january_1970() -> None:
    assert default_deadline(delivery(timestamp=0)) == datetime(1970, 1, 1, 0, 1, tzinfo=UTC)


def test_without_a_timestamp_a_job_counts_from_its_reception() -> None:
    assert default_deadline(delivery()) == RECEIVED + timedelta(seconds=60)


@pytest.mark.parametrize(
    ("timestamp", "told"),
    [
        (TIMESTAMP * 1_000, "millisecondes"),
        # As a client of Node.js was seen to send it.
        (1_452_617_795_432, "millisecondes"),
        (TIMESTAMP * 1_000_000, "microsecondes"),
        (TIMESTAMP * 1_000_000_000, "nanosecondes"),
        ((TIMESTAMP + 62_135_596_800) * 10_000_000, "ticks de .NET"),
        (999_999_999_999_999_999, None),
    ],
)
def test_a_timestamp_in_another_unit_is_told_which(timestamp: int, told: str | None) -> None:
    """AMQP 0-9-1 counts in seconds (4.2.5.4), AMQP 1.0 in milliseconds."""
    result = admit_with(timestamp=timestamp)
    assert isinstance(result, Answer)
    (error,) = result.reply.errors
    assert ("semble en" in error.detail) is (told is not None)
    assert (told or "en secondes") in error.detail
