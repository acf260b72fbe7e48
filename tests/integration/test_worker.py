"""From a vendor's message to its reply, through a real broker, a real worker and a real HTTP sandbox."""

import json
import shutil
import subprocess
from typing import Any

import pytest

from connector.demo.deployment import BOURG, CLAMART, SANS_JETON, VIEUX, Deployment
from connector.demo.node import RabbitNode
from connector.demo.program import Program
from connector.demo.vendor import VendorClient
from tests.jobs import QF, RSA, identity, job


def ask(client: VendorClient, body: dict[str, Any], **properties: Any) -> tuple[dict[str, Any], Any]:
    """Publish a job; return its reply, parsed and as it came."""
    client.publish(body, **properties)
    message = next(iter(client.replies(1)))
    return json.loads(message.body), message


def test_both_checks_of_a_job_are_found(millesime: VendorClient) -> None:
    body = job(QF, RSA, dossier="2026-004711")

    reply, _ = ask(millesime, body, user_id="millesime")

    assert reply["job_id"] == body["job_id"]
    assert reply["tenant"] == CLAMART
    assert reply["dossier"] == "2026-004711"
    assert reply["status"] == "completed"
    assert reply["errors"] == []
    assert [check["id"] for check in reply["checks"]] == ["quotient_familial", "rsa"]
    quotient, rsa = reply["checks"]
    assert quotient["status"] == rsa["status"] == "found"
    assert quotient["data"]["quotient_familial"]["valeur"] == 412
    assert quotient["withheld"] == ["adresse"]
    assert quotient["reason"] is None
    assert quotient["source"]["provider"] == "CNAF"
    assert quotient["source"]["endpoint"] == "/v3/dss/quotient_familial/identite"
    assert rsa["data"] == {
        "est_beneficiaire": True,
        "avec_majoration": True,
        "date_debut_droit": "2025-03-01",
    }


def test_a_reply_carries_the_properties_of_the_contract(millesime: VendorClient) -> None:
    traced = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "baggage": "a=b"}

    _, message = ask(millesime, job(), correlation_id="dossier n° 12", headers={**traced, "other": "x"})

    assert message.properties["correlation_id"] == "dossier n° 12"
    assert message.properties["content_type"] == "application/json"
    assert message.properties["type"] == "verification.reply.v1"
    assert message.properties["delivery_mode"] == 2
    assert message.properties["message_id"]
    assert message.properties["application_headers"] == traced


@pytest.mark.parametrize(("message_id", "expected"), [("message-7", "message-7"), (None, "job-7")])
def test_without_a_correlation_id_the_message_id_then_the_job_id_serve(
    millesime: VendorClient,
    message_id: str | None,
    expected: str,
) -> None:
    _, message = ask(millesime, job(job_id="job-7"), message_id=message_id)

    assert message.properties["correlation_id"] == expected


def test_the_batch_lane_is_served_too(millesime: VendorClient) -> None:
    reply, _ = ask(millesime, job(), lane="batch")

    assert reply["status"] == "completed"


def test_a_further_reply_queue_that_the_operator_adds_is_used(
    deployment: Deployment, worker: Program, millesime: VendorClient
) -> None:
    deployment.command("vendors", "reply-queue", "add", "millesime", "guichet")
    worker.wait_for("registry.refreshed")

    millesime.publish(job(job_id="guichet-1"), reply_to="replies.millesime.guichet")

    message = next(iter(millesime.replies(1, "replies.millesime.guichet")))
    assert json.loads(message.body)["job_id"] == "guichet-1"


def test_a_job_published_twice_is_answered_twice(millesime: VendorClient) -> None:
    body = job()
    millesime.publish(body)
    millesime.publish(body)

    replies = [json.loads(message.body) for message in millesime.replies(2)]

    assert [reply["job_id"] for reply in replies] == [body["job_id"]] * 2


@pytest.mark.parametrize(
    ("tenant", "code"),
    [(VIEUX, "token_expired"), (SANS_JETON, "token_missing")],
)
def test_a_tenant_whose_token_does_not_serve(millesime: VendorClient, tenant: str, code: str) -> None:
    reply, _ = ask(millesime, job(tenant=tenant))

    assert reply["status"] == "failed"
    assert reply["checks"][0]["reason"]["code"] == code
    assert reply["checks"][0]["reason"]["retryable"] is False


def test_one_check_without_its_scope_leaves_the_other_its_answer(operator: VendorClient) -> None:
    operator.publish(job(QF, RSA, tenant=BOURG), routing_key="sonate-opus.interactive")

    reply = json.loads(next(iter(operator.replies(1, "replies.sonate-opus"))).body)

    assert reply["status"] == "partial"
    assert [check["status"] for check in reply["checks"]] == ["found", "error"]
    assert reply["checks"][1]["reason"]["code"] == "insufficient_scope"


@pytest.mark.parametrize(
    ("nom", "status", "code"),
    [
        ("ABSENT", "not_found", "no_record"),
        ("INTROUVABLE", "not_identified", "identity_unmatched"),
        ("HOMONYME", "not_identified", "identity_ambiguous"),
    ],
)
def test_an_answer_without_data_says_why(
    millesime: VendorClient,
    nom: str,
    status: str,
    code: str,
) -> None:
    person = identity(
        nom,
        prenoms=["JEAN"],
        sexe="M",
        date_naissance="1970-01-01",
        lieu_naissance={"code_pays": "99100", "code_commune": "75056"},
    )

    reply, _ = ask(millesime, job(identity=person))

    (check,) = reply["checks"]
    assert check["status"] == status
    assert check["data"] is None
    assert check["reason"]["code"] == code
    assert check["reason"]["retryable"] is False


def test_a_vendor_added_while_the_worker_runs_gets_its_queue_and_its_answers(
    deployment: Deployment,
    operator: VendorClient,
    worker: Program,
    tmp_path: Any,
) -> None:
    (tmp_path / "more.toml").write_text(
        f"""
        [vendors.arche]
        product = "Arche"
        publisher = "Exemple"
        preset = "ccas"
        [tenants.{CLAMART}]
        name = "CCAS de Clamart"
        vendors = ["millesime", "sonate-opus", "arche"]
        """,
        "utf-8",
    )
    deployment.command("tenants", "import", str(tmp_path / "more.toml"))
    worker.wait_for("registry.refreshed")
    operator.publish(job(job_id="arche-1"), routing_key="arche.interactive")

    reply = json.loads(next(iter(operator.replies(1, "replies.arche"))).body)

    assert reply["job_id"] == "arche-1"
    assert reply["status"] == "completed"


def test_a_job_published_with_amqp_publish_from_a_shell(node: RabbitNode, millesime: VendorClient) -> None:
    program = shutil.which("amqp-publish")
    assert program is not None
    subprocess.run(
        [
            program,
            f"--url={node.url('millesime', 'millesime-password').removesuffix('//')}",
            "--exchange=verifications",
            "--routing-key=millesime.interactive",
            "--content-type=application/json",
            "--persistent",
        ],
        input=json.dumps(job(job_id="shell-1")).encode(),
        check=True,
    )

    reply = json.loads(next(iter(millesime.replies(1))).body)

    assert reply["job_id"] == "shell-1"
    assert reply["status"] == "completed"
