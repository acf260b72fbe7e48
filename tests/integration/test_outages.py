"""Sources that are down for a while: retried, waited for outside of the worker, and not asked in vain."""

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from connector.demo.program import Program
from connector.demo.vendor import VendorClient
from tests.deployments import Deployment
from tests.jobs import QF, RSA, job
from tests.sandbox_control import SandboxControl

SPORT: dict[str, Any] = {"check": "statut_sportif", "params": {"identifiant": "990000001"}}
STUDENT: dict[str, Any] = {"check": "statut_etudiant", "call": "ine", "params": {"ine": "0990000001A"}}
SERVICE: dict[str, Any] = {"check": "service_national"}


@pytest.fixture(scope="module")
def deployed(own_broker: str) -> Iterator[Deployment]:
    """A sandbox and a registry of this module's own, since its breakers open."""
    with Deployment(own_broker) as deployment:
        yield deployment


@pytest.fixture(scope="module")
def running(deployed: Deployment) -> Iterator[Program]:
    with deployed.worker() as program:
        yield program


@pytest.fixture
def vendor(deployed: Deployment, running: Program) -> Iterator[VendorClient]:
    with VendorClient(deployed.environment["CONNECTOR_BROKER_URL"], "millesime") as client:
        yield client


@pytest.fixture
def sandbox(deployed: Deployment) -> Iterator[SandboxControl]:
    control = SandboxControl(deployed.environment["CONNECTOR_API_PARTICULIER_URL"])
    control.forget_calls()
    yield control
    control.recover()


def replies(vendor: VendorClient, count: int) -> list[dict[str, Any]]:
    return [json.loads(message.body) for message in vendor.replies(count, timeout_seconds=60)]


@pytest.mark.parametrize("kind", ["502", "503", "504", "reset", "network"])
def test_a_failure_that_passes_is_not_seen_by_the_vendor(
    sandbox: SandboxControl, vendor: VendorClient, kind: str
) -> None:
    sandbox.fail("mesri", kind, times=2, **({"retry_in_seconds": 1} if kind == "network" else {}))
    vendor.publish(job(QF, STUDENT))

    (reply,) = replies(vendor, 1)

    assert reply["status"] == "completed"
    assert reply["possible_duplicate"] is False
    assert reply["checks"][1]["source"]["attempts"] == 3
    assert [call["status"] == 200 for call in sandbox.calls("mesri")] == [False, False, True]
    assert len(sandbox.calls("dss")) == 1


def test_after_a_maintenance_of_five_seconds_the_next_call_comes_after_five_and_no_sooner(
    sandbox: SandboxControl, vendor: VendorClient, running: Program
) -> None:
    """Whoever asks: the jobs that come meanwhile wait too, and the other providers' jobs do not."""
    sandbox.fail("sdh", "maintenance", times=1, retry_in_seconds=5)
    vendor.publish(job(SPORT, job_id="maintained-first"))
    running.wait_for("breaker.opened")
    for number in range(10):
        vendor.publish(job(SPORT, job_id=f"maintained-{number}"))
    vendor.publish(job(RSA, job_id="meanwhile"))

    answered = replies(vendor, 12)

    assert {reply["status"] for reply in answered} == {"completed"}
    assert answered[0]["job_id"] == "meanwhile"
    refused, *later = sandbox.calls("sdh")
    assert refused["status"] == 503
    assert len(later) == 11
    assert min(call["at"] for call in later) - refused["at"] >= 5


def test_a_quota_s_refusal_is_waited_for_as_long_as_it_says(
    sandbox: SandboxControl, vendor: VendorClient
) -> None:
    sandbox.fail("cnous", "429", times=1, retry_in_seconds=3)
    vendor.publish(job({"check": "etudiant_boursier", "call": "ine", "params": {"ine": "0990000001A"}}))

    (reply,) = replies(vendor, 1)

    assert reply["status"] == "completed"
    first, second = sandbox.calls("cnous")
    assert second["at"] - first["at"] >= 3


def test_a_provider_that_is_down_is_probed_and_its_jobs_answered_once_it_is_back(
    sandbox: SandboxControl, vendor: VendorClient, running: Program
) -> None:
    sandbox.fail("dsnj", "503")
    for number in range(20):
        vendor.publish(job(SERVICE, job_id=f"outage-{number}"), lane="batch")
    running.wait_for("breaker.opened")
    before = len(sandbox.calls("dsnj"))
    vendor.publish(job(RSA, job_id="other"))
    (reply,) = replies(vendor, 1)
    assert reply["job_id"] == "other"

    sandbox.recover()
    answered = replies(vendor, 20)

    assert {reply["status"] for reply in answered} == {"completed"}
    opened = max(call["at"] for call in sandbox.calls("dsnj") if call["status"] == 503)
    probes = [call["at"] for call in sandbox.calls("dsnj", "ping") if call["at"] <= opened]
    assert all(later - earlier >= 1 for earlier, later in pairwise(probes))
    assert before >= 5


def test_a_provider_that_stays_down_is_answered_within_the_job_s_life(
    sandbox: SandboxControl, vendor: VendorClient
) -> None:
    sandbox.fail("men", "maintenance", retry_in_seconds=3600)
    school = {
        "check": "scolarite",
        "params": {"code_etablissement": "0990001Z", "annee_scolaire": "2025-2026"},
    }
    vendor.publish(job(school, RSA))

    (reply,) = replies(vendor, 1)

    assert reply["status"] == "partial"
    why = reply["checks"][0]["reason"]
    assert why["code"] == "provider_maintenance"
    assert why["retryable"] is True
    assert why["retry_after_seconds"] == 3600


def test_a_job_published_twice_runs_once_and_is_answered_twice(
    sandbox: SandboxControl, vendor: VendorClient
) -> None:
    """At the same time, while it waits outside of the worker, and once it is answered."""
    sandbox.fail("mesri", "429", times=1, retry_in_seconds=2)
    body = job(STUDENT)
    vendor.publish(body)
    vendor.publish(body)
    first, second = replies(vendor, 2)
    vendor.publish(body)
    (third,) = replies(vendor, 1)

    assert first["checks"] == second["checks"] == third["checks"]
    assert sorted([first["possible_duplicate"], second["possible_duplicate"]]) == [False, True]
    assert third["possible_duplicate"] is True
    assert len(sandbox.calls("mesri")) == 2


def test_another_body_under_a_job_id_that_was_answered_is_rejected(vendor: VendorClient) -> None:
    body = job(RSA)
    vendor.publish(body)
    (answered,) = replies(vendor, 1)
    vendor.publish(body | {"dossier": "another"})
    (refused,) = replies(vendor, 1)

    assert answered["status"] == "completed"
    assert refused["status"] == "rejected"
    assert [error["code"] for error in refused["errors"]] == ["job_id_conflict"]
