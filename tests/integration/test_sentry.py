"""What a worker and a beat tell Sentry: one issue per cause, traces, check-ins; never who a job is about."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.demo.deployment import CLAMART, PROGRAM
from connector.demo.program import Program
from connector.demo.vendor import VendorClient
from connector.vault import new_key
from tests.deployments import Deployment
from tests.jobs import QF, RSA, identity, job
from tests.queues import added_and_deleted
from tests.sandbox_tokens import issue
from tests.sentry import Item, LocalSentry
from tests.town import siret

PRIVATE = ("SESAMENOM", "SESAMEPRENOM", "1987-06-27", "SESAMEAGENT")
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
DEFECT, REFUSED = siret(1), siret(2)
DOWN = {"check": "service_national"}


def asked(*checks: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a job whose person would be found wherever it went."""
    person = identity(
        PRIVATE[0],
        prenoms=[PRIVATE[1]],
        date_naissance=PRIVATE[2],
    )
    return job(*checks, **({"identity": person, "agent": PRIVATE[3]} | changes))


@pytest.fixture(scope="module")
def deployed(own_broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp("tenants")
    with Deployment(own_broker, ["--fail", "dsnj=503"], preset="all") as started:
        for name, number, is_revoked in (("defect", DEFECT, False), ("refused", REFUSED, True)):
            file: Path = folder / f"{name}.toml"
            token = issue(name, is_revoked=is_revoked)
            table = f'[tenants.{number}]\nname = "{name}"\nvendors = ["millesime"]\n'
            file.write_text(f'{table}token = {{ value = "{token}" }}\n', "utf-8")
            started.command("tenants", "import", str(file))
        yield started


@pytest.fixture(scope="module")
def sentry() -> Iterator[LocalSentry]:
    with LocalSentry() as started:
        yield started


@pytest.fixture(scope="module")
def worker(deployed: Deployment, sentry: LocalSentry) -> Iterator[Program]:
    """A worker with a defect, whose logs are those of errors alone."""
    settings = {"CONNECTOR_SENTRY_DSN": sentry.dsn, "CONNECTOR_SENTRY_ENVIRONMENT": "rehearsal"}
    command = [PROGRAM[0], "-m", "tests.failing_worker", "--log-level", "DEBUG"]
    with deployed.start(*command, settings=settings) as started:
        started.wait_for("worker.ready")
        yield started


@pytest.fixture
def vendor(own_broker: str, worker: Program, sentry: LocalSentry) -> Iterator[VendorClient]:
    with VendorClient(own_broker, "millesime") as client:
        yield client
    told = b"".join(sentry.raw).decode() + "".join(worker.said)
    assert not [private for private in PRIVATE if private in told]


def answered(vendor: VendorClient, *jobs: dict[str, Any], **properties: Any) -> list[Any]:
    """Publish jobs, and return their replies as they come."""
    for each in jobs:
        vendor.publish(each, **properties)
    return list(vendor.replies(len(jobs)))


def incident(event: Item) -> Any:
    """Return what an event says of its incident."""
    return event["contexts"]["incident"]


def test_a_refused_token_is_told_once_with_its_tenant_and_what_to_do(
    vendor: VendorClient, sentry: LocalSentry
) -> None:
    answered(vendor, *(asked(tenant=REFUSED) for _ in range(3)))
    (event,) = sentry.wait(lambda: sentry.events("token.refused"))
    assert event["fingerprint"] == ["token.refused", "token_revoked"]
    assert event["tags"] == {
        "event": "token.refused",
        "vendor": "millesime",
        "tenant": REFUSED,
        "code": "token_revoked",
    }
    assert (event["environment"], event["level"]) == ("rehearsal", "error")
    assert event["release"].startswith("ccas-connector@")
    assert "tenants token rotate" in incident(event)["to_do"]
    assert incident(event)["runbook"] == "deploy/README.md#tokenrefused"


@pytest.mark.parametrize("program", ["worker", "beat"])
def test_a_start_without_the_database_is_told_where_somebody_looks(program: str) -> None:
    with LocalSentry() as sentry:
        settings = {
            "CONNECTOR_DATABASE_URL": "postgresql://connector:SESAMENOM@127.0.0.1:1/registry",
            "CONNECTOR_SECRET_KEY": new_key(),
            "CONNECTOR_LOG_FORMAT": "json",
            "CONNECTOR_SENTRY_DSN": sentry.dsn,
        }
        refused = Program([*PROGRAM, program], {**os.environ, **settings})
        told = json.loads(refused.wait_for("registry.refused"))
        assert refused.wait() == 2
        (event,) = sentry.wait(lambda: sentry.events("registry.refused"))
        shown = b"".join(sentry.raw).decode() + "".join(refused.said)
    assert told["level"] == "error"
    assert told["detail"] == (
        "CONNECTOR_DATABASE_URL: cannot be opened: nothing listens at its address: is it started, and is the port right?"
    )
    assert event["tags"] == {"event": "registry.refused"}
    assert "registry upgrade" in incident(event)["to_do"]
    assert PRIVATE[0] not in shown


def test_a_provider_that_is_down_is_one_issue_that_names_the_tenants(
    vendor: VendorClient, sentry: LocalSentry
) -> None:
    for tenant in (CLAMART, DEFECT, CLAMART, DEFECT, CLAMART):
        vendor.publish(asked(DOWN, tenant=tenant))
    (event,) = sentry.wait(lambda: sentry.events("breaker.opened"))
    assert event["fingerprint"] == ["breaker.opened", "DSNJ", "provider_unavailable"]
    assert event["tags"] == {"event": "breaker.opened", "provider": "DSNJ", "code": "provider_unavailable"}
    assert sorted(incident(event)["tenants"]) == sorted([CLAMART, DEFECT])
    assert len(list(vendor.replies(5, timeout_seconds=90))) == 5


def test_a_dead_letter_is_told_by_its_reason(
    own_broker: str, vendor: VendorClient, sentry: LocalSentry
) -> None:
    with VendorClient(own_broker, "nobody") as stranger:
        stranger.publish(asked())
    (event,) = sentry.wait(lambda: sentry.events("job.dead"))
    assert event["fingerprint"] == ["job.dead", "unknown_vendor"]
    assert event["tags"]["lane"] == "interactive"


def test_an_undeliverable_reply_is_told_by_its_reason_and_queue(
    own_broker: str, deployed: Deployment, vendor: VendorClient, sentry: LocalSentry
) -> None:
    with VendorClient(own_broker, "millesime") as operator:
        added_and_deleted("absente", own_broker, deployed, operator)
    body = asked()
    vendor.publish(body, reply_to="replies.millesime.absente")
    (event,) = sentry.wait(lambda: sentry.events("reply.undeliverable"))
    assert event["fingerprint"] == ["reply.undeliverable", "unroutable"]
    assert event["tags"] == {
        "event": "reply.undeliverable",
        "vendor": "millesime",
        "tenant": CLAMART,
        "code": "unroutable",
        "lane": "interactive",
    }
    told = incident(event)
    assert (told["queue"], told["job_id"]) == ("replies.millesime.absente", body["job_id"])
    assert "topology declare" in told["to_do"]
    assert told["runbook"] == "deploy/README.md#replyundeliverable"


def test_a_defect_is_told_by_type_and_stack(vendor: VendorClient, sentry: LocalSentry) -> None:
    body = asked(RSA, tenant=DEFECT)
    (reply,) = answered(vendor, body)
    assert json.loads(reply.body)["status"] == "failed"
    (event,) = sentry.wait(lambda: sentry.events("check.unexpected_error"))
    assert event["fingerprint"] == [
        "check.unexpected_error",
        "revenu_solidarite_active",
        "ValueError",
        "connector/pipeline/call.py:ended",
    ]
    assert event["tags"]["provider"] == "CNAV"
    assert incident(event)["job_id"] == body["job_id"]
    (raised,) = event["exception"]["values"]
    assert raised["type"] == "ValueError"
    assert raised["stacktrace"]["frames"][-1]["function"] == "_fail"
    assert not {"vars", "context_line"} & raised["stacktrace"]["frames"][-1].keys()


def test_a_warning_of_python_s_is_logged_by_its_place(vendor: VendorClient, worker: Program) -> None:
    # Each answer is another text, and the place is told once.
    answered(vendor, asked(RSA, tenant=DEFECT), asked(RSA, tenant=DEFECT))
    line = worker.wait_for("library.warned")
    assert "category=UserWarning" in line
    assert "tests/failing_worker.py:" in line


@pytest.mark.parametrize("flag", ["1", "0"])
def test_a_trace_goes_from_the_vendor_through_the_job_to_its_reply(
    vendor: VendorClient, sentry: LocalSentry, flag: str
) -> None:
    trace = TRACE[:-1] + flag
    given = {"sentry-trace": f"{trace}-{PARENT}-{flag}", "baggage": f"sentry-user={PRIVATE[0]}"}
    (reply,) = answered(vendor, asked(QF), headers=given)
    headers = reply.properties["application_headers"]
    if flag == "0":
        assert headers == given
        return
    (transaction,) = sentry.wait(
        lambda: [
            each for each in sentry.items("transaction") if each["contexts"]["trace"]["trace_id"] == trace
        ]
    )
    root = transaction["contexts"]["trace"]
    assert (root["op"], root["parent_span_id"]) == ("queue.process", PARENT)
    assert root["data"]["messaging.message.receive.latency"] >= 0
    spans = [(span["op"], span["description"], span["data"]) for span in transaction["spans"]]
    of_the_call = {
        "check": "quotient_familial",
        "provider": "CNAV",
        "http.response.status_code": 404,
    }
    assert spans == [
        ("db", "recall the reply", {}),
        ("http.client", "GET /v3/dss/quotient_familial/identite", of_the_call),
    ]
    assert headers == {
        "sentry-trace": f"{trace}-{root['span_id']}-1",
        "traceparent": f"00-{trace}-{root['span_id']}-01",
        "baggage": given["baggage"],
    }


def test_the_events_of_a_job_are_found_by_the_name_of_its_trace(
    vendor: VendorClient, worker: Program
) -> None:
    trace = "c" * 32
    body = asked(QF)
    answered(vendor, body, headers={"traceparent": f"00-{trace}-{PARENT}-00"})
    line = worker.wait_for(body["job_id"])
    for named in (trace, CLAMART, "millesime"):
        assert named in line


def test_a_scheduled_task_checks_in_with_its_schedule(deployed: Deployment, sentry: LocalSentry) -> None:
    beat = deployed.start(*PROGRAM, "beat", "--once", settings={"CONNECTOR_SENTRY_DSN": sentry.dsn})
    assert beat.wait() == 0
    told = {each["monitor_slug"]: each for each in sentry.wait(lambda: sentry.items("check_in"), 4)}
    assert told.keys() == {"checks-drift", "journal-purge", "tokens-check", "tokens-promote"}
    assert {each["status"] for each in told.values()} == {"ok"}
    assert told["tokens-check"]["monitor_config"] == {
        "schedule": {"type": "interval", "value": 1, "unit": "day"},
        "checkin_margin": 60,
        "failure_issue_threshold": 1,
    }
    assert told["tokens-promote"]["monitor_config"]["schedule"]["value"] == 3


@pytest.mark.parametrize("dsn", ["", "http://key@127.0.0.1:9/7"])
def test_without_a_dsn_nothing_is_loaded_and_with_a_dead_one_jobs_are_answered(
    deployed: Deployment, own_broker: str, dsn: str, worker: Program
) -> None:
    worker.stop()
    assert not [private for private in PRIVATE if private in "".join(worker.said)]
    command = [PROGRAM[0], "-X", "importtime", *PROGRAM[1:], "worker"]
    with (
        deployed.start(*command, settings={"CONNECTOR_SENTRY_DSN": dsn}) as other,
        VendorClient(own_broker, "nobody") as stranger,
        VendorClient(own_broker, "millesime") as vendor,
    ):
        other.wait_for("worker.ready")
        stranger.publish(asked())
        (reply,) = answered(vendor, asked())
        assert json.loads(reply.body)["status"] == "completed"
        if dsn:
            other.wait_for("sentry.away")
        assert other.stop() == 0
        assert ("sentry_sdk" in "".join(other.said)) is bool(dsn)
