"""Alive is not ready: what a worker tells its orchestrator, and a command its operator."""

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from kombu import Connection

from connector.amqp.topology import DEAD
from connector.demo.deployment import PROGRAM
from connector.demo.node import RabbitNode
from connector.demo.program import Program
from connector.demo.vendor import VendorClient
from tests.chaos.alarm import memory_alarm
from tests.deployments import Deployment
from tests.forked.start import run
from tests.jobs import QF, job
from tests.servers.redis_node import RedisNode


@pytest.fixture(scope="module")
def deployed(own_node: RabbitNode) -> Iterator[Deployment]:
    with Deployment(own_node.url()) as deployment:
        yield deployment


PATIENCE = 200
"""Looks before a test gives up."""
_TIMES_OUT_AFTER = (
    "begin application:set_env(rabbit, consumer_timeout, {timeout}),"
    " application:set_env(rabbit, channel_tick_interval, {tick}), 1 end"
)
"""How long a delivery may stay unacknowledged, and how often the broker looks, in milliseconds; of connections to come."""


def health(deployed: Deployment, *options: str) -> tuple[int, list[dict[str, Any]], str]:
    """Return the exit status, the findings, and what was said on standard error."""
    finished = run([*PROGRAM, "health", "--json", *options], deployed.environment)
    findings = json.loads(finished.stdout) if finished.stdout else []
    return finished.returncode, findings, finished.stderr


def becomes(deployed: Deployment, *parts: str) -> tuple[int, list[dict[str, Any]]]:
    """Return the status and the findings once just these parts are unwell: a worker says that it is alive every few seconds."""
    for _ in range(PATIENCE):
        status, findings, _ = health(deployed)
        if unwell(findings) == set(parts):
            return status, findings
    pytest.fail(f"still unwell: {unwell(findings)}")


def unwell(findings: list[dict[str, Any]]) -> set[str]:
    return {finding["part"] for finding in findings if not finding["is_well"]}


def address_of(worker: Program) -> str:
    return worker.wait_for("health.listening").split("address=")[1].split()[0]


def test_a_worker_without_its_broker_is_live_and_not_ready(
    own_node: RabbitNode, deployed: Deployment
) -> None:
    with deployed.start_worker("--http", "0") as worker:
        address = address_of(worker)
        worker.wait_for("worker.ready")
        assert health(deployed, "--worker", address)[:2] == (
            0,
            [
                {"part": "worker live", "is_well": True, "severity": "ok", "detail": "yes"},
                {"part": "worker ready", "is_well": True, "severity": "ok", "detail": "yes"},
            ],
        )
        own_node.kill()
        try:
            worker.wait_for("broker.away")
            status, findings, _ = health(deployed, "--worker", address)
            assert status == 1
            assert unwell(findings) == {"worker ready"}
            assert health(deployed, "--worker", address, "--live")[0] == 0
        finally:
            own_node.start()
        worker.wait_for("worker.ready")
        assert health(deployed, "--worker", address)[0] == 0
    status, findings, _ = health(deployed, "--worker", address, "--live")
    assert status == 1
    assert unwell(findings) == {"worker live"}


def test_a_deployment_is_ready_when_a_worker_takes_from_each_queue(
    deployed: Deployment, redis_node: RedisNode
) -> None:
    shared = {"CONNECTOR_REDIS_URL": redis_node.url()}
    deployed.command("topology", "declare")
    lanes = {"verifications.interactive", "connector.deferred.interactive"}
    campaigns = {"verifications.batch", "connector.deferred.batch"}
    assert becomes(deployed, "workers", *lanes, *campaigns)[0] == 1
    with deployed.worker("--lane", "interactive", settings=shared) as interactive:
        _, findings = becomes(deployed, *campaigns)
        (told,) = (finding["detail"] for finding in findings if finding["part"] == "workers")
        assert f"({interactive.pid}), ready" in told
        with deployed.worker("--lane", "batch", settings=shared) as batch:
            assert becomes(deployed)[0] == 0
            batch.kill()
        # Its row is there yet, and the broker may count its consumers: it is not alive for long.
        becomes(deployed, *campaigns)
    becomes(deployed, "workers", *lanes, *campaigns)


def test_what_workers_go_on_without_is_told_and_is_no_failure(
    own_node: RabbitNode, deployed: Deployment, redis_node: RedisNode
) -> None:
    with Connection(own_node.url()) as connection, RedisNode() as lost:
        shared = {"CONNECTOR_REDIS_URL": lost.url()}
        connection.default_channel.basic_publish(connection.default_channel.prepare_message(b"{}"), "", DEAD)
        with deployed.worker(settings=shared):
            lost.kill()
            for _ in range(PATIENCE):
                status, findings, _ = health(deployed)
                severities = {finding["part"]: finding["severity"] for finding in findings}
                if "shared_state" in severities and not unwell(findings):
                    break
            assert (unwell(findings), severities["shared_state"], severities[DEAD]) == (
                set(),
                "warning",
                "warning",
            )
            assert status == 3
            looking = Deployment(deployed.environment["CONNECTOR_BROKER_URL"])
            looking.environment = deployed.environment | shared
            assert unwell(health(looking)[1]) == {"shared state"}
            looking.environment = deployed.environment | {"CONNECTOR_REDIS_URL": redis_node.url()}
            (seen,) = (found for found in health(looking)[1] if found["part"] == "shared state")
            assert (seen["severity"], "and 1 are ready" in seen["detail"]) == ("warning", True)
        connection.default_channel.queue_purge(DEAD)


def test_a_database_that_takes_no_changes_is_told(own_node: RabbitNode, postgres: str) -> None:
    with Deployment(own_node.url(), database_url=postgres) as deployment:
        name = postgres.rpartition("/")[2]
        with psycopg.connect(postgres, autocommit=True) as connection:
            connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
        status, findings, _ = health(deployment)
    (told,) = (finding["detail"] for finding in findings if finding["part"] == "database")
    assert (status, "it takes no changes" in told) == (1, True)


def test_the_api_is_looked_at_where_that_is_asked(deployed: Deployment) -> None:
    looking = Deployment(deployed.environment["CONNECTOR_BROKER_URL"])
    seen = []
    for address in (deployed.environment["CONNECTOR_API_PARTICULIER_URL"], "http://127.0.0.1:1"):
        looking.environment = deployed.environment | {"CONNECTOR_API_PARTICULIER_URL": address}
        (found,) = (found for found in health(looking, "--api")[1] if found["part"] == "API")
        seen.append((found["severity"], found["detail"].partition(":")[0]))
    assert seen == [("ok", "reached (404)"), ("failure", "not reached")]


@pytest.mark.parametrize(
    ("part", "address", "told"),
    [
        (
            "broker",
            {"CONNECTOR_BROKER_URL": "amqp://guest:guest@127.0.0.1:1//"},
            "nothing listens at its address",
        ),
        ("database", {"CONNECTOR_DATABASE_URL": "postgresql://127.0.0.1:1/x"}, "cannot be opened"),
    ],
)
def test_one_part_that_is_away_leaves_the_others_looked_at(
    deployed: Deployment, part: str, address: dict[str, str], told: str
) -> None:
    """Health is what an operator asks for when something is away."""
    away = Deployment(deployed.environment["CONNECTOR_BROKER_URL"])
    away.environment = deployed.environment | address
    status, findings, said = health(away)
    by_part = {finding["part"]: finding for finding in findings}
    assert (status, said) == (1, "")
    assert told in by_part[part]["detail"]
    assert by_part.keys() & {"database", "verifications.batch"} == {"database", "verifications.batch"} - (
        {"verifications.batch"} if part == "broker" else set()
    )
    assert by_part["database"]["is_well"] == (part != "database")


def test_a_worker_whose_queue_is_deleted_says_so_and_ends(own_node: RabbitNode, deployed: Deployment) -> None:
    worker = deployed.worker()
    with Connection(own_node.url()) as connection:
        connection.default_channel.queue_delete("verifications.batch")
    assert "verifications.batch" in worker.wait_for("worker.consumer_lost")
    assert worker.wait() == 1
    with deployed.worker() as again:
        assert again.stop() == 0


def test_a_job_is_answered_whose_queue_is_deleted_while_the_broker_reads_nothing(
    own_node: RabbitNode,
) -> None:
    """It can be given by nothing again, and what the broker would say of the queue does not come."""
    with (
        Deployment(own_node.url(), ["--latency", "2"]) as slow,
        slow.worker() as worker,
        VendorClient(own_node.url(), "millesime") as vendor,
        Connection(own_node.url()) as operator,
    ):
        vendor.publish(job(QF))
        with memory_alarm(own_node):
            worker.wait_for("broker.blocked")
            operator.default_channel.queue_delete("verifications.interactive")
            worker.wait_for("worker.draining")
        assert len(list(vendor.replies(1))) == 1
        assert "verifications.interactive" in worker.wait_for("worker.consumer_lost")
        assert worker.wait() == 1


def test_a_worker_that_has_a_job_for_too_long_is_told_so_and_not_that_its_queue_is_gone(
    own_node: RabbitNode,
) -> None:
    own_node.evaluate(_TIMES_OUT_AFTER.format(timeout=1000, tick=200))
    try:
        with (
            Deployment(own_node.url(), ["--latency", "4"]) as slow,
            slow.worker() as worker,
            VendorClient(own_node.url(), "millesime") as vendor,
        ):
            vendor.publish(job(QF))
            worker.wait_for("worker.delivery_timed_out")
            worker.wait_for("worker.ready")
            assert not any("consumer_lost" in line for line in worker.said)
    finally:
        own_node.evaluate(_TIMES_OUT_AFTER.format(timeout=1_800_000, tick=60_000))


def test_a_port_that_is_taken_stops_the_worker_with_its_reason(deployed: Deployment) -> None:
    with deployed.start_worker("--http", "0") as first:
        port = address_of(first).rpartition(":")[2]
        second = deployed.start_worker("--http", port)
        assert port in second.wait_for("health.refused")
        assert second.wait() == 1
