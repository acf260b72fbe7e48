"""What a real worker answers to Prometheus, about jobs that went through it."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from connector.demo.deployment import CLAMART
from connector.demo.node import RabbitNode
from connector.demo.program import Program
from connector.demo.vendor import VendorClient
from tests.chaos.alarm import memory_alarm
from tests.deployments import Deployment
from tests.jobs import QF, RSA, identity, job
from tests.scrapes import Scrape


@pytest.fixture(scope="module")
def deployed(own_broker: str) -> Iterator[Deployment]:
    with Deployment(own_broker) as deployment:
        yield deployment


def address_of(worker: Program) -> str:
    address = worker.wait_for("health.listening").split("address=")[1].split()[0]
    worker.wait_for("worker.ready")
    return address


def scrape(address: str) -> Scrape:
    answer = httpx.get(f"{address}/metrics", trust_env=False)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return Scrape(answer.text)


def scrape_once_settled(address: str, jobs: int) -> Scrape:
    """Return what is told once so many jobs are settled: a vendor has a reply before the worker has its confirm."""
    deadline = time.monotonic() + 30
    while True:
        told = scrape(address)
        if sum(told.counted("connector_jobs_total").values()) >= jobs:
            return told
        assert time.monotonic() < deadline, "the jobs were answered, and not counted"
        time.sleep(0.05)


def test_a_worker_tells_prometheus_of_its_jobs(own_broker: str, deployed: Deployment) -> None:
    with (
        deployed.start_worker("--http", "0", settings={"CONNECTOR_EGRESS_QUOTA": "1000/min"}) as worker,
        VendorClient(own_broker, "millesime") as vendor,
    ):
        address = address_of(worker)
        assert scrape(address).value("connector_ready") == 1
        for number in range(3):
            vendor.publish(job(QF, RSA, job_id=f"found-{number}"))
        vendor.publish(job({"check": "nobody-knows"}, job_id="unknown"))
        vendor.publish(job(QF, job_id="rejected") | {"version": 9})
        vendor.publish(job(QF, job_id="lost"), routing_key="intrus.interactive")
        assert len(list(vendor.replies(5))) == 5
        worker.wait_for("job.dead")
        told = scrape_once_settled(address, 5)
    assert told.counted("connector_jobs_total") == {
        ("interactive", "completed", "millesime"): 3,
        ("interactive", "failed", "millesime"): 1,
        ("interactive", "rejected", "millesime"): 1,
    }
    assert told.counted("connector_checks_total") == {
        ("quotient_familial", "found", "found"): 3,
        ("revenu_solidarite_active", "found", "found"): 3,
        ("unknown", "unknown_check", "error"): 1,
    }
    assert told.counted("connector_dead_letters_total") == {("unknown_vendor",): 1}
    assert told.counted("connector_rejections_total") == {("unsupported_version", "millesime"): 1}
    assert told.value("connector_queue_wait_seconds_count", lane="interactive") == 4
    assert told.value("connector_job_seconds_count", lane="interactive") == 5
    assert told.value("connector_quota_wait_seconds_count", lane="interactive") == 6
    assert (
        told.value("connector_upstream_call_seconds_count", check="quotient_familial", outcome="answered")
        == 3
    )
    assert told.value("connector_egress_quota_used_ratio") == pytest.approx(6 / 1000)
    assert told.value("connector_tokens_expiring", within_days="30") == 2
    assert told.value("connector_tokens_expired") == 1
    assert told.value("connector_dependency_up", dependency="reply_memory") == 1
    assert told.value("process_cpu_seconds_total") > 0
    said = set(told.labels())
    assert not said & {CLAMART, "intrus", "nobody-knows", identity()["nom_naissance"]}


def test_a_worker_tells_of_each_tenant_where_it_is_told_to(own_broker: str, deployed: Deployment) -> None:
    with (
        deployed.start_worker("--http", "0", "--tenant-metrics") as worker,
        VendorClient(own_broker, "millesime") as vendor,
    ):
        address = address_of(worker)
        vendor.publish(job(QF))
        assert len(list(vendor.replies(1))) == 1
        told = scrape_once_settled(address, 1)
    assert told.value("connector_calls_total", tenant=CLAMART) == 1
    assert 29 < told.value("connector_token_expiry_days", tenant=CLAMART) <= 30


def test_an_alarm_of_the_broker_is_told_while_it_lasts(
    node: RabbitNode, own_broker: str, deployed: Deployment
) -> None:
    with (
        deployed.worker("--http", "0") as worker,
        VendorClient(own_broker, "millesime") as vendor,
        ExitStack() as alarm,
    ):
        address = next(line for line in worker.said if "health.listening" in line)
        address = address.split("address=")[1].split()[0]
        os.kill(worker.pid, signal.SIGSTOP)
        vendor.publish(job(QF))
        alarm.enter_context(memory_alarm(node))
        os.kill(worker.pid, signal.SIGCONT)
        # The broker tells whoever publishes, which a worker does with its reply.
        worker.wait_for("broker.blocked")
        told = scrape(address)
        assert told.value("connector_broker_blocked") == 1
        # Its call was made, its reply is not confirmed: no job is being run, and one is not settled.
        assert told.value("connector_jobs_in_hand", lane="interactive") == 0
        assert told.value("connector_deliveries_unsettled") == 1
        alarm.close()
        worker.wait_for("broker.unblocked")
        assert scrape_once_settled(address, 1).value("connector_broker_blocked") == 0
        assert len(list(vendor.replies(1))) == 1


def test_a_worker_that_starts_under_an_alarm_waits_for_its_end(
    node: RabbitNode, own_broker: str, deployed: Deployment
) -> None:
    deployed.command("topology", "declare")
    with VendorClient(own_broker, "millesime") as vendor, ExitStack() as alarm:
        vendor.publish(job(QF))
        alarm.enter_context(memory_alarm(node))
        with deployed.start_worker() as ended:
            ended.wait_for("broker.blocked")
            assert ended.stop() == 0
        with deployed.start_worker() as worker:
            worker.wait_for("broker.blocked")
            alarm.close()
            worker.wait_for("worker.ready")
            assert len(list(vendor.replies(1))) == 1
        assert not [line for line in worker.said if "Connection to broker lost" in line]


def test_tenants_metrics_want_somewhere_to_be_read(deployed: Deployment) -> None:
    worker = deployed.start_worker("--tenant-metrics")
    assert worker.wait() == 2
    assert "add --http PORT" in "".join(worker.said)
