"""A job that ends the worker while it runs alone is answered, and what lies beside it too."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import amqp
import pytest
from kombu import Connection
from pydantic import SecretStr

from connector.amqp.deferral import quarantined
from connector.clock import utc_now
from connector.demo.node import RabbitNode
from connector.demo.vendor import VendorClient
from connector.jobs.delivery import Delivery
from connector.jobs.records import Lane
from connector.vault import Vault
from tests.chaos.supervisor import Supervisor
from tests.chaos.worker import POISON
from tests.deployments import Deployment
from tests.jobs import identity, job


@pytest.fixture
def deployed(own_node: RabbitNode) -> Iterator[Deployment]:
    with Deployment(own_node.url()) as deployment:
        deployment.command("topology", "declare")
        yield deployment


def put_aside(deployed: Deployment, *jobs: dict[str, Any]) -> None:
    """Put jobs where a worker puts those that may be what ends it."""
    vault = Vault(SecretStr(deployed.environment["CONNECTOR_SECRET_KEY"]))
    with Connection(deployed.environment["CONNECTOR_BROKER_URL"]) as connection:
        for body in jobs:
            suspect = Delivery(
                body=json.dumps(body).encode(),
                lane=Lane.BATCH,
                routing_key="millesime.batch",
                redelivered=True,
                received_at=utc_now(),
                content_type="application/json",
            )
            out = quarantined(suspect, vault)
            connection.default_channel.basic_publish(
                amqp.Message(out.body, content_type=out.content_type, delivery_mode=2), "", out.queue
            )


def test_a_suspect_that_ends_the_worker_alone_is_answered_and_its_neighbour_unharmed(
    deployed: Deployment, tmp_path: Path
) -> None:
    put_aside(
        deployed,
        job(job_id="poison", identity=identity(POISON)),
        job(job_id="neighbour"),
        job(job_id="other"),
    )
    with (
        Supervisor([()], deployed.environment, tmp_path / "worker.log") as worker,
        VendorClient(deployed.environment["CONNECTOR_BROKER_URL"], "millesime") as vendor,
    ):
        answered = [json.loads(message.body) for message in vendor.replies(3, timeout_seconds=90)]
        crashes = worker.crashes

    assert {reply["job_id"]: reply["status"] for reply in answered} == {
        "poison": "failed",
        "neighbour": "completed",
        "other": "completed",
    }
    poisoned = next(reply for reply in answered if reply["job_id"] == "poison")
    assert poisoned["checks"][0]["reason"]["code"] == "unexpected_response"
    assert all(reply["possible_duplicate"] for reply in answered)
    assert crashes == 2
