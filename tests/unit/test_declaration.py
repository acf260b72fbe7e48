"""Declaring as a user that may not: what is looked at, what is told, and what a broker may hide."""

from typing import Any

import pytest
from amqp.exceptions import AccessRefused, NotFound

from connector.messaging.declaration import (
    UndeclaredError,
    ensure_reply_queue,
    ensure_topology,
    recorded_topology,
)
from connector.messaging.recording import Recorder


class Refusing(Recorder):
    """A broker on which everything exists but ``absent``, for a user that may declare nothing."""

    def __init__(self, *, absent: str = "", hides: bool = False) -> None:
        super().__init__()
        self._absent = absent
        self._hides = hides
        self.looked_at: list[str] = []

    def exchange_declare(self, exchange: str, *_type: str, passive: bool = False, **_options: Any) -> None:
        """Show the exchange, or refuse to declare it."""
        self._look(exchange, passive=passive)

    def queue_declare(self, queue: str, *, passive: bool = False, **_options: Any) -> tuple[str, int, int]:
        """Show the queue, or refuse to declare it."""
        self._look(queue, passive=passive)
        return queue, 0, 0

    def _look(self, name: str, *, passive: bool) -> None:
        if not passive or self._hides:
            raise AccessRefused(name)
        self.looked_at.append(name)
        if name == self._absent:
            raise NotFound(name)


def test_who_may_declare_declares() -> None:
    assert ensure_topology(Recorder()) is True


def test_who_may_not_makes_sure_of_each_object_and_of_one_for_all_delays() -> None:
    broker = Refusing()
    assert ensure_topology(broker) is False
    recorded = recorded_topology()
    every = {exchange.name for exchange in recorded.exchanges} | {queue.name for queue in recorded.queues}
    assert set(broker.looked_at) == {name for name in every if "delay" not in name}
    assert "connector.deferred.ready" in broker.looked_at


@pytest.mark.parametrize(
    "name",
    [
        "verifications",
        "verifications.batch",
        "connector.dead",
        "connector.deferred.ready",
        "connector.isolated.batch",
    ],
)
def test_what_is_missing_is_told_with_what_to_do(name: str) -> None:
    with pytest.raises(UndeclaredError, match="vendors definitions") as raised:
        ensure_topology(Refusing(absent=name))
    assert raised.value.reply_text.startswith(f"{name} does not exist")


def test_what_the_broker_does_not_show_is_not_said_to_be_missing() -> None:
    """RabbitMQ 4 shows an object to nobody who has no right on it."""
    assert ensure_topology(Refusing(hides=True)) is False
    ensure_reply_queue(Refusing(hides=True), "millesime", None, may_declare=False)


def test_a_further_reply_queue_is_looked_at_too() -> None:
    absent = Refusing(absent="replies.millesime.guichet")
    ensure_reply_queue(absent, "millesime", None, may_declare=False)
    with pytest.raises(UndeclaredError, match=r"replies\.millesime\.guichet"):
        ensure_reply_queue(absent, "millesime", "guichet", may_declare=False)


def test_the_record_has_each_object_once() -> None:
    recorded = recorded_topology({"millesime": ("guichet",)})
    names = [queue.name for queue in recorded.queues]
    assert len(names) == len(set(names))
    assert {"replies.millesime", "replies.millesime.guichet"} < set(names)
    assert len(set(map(repr, recorded.bindings))) == len(recorded.bindings)
