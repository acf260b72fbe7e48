"""What every arm is measured on: one broker and one upstream; a virtual host for each measurement, so that nothing is left over."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Final

import httpx
from kombu import Connection, Queue

from connector.amqp.topology import declare_reply_queue, declare_topology
from connector.demo.node import RabbitNode
from connector.demo.program import Program

VENDOR: Final = "millesime"
_ADD: Final = """begin
    ok = rabbit_vhost:add(<<"{0}">>, <<"bench">>),
    ok = rabbit_auth_backend_internal:set_permissions(
        <<"guest">>, <<"{0}">>, <<".*">>, <<".*">>, <<".*">>, <<"bench">>), []
end"""
_DELETE: Final = 'begin rabbit_vhost:delete(<<"{}">>, <<"bench">>), [] end'
_UNSETTLED: Final = """lists:sum([proplists:get_value(messages_unacknowledged, Queue, 0)
    || Queue <- rabbit_amqqueue:info_all(<<"{}">>, [messages_unacknowledged])])"""


@dataclass(frozen=True, slots=True)
class Host:
    """A virtual host of the ground's broker, with the queues of every arm."""

    node: RabbitNode
    name: str

    @property
    def url(self) -> str:
        """Its address, for the administrator."""
        return f"amqp://guest:guest@127.0.0.1:{self.node.port}/{self.name}"

    def in_hand(self) -> int:
        """Return how many messages are with a worker, unacknowledged; the broker counts anew every few seconds."""
        return int(self.node.evaluate(_UNSETTLED.format(self.name)))


@dataclass(frozen=True, slots=True)
class Ground:
    """A broker and an upstream that run."""

    node: RabbitNode
    upstream_url: str
    _numbers: Iterator[int] = field(default_factory=count)

    @contextmanager
    def host(self) -> Iterator[Host]:
        """Make a virtual host; its queues go with it."""
        host = Host(self.node, f"bench-{next(self._numbers)}")
        self.node.evaluate(_ADD.format(host.name))
        try:
            with Connection(host.url) as connection:
                declare_topology(connection)
                channel = connection.default_channel
                declare_reply_queue(channel, VENDOR)
                for name in ("bench.jobs", "bench.replies", "bench.internal"):
                    Queue(name, queue_arguments={"x-queue-type": "quorum"}).bind(channel).declare()
                Queue("bench.jobs").bind(channel).bind_to("verifications", "bench.*")
            yield host
        finally:
            self.node.evaluate(_DELETE.format(host.name))

    def tell_upstream(self, what: str) -> int:
        """Have the upstream ``hold`` its answers or ``release`` them; return how many calls it has (``waiting`` alone)."""
        response = httpx.post(f"{self.upstream_url}/{what}", trust_env=False, timeout=30)
        return int(response.raise_for_status().json())


@contextmanager
def ground() -> Iterator[Ground]:
    """Start a broker and an upstream."""
    command = [sys.executable, "-m", "tests.bench.upstream"]
    with RabbitNode() as node, Program(command, os.environ) as upstream:
        port = upstream.wait_for("upstream ready").split()[-1]
        yield Ground(node, f"http://127.0.0.1:{port}")
