"""Presets and grants in force: what a vendor may not ask makes no call, and what it may not receive does not reach it.

The tenant's token opens everything, and the sandbox masks nothing.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.catalogue import CATALOGUE
from connector.demo.node import RabbitNode
from connector.demo.program import Program
from connector.demo.vendor import VendorClient
from tests.brokers import PASSWORDS
from tests.deployments import Deployment
from tests.jobs import QF, RSA, job
from tests.sandbox_control import SandboxControl

NOTICE: dict[str, Any] = {
    "check": "avis_imposition",
    "params": dict(CATALOGUE["avis_imposition"].example_params),
}


@pytest.fixture(scope="module")
def deployed(own_node: RabbitNode) -> Iterator[Deployment]:
    """Vendors that start with everything."""
    with Deployment(own_node.url(), preset="all") as deployment:
        yield deployment


@pytest.fixture(scope="module")
def own_worker(deployed: Deployment) -> Iterator[Program]:
    with deployed.worker() as program:
        yield program


@pytest.fixture
def sandbox(deployed: Deployment) -> SandboxControl:
    control = SandboxControl(deployed.environment["CONNECTOR_API_PARTICULIER_URL"])
    control.forget_calls()
    return control


def regrant(
    deployed: Deployment, worker: Program, folder: Path, vendor: str, preset: str, *extra: str
) -> None:
    """Give a vendor another preset, as an operator does, and wait until the worker knows."""
    file = folder / f"{preset}.toml"
    file.write_text(
        f"""
        [vendors.{vendor}]
        product = "P"
        publisher = "É"
        preset = "{preset}"
        extra_scopes = {json.dumps(extra)}
        """,
        "utf-8",
    )
    assert "1 changed" in deployed.command("tenants", "import", str(file))
    worker.wait_for("registry.refreshed")


def ask(node: RabbitNode, vendor: str, body: dict[str, Any]) -> dict[str, Any]:
    """Publish a job under the vendor's own AMQP user, and return its reply."""
    with VendorClient(node.url(vendor, PASSWORDS[vendor]), vendor) as client:
        client.publish(body, user_id=vendor)
        reply: dict[str, Any] = json.loads(next(iter(client.replies(1))).body)
    assert (reply["job_id"], reply["errors"]) == (body["job_id"], [])
    return reply


def outline(reply: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return what each check was answered, without its values."""
    return [
        (check["id"], set(check["data"]), check["withheld"])
        if check["reason"] is None
        else (check["id"], check["reason"]["code"], check["source"])
        for check in reply["checks"]
    ]


def called(sandbox: SandboxControl) -> list[str]:
    return [call["path"] for call in sandbox.calls()]


def test_what_a_form_leaves_out_is_neither_asked_nor_received(
    own_node: RabbitNode, deployed: Deployment, own_worker: Program, sandbox: SandboxControl, tmp_path: Path
) -> None:
    regrant(deployed, own_worker, tmp_path, "sonate-opus", "sonate-opus")

    reply = ask(own_node, "sonate-opus", job(QF, RSA, NOTICE))

    quotient, rsa, notice = outline(reply)
    assert quotient == (
        "quotient_familial",
        {"quotient_familial"},
        ["allocataires", "enfants", "adresse"],
    )
    assert rsa == ("rsa", "forbidden_check", None)
    assert notice[2] == ["foyer_fiscal"]
    assert "revenu_fiscal_reference" in notice[1]
    assert "MONTORGUEIL" not in json.dumps(reply)
    assert reply["status"] == "partial"
    assert not any("revenu_solidarite_active" in path for path in called(sandbox))
    assert any("quotient_familial" in path for path in called(sandbox))


def test_a_reply_remembered_under_a_wider_grant_is_narrowed_and_asks_nothing(
    own_node: RabbitNode, deployed: Deployment, own_worker: Program, sandbox: SandboxControl, tmp_path: Path
) -> None:
    body = job(QF, RSA)
    wide = ask(own_node, "millesime", body)
    everything = {"quotient_familial", "allocataires", "enfants", "adresse"}
    assert outline(wide)[0] == ("quotient_familial", everything, [])
    address = wide["checks"][0]["data"]["adresse"]["numero_libelle_voie"]
    regrant(deployed, own_worker, tmp_path, "millesime", "millesime")
    sandbox.forget_calls()

    again = ask(own_node, "millesime", body)

    assert outline(again) == [
        ("quotient_familial", everything - {"adresse"}, ["adresse"]),
        ("rsa", "forbidden_check", None),
    ]
    assert (again["status"], again["possible_duplicate"]) == ("partial", True)
    assert again["completed_at"] == wide["completed_at"]
    assert address not in json.dumps(again)
    assert called(sandbox) == []

    regrant(deployed, own_worker, tmp_path, "millesime", "millesime", "cnaf_adresse")
    added = ask(own_node, "millesime", job(QF))
    assert outline(added) == [("quotient_familial", everything, [])]
