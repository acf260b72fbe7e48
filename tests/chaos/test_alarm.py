"""The memory alarm is the broker's own: it blocks who publishes, and lets go again."""

import amqp
import pytest

from connector.demo.node import NodeError, RabbitNode
from tests.chaos.alarm import memory_alarm

LOOKS = 60
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
            raise RuntimeError(own_node.ctl("eval", "rabbit_alarm:get_alarms()."))

    with pytest.raises(RuntimeError, match="memory"):
        fail_under_alarm()

    assert own_node.ctl("eval", "rabbit_alarm:get_alarms().").strip() == "[]"


def test_a_command_that_the_node_refuses_says_what_the_node_said(own_node: RabbitNode) -> None:
    with pytest.raises(NodeError, match="not_a_command"):
        own_node.ctl("not_a_command")
    with pytest.raises(NodeError, match="Bad argument"):
        own_node.ctl("set_vm_memory_high_watermark", "much")
