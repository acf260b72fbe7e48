"""Many tenants on one worker, and several workers on one broker: nobody waits for another's campaign."""

import json
from collections.abc import Iterator

import pytest

from connector.demo.deployment import BOURG, CLAMART
from connector.demo.vendor import VendorClient
from tests.deployments import Deployment
from tests.jobs import job
from tests.replies import replies_to
from tests.servers.redis_node import RedisNode

CAMPAIGN = 80
FEW = 5
QUOTAS = {"CONNECTOR_TOKEN_QUOTA": "20/s"}


@pytest.fixture(scope="module")
def deployed(own_broker: str) -> Iterator[Deployment]:
    with Deployment(own_broker) as made:
        made.command("topology", "declare")
        yield made


@pytest.fixture
def campaigner(own_broker: str, deployed: Deployment) -> Iterator[VendorClient]:
    with VendorClient(own_broker, "millesime") as client:
        yield client


@pytest.fixture
def other(own_broker: str, deployed: Deployment) -> Iterator[VendorClient]:
    with VendorClient(own_broker, "sonate-opus") as client:
        yield client


def publish(vendor: VendorClient, name: str, tenant: str, count: int) -> set[str]:
    job_ids = [f"{name}-{number}" for number in range(count)]
    for job_id in job_ids:
        vendor.publish(job(job_id=job_id, tenant=tenant), "batch")
    return set(job_ids)


def statuses(vendor: VendorClient, job_ids: set[str]) -> dict[str, str]:
    return {job_id: reply["status"] for job_id, reply in replies_to(vendor, job_ids).items()}


def test_a_few_jobs_behind_anothers_campaign_are_answered_first(
    deployed: Deployment, campaigner: VendorClient, other: VendorClient
) -> None:
    campaign = publish(campaigner, "campaign", CLAMART, CAMPAIGN)
    few = publish(other, "few", BOURG, FEW)
    with deployed.worker("--concurrency", "4", settings=QUOTAS) as worker:
        worker.wait_for("backlog.opened")
        assert set(statuses(other, few).values()) == {"completed"}
        waiting = CAMPAIGN - campaigner.depth("replies.millesime")
        assert waiting > CAMPAIGN / 2
        assert statuses(campaigner, campaign) == dict.fromkeys(campaign, "completed")


def test_what_is_set_aside_survives_its_worker(deployed: Deployment, campaigner: VendorClient) -> None:
    campaign = publish(campaigner, "survives", CLAMART, CAMPAIGN)
    queue = f"connector.backlog.batch.millesime.{CLAMART}"
    worker = deployed.worker("--concurrency", "4", settings=QUOTAS)
    seen = {json.loads(message.body)["job_id"] for message in campaigner.replies(10)}
    worker.kill()
    while not campaigner.depth(queue):
        assert campaigner.depth("verifications.batch") + campaigner.depth("replies.millesime") < CAMPAIGN
    with deployed.worker("--concurrency", "4"):
        replies_to(campaigner, campaign - seen)


def test_a_second_process_without_shared_state_refuses_to_start(
    deployed: Deployment, redis_node: RedisNode
) -> None:
    shared = {"CONNECTOR_REDIS_URL": redis_node.url()}
    with deployed.worker():
        for settings in ({}, shared):
            second = deployed.start_worker(settings=settings)
            assert "CONNECTOR_REDIS_URL" in second.wait_for("worker.not_alone")
            assert second.wait() == 1
    with deployed.worker(settings=shared), deployed.worker(settings=shared):
        alone = deployed.start_worker()
        alone.wait_for("worker.not_alone")
        assert alone.wait() == 1


def test_a_worker_without_its_shared_state_refuses_to_start(deployed: Deployment) -> None:
    refused = deployed.start_worker(settings={"CONNECTOR_REDIS_URL": "redis://127.0.0.1:1/0"})
    assert (
        "CONNECTOR_REDIS_URL: the server cannot be used: nothing listens at its address"
        in refused.wait_for("shared_state.refused")
    )
    assert refused.wait() == 1


def test_jobs_are_answered_while_the_shared_state_is_away(
    deployed: Deployment, campaigner: VendorClient, redis_node: RedisNode
) -> None:
    settings = QUOTAS | {"CONNECTOR_REDIS_URL": redis_node.url()}
    with deployed.worker(settings=settings) as worker:
        redis_node.kill()
        try:
            away = publish(campaigner, "away", CLAMART, FEW)
            assert statuses(campaigner, away) == dict.fromkeys(away, "completed")
            assert "1/1 of each quota" in worker.wait_for("shared_state.away")
        finally:
            redis_node.start()
        worker.wait_for("shared_state.back")
        back = publish(campaigner, "back", CLAMART, FEW)
        assert statuses(campaigner, back) == dict.fromkeys(back, "completed")
