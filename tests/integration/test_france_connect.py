"""Calls with FranceConnect's tokens: one at a time for one endpoint and recipient, with a breaker of FranceConnect's own."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.catalogue import CATALOGUE
from connector.demo.vendor import VendorClient
from connector.sandbox.france_connect import issue_france_connect_token
from tests.deployments import Deployment
from tests.jobs import job
from tests.sandbox_control import SandboxControl
from tests.servers.redis_node import RedisNode

SCOPES = frozenset(scope for check in CATALOGUE.values() for scope in check.scopes)
QF = {"check": "quotient_familial", "call": "france_connect"}
RSA = {"check": "revenu_solidarite_active", "call": "france_connect"}
PEOPLE = 20


def token(number: int) -> str:
    """Return the token of one of many people, whom no case knows."""
    name = f"PERSONNE {chr(ord('A') + number)}"
    return issue_france_connect_token(
        {"nomNaissance": name}, SCOPES, datetime.now(UTC) + timedelta(minutes=5)
    )


def asked(number: int, check: dict[str, Any]) -> dict[str, Any]:
    return job(check, identity=None, france_connect_token=token(number))


@pytest.fixture(scope="module")
def deployed(own_broker: str) -> Iterator[Deployment]:
    """A sandbox that keeps each call for a moment, so that others would meet it."""
    with Deployment(own_broker, ["--latency", "0.1"], preset="all") as deployment:
        yield deployment


@pytest.fixture
def sandbox(deployed: Deployment) -> Iterator[SandboxControl]:
    control = SandboxControl(deployed.environment["CONNECTOR_API_PARTICULIER_URL"])
    control.forget_calls()
    yield control
    control.recover()


@pytest.fixture
def vendor(deployed: Deployment) -> Iterator[VendorClient]:
    with VendorClient(deployed.environment["CONNECTOR_BROKER_URL"], "millesime") as client:
        yield client


def checks_of(vendor: VendorClient, count: int) -> list[dict[str, Any]]:
    """Return the checks of so many replies."""
    return [
        check
        for message in vendor.replies(count, timeout_seconds=60)
        for check in json.loads(message.body)["checks"]
    ]


def statuses(sandbox: SandboxControl) -> list[int]:
    """Return how the sandbox has answered each call."""
    return [call["status"] for call in sandbox.calls()]


def test_twenty_people_at_once_get_twenty_answers_without_a_conflict(
    deployed: Deployment, sandbox: SandboxControl, vendor: VendorClient
) -> None:
    with deployed.worker():
        for number in range(PEOPLE):
            vendor.publish(asked(number, QF))
        answers = checks_of(vendor, PEOPLE)
    assert [(check["status"], check["source"]["attempts"]) for check in answers] == [
        ("not_found", 1)
    ] * PEOPLE
    assert statuses(sandbox) == [404] * PEOPLE


def test_two_workers_make_them_one_at_a_time_too(
    deployed: Deployment, sandbox: SandboxControl, vendor: VendorClient, redis_node: RedisNode
) -> None:
    shared = {"CONNECTOR_REDIS_URL": redis_node.url()}
    with deployed.worker(settings=shared), deployed.worker(settings=shared):
        for number in range(PEOPLE):
            vendor.publish(asked(number, QF))
        answers = checks_of(vendor, PEOPLE)
    assert [(check["status"], check["source"]["attempts"]) for check in answers] == [
        ("not_found", 1)
    ] * PEOPLE
    assert statuses(sandbox) == [404] * PEOPLE


def test_france_connects_failures_hold_its_calls_back_and_no_others(
    deployed: Deployment, sandbox: SandboxControl, vendor: VendorClient
) -> None:
    identity_alone = {"check": "revenu_solidarite_active", "call": "identite"}
    with deployed.worker():
        sandbox.fail("france_connect", "maintenance", retry_in_seconds=3600)
        vendor.publish(asked(0, RSA))
        (down,) = checks_of(vendor, 1)
        vendor.publish(asked(1, QF))
        (held,) = checks_of(vendor, 1)
        vendor.publish(job(identity_alone))
        (other,) = checks_of(vendor, 1)
    assert (down["reason"]["code"], down["reason"]["upstream"]["code"]) == ("provider_maintenance", "51020")
    assert (held["reason"]["code"], held["source"]) == ("provider_maintenance", None)
    assert other["status"] == "found"
