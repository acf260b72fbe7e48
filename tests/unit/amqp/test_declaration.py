"""Declaring as a user that may not: what is looked at, what is told, and what a broker may hide."""

from typing import Any

import pytest
from amqp.exceptions import AccessRefused, NotFound

from connector.amqp.declaration import (
    Power,
    UndeclaredError,
    declare_unanswered,
    ensure_reply_queue,
    ensure_topology,
    recorded_topology,
    way_of_jobs,
)
from connector.amqp.recording import Objects, Recorder


class Refusing(Recorder):
    """A broker on which everything exists but ``absent``, for a user that may declare nothing, and bind what it may."""

    def __init__(self, *, absent: str = "", hides: bool = False, binds: bool = True) -> None:
        super().__init__()
        self._absent = absent
        self._hides = hides
        self._binds = binds
        self.looked_at: list[str] = []

    def _bind(self, source: str, *binding: Any) -> None:
        if not self._binds:
            raise AccessRefused(source)
        super()._bind(source, *binding)

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
    assert ensure_topology(Recorder()) is Power.DECLARES


def test_who_may_not_makes_sure_of_each_object_and_binds_the_way_of_jobs() -> None:
    broker = Refusing()
    assert ensure_topology(broker) is Power.BINDS
    recorded = recorded_topology()
    every = {exchange.name for exchange in recorded.exchanges} | {queue.name for queue in recorded.queues}
    assert set(broker.looked_at) == every
    assert broker.objects().bindings == way_of_jobs(recorded)
    left_out = {source for source, _, _ in set_of(recorded) - set_of(broker.objects())}
    assert left_out == {"connector.dead", "connector.undeliverable"}


def set_of(objects: Objects) -> set[tuple[str, str, str]]:
    """Return each binding by what tells it apart."""
    return {(binding.source, binding.destination, binding.routing_key) for binding in objects.bindings}


def test_who_may_not_even_bind_is_told_apart() -> None:
    """As of the worker's user in definitions that were imported before it bound anything."""
    assert ensure_topology(Refusing(binds=False)) is Power.LOOKS


@pytest.mark.parametrize("power", Power)
def test_a_topology_is_declared_again_as_it_was_as_far_as_one_may(power: Power) -> None:
    recorded, broker = recorded_topology(), Recorder()
    declare_unanswered(broker, recorded, power, {"verifications.batch"})
    again = broker.objects()
    declares = power is Power.DECLARES
    assert again.exchanges == (recorded.exchanges if declares else ())
    assert {queue.name for queue in recorded.queues} - {queue.name for queue in again.queues} == (
        {"verifications.batch"} if declares else {queue.name for queue in recorded.queues}
    )
    assert all(queue in recorded.queues for queue in again.queues)
    bound = {Power.DECLARES: recorded.bindings, Power.BINDS: way_of_jobs(recorded), Power.LOOKS: ()}
    assert again.bindings == bound[power]


@pytest.mark.parametrize(
    "name",
    [
        "verifications",
        "verifications.batch",
        "connector.dead",
        "connector.delay_celery_delayed_27",
        "connector.isolated.batch",
    ],
)
def test_what_is_missing_is_told_with_what_to_do(name: str) -> None:
    with pytest.raises(UndeclaredError, match="vendors definitions") as raised:
        ensure_topology(Refusing(absent=name))
    assert raised.value.reply_text.startswith(f"{name} does not exist")


def test_what_the_broker_does_not_show_is_not_said_to_be_missing() -> None:
    """RabbitMQ 4 shows an object to nobody who has no right on it."""
    assert ensure_topology(Refusing(hides=True)) is Power.BINDS
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
