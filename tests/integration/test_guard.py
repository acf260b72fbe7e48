"""The single-instance guard, on a broker: who may work beside whom, and who answers for the others."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pytest
from kombu import Connection

from connector.amqp.guard import Guard, Kind, Verdict
from connector.amqp.topology import FORMER_GUARD, declare_topology
from connector.demo.node import RabbitNode

ALONE, TOGETHER = Kind.ALONE, Kind.TOGETHER


class Worker:
    """What of a worker has to do with the guard: its connection is read in a thread, as its loop reads it."""

    def __init__(self, node: RabbitNode, kind: Kind, stack: ExitStack) -> None:
        self._connection = stack.enter_context(Connection(node.url()))
        self.guard = Guard(self._connection, kind)
        self.verdict = self.guard.claim()
        self._has_ended = threading.Event()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()
        stack.callback(self.end)

    def _read(self) -> None:
        while not self._has_ended.is_set():
            try:
                self._connection.drain_events(timeout=0.05)
            except TimeoutError:
                continue

    def hang(self) -> None:
        """Read nothing any more, with the connection open."""
        self._has_ended.set()
        self._thread.join()

    def end(self) -> None:
        """End with its connection."""
        self.hang()
        self._connection.release()


@contextmanager
def working(node: RabbitNode) -> Iterator[Any]:
    """Give what starts workers."""
    with ExitStack() as stack:
        yield lambda kind: Worker(node, kind, stack)


@pytest.fixture
def declared(own_node: RabbitNode) -> RabbitNode:
    """A broker with the queue."""
    with Connection(own_node.url()) as connection:
        declare_topology(connection)
    return own_node


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        (ALONE, ALONE, Verdict.EXCLUDED),
        (ALONE, TOGETHER, Verdict.EXCLUDED),
        (TOGETHER, ALONE, Verdict.EXCLUDED),
        (TOGETHER, TOGETHER, Verdict.WELCOME),
    ],
)
def test_the_first_says_whether_another_may_work_beside_it(
    first: Kind, second: Kind, verdict: Verdict, declared: RabbitNode
) -> None:
    with working(declared) as start:
        assert start(first).verdict is Verdict.WELCOME
        assert start(second).verdict is verdict


def test_who_shares_is_protected_once_the_first_is_gone(declared: RabbitNode) -> None:
    with working(declared) as start:
        first, _second = start(TOGETHER), start(TOGETHER)
        first.end()
        assert start(ALONE).verdict is Verdict.EXCLUDED
        assert start(TOGETHER).verdict is Verdict.WELCOME


def test_a_place_is_free_once_its_worker_is_gone(declared: RabbitNode) -> None:
    with working(declared) as start:
        start(ALONE).end()
        assert start(TOGETHER).verdict is Verdict.WELCOME


def test_a_first_worker_that_hangs_lets_nobody_in(
    declared: RabbitNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.amqp.guard.ANSWER_SECONDS", 0.2)
    with working(declared) as start:
        start(TOGETHER).hang()
        assert start(TOGETHER).verdict is Verdict.UNANSWERED


def test_workers_of_a_former_version_are_heeded(declared: RabbitNode) -> None:
    with Connection(declared.url()) as former:
        channel = former.channel()
        channel.queue_declare(
            FORMER_GUARD, durable=True, auto_delete=False, arguments={"x-queue-type": "classic"}
        )
        try:
            channel.basic_consume(FORMER_GUARD, exclusive=True, callback=lambda _message: None)
            with working(declared) as start:
                assert start(TOGETHER).verdict is Verdict.EXCLUDED
                channel.close()
                assert start(TOGETHER).verdict is Verdict.WELCOME
        finally:
            former.channel().queue_delete(FORMER_GUARD)


def test_a_claim_that_was_not_answered_is_in_nobody_s_way(
    declared: RabbitNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor in its own, the next time, where a queue of a former version is still there."""
    monkeypatch.setattr("connector.amqp.guard.ANSWER_SECONDS", 0.2)
    with Connection(declared.url()) as former, Connection(declared.url()) as opened, ExitStack() as stack:
        channel = former.channel()
        arguments = {"x-queue-type": "classic"}
        channel.queue_declare(FORMER_GUARD, durable=True, auto_delete=False, arguments=arguments)
        stack.callback(lambda: former.channel().queue_delete(FORMER_GUARD))
        first = Worker(declared, ALONE, stack)
        guard = Guard(opened, ALONE)
        assert guard.claim() is Verdict.EXCLUDED
        first.end()
        hanging = Worker(declared, ALONE, stack)
        hanging.hang()
        channels = set(opened.connection.channels)
        assert [guard.claim() for _ in range(3)] == [Verdict.EXCLUDED] * 3
        assert set(opened.connection.channels) == channels
        hanging.end()
        assert guard.claim() is Verdict.WELCOME
        former.channel().queue_delete(FORMER_GUARD)
        with suppress(TimeoutError):
            opened.drain_events(timeout=0.5)
        assert opened.connected
