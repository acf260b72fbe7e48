"""The memory alarm is the broker's own: it blocks who publishes, and lets go again."""

import json

import amqp
import pytest

from connector.demo.node import RabbitNode
from connector.demo.private import NodeError
from connector.demo.vendor import VendorClient
from tests.chaos.alarm import memory_alarm
from tests.deployments import Deployment
from tests.jobs import job

LOOKS = 60
_ALARMS = "[element(2, element(1, Alarm)) || Alarm <- rabbit_alarm:get_alarms()]"
"""Times one second that a notice of the broker is waited for."""


def drain_until(connection: amqp.Connection, notices: list[str], notice: str) -> None:
    for _ in range(LOOKS):
        if notice in notices:
            return
        try:
            connection.drain_events(timeout=1)
        except TimeoutError:
            continue
    pytest.fail(f"the broker did not send {notice}")


def test_a_publishing_connection_is_blocked_until_the_alarm_is_lifted(own_node: RabbitNode) -> None:
    notices: list[str] = []
    with amqp.Connection(
        f"127.0.0.1:{own_node.port}",
        on_blocked=lambda _reason: notices.append("connection.blocked"),
        on_unblocked=lambda: notices.append("connection.unblocked"),
    ) as connection:
        channel = connection.channel()
        queue = channel.queue_declare(exclusive=True).queue
        with memory_alarm(own_node):
            channel.basic_publish(amqp.Message("held"), "", queue)
            drain_until(connection, notices, "connection.blocked")
            assert notices == ["connection.blocked"]
        drain_until(connection, notices, "connection.unblocked")


def test_the_alarm_is_lifted_when_the_scenario_fails(own_node: RabbitNode) -> None:
    def fail_under_alarm() -> None:
        with memory_alarm(own_node):
            raise RuntimeError(own_node.evaluate(_ALARMS))

    with pytest.raises(RuntimeError, match="memory"):
        fail_under_alarm()

    assert own_node.evaluate(_ALARMS) == []


def test_a_command_that_the_node_refuses_says_what_the_node_said(own_node: RabbitNode) -> None:
    with pytest.raises(NodeError, match="not_a_command"):
        own_node.ctl("not_a_command")
    with pytest.raises(NodeError, match="Bad argument"):
        own_node.ctl("set_vm_memory_high_watermark", "much")


def test_a_worker_that_is_told_to_stop_under_the_alarm_ends_and_loses_nothing(own_node: RabbitNode) -> None:
    """It holds a reply that the broker would not read, and asks it nothing that it would not answer."""
    with (
        Deployment(own_node.url(), ["--latency", "10"]) as deployed,
        deployed.worker("--drain-seconds", "1") as worker,
        VendorClient(own_node.url(), "millesime") as vendor,
    ):
        for number in range(5):
            vendor.publish(job(job_id=f"held-{number}"))
        with memory_alarm(own_node):
            worker.wait_for("broker.blocked")
            assert worker.stop() == 0
        assert "worker.gave_back" in "".join(worker.said)
        unanswered = {f"held-{number}" for number in range(5)}
        with deployed.worker():
            # What the broker had still to read when the worker ended may be a reply: then one comes twice.
            while unanswered:
                unanswered -= {json.loads(message.body)["job_id"] for message in vendor.replies(1)}
