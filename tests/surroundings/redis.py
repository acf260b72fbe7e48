"""Redis with a replica: killed under its Sentinel, and demoted with its connections left open."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from redis import Redis

from connector.demo.node import RabbitNode
from tests.chaos.proxy import TcpProxy
from tests.deployments import Deployment
from tests.servers.redis_node import RedisNode, SentinelNode
from tests.surroundings.stage import Fault, Outcome, suffer


class Pair:
    """A server and its replica, and the address that leads to whichever is the master."""

    def __init__(self, master: RedisNode, replica: RedisNode, proxy: TcpProxy) -> None:
        self.master = master
        self.replica = replica
        self.proxy = proxy
        self._order(replica, "127.0.0.1", str(master.port))

    def demote(self) -> None:
        """Have the replica take the server's place, whose connections stay open; the address still leads to the former."""
        self._order(self.replica, "no", "one")
        self._order(self.master, "127.0.0.1", str(self.replica.port))

    def lead(self) -> None:
        """Have the address lead to the one that took its place."""
        self.proxy.lead_to(self.replica.port)

    @staticmethod
    def _order(node: RedisNode, host: str, port: str) -> None:
        with Redis(port=node.port) as opened:
            opened.replicaof(host, port)


def play(only: Sequence[str] = ()) -> Iterator[Outcome]:
    """Yield what each fault has shown, with two workers."""
    with RabbitNode() as broker:
        for number, name in enumerate(
            ("Redis demoted, its connections left open", "Redis killed under its Sentinel")
        ):
            if only and not any(part in name for part in only):
                continue
            with ExitStack() as stack:
                master, replica = (stack.enter_context(RedisNode()) for _ in range(2))
                proxy = stack.enter_context(TcpProxy(master.port))
                pair = Pair(master, replica, proxy)
                sentinel = stack.enter_context(SentinelNode(master.port))
                url, fault = (
                    (proxy.in_front_of(master.url()), Fault(name=name, begin=pair.demote, end=pair.lead))
                    if number == 0
                    else (sentinel.url(), Fault(name=name, begin=master.kill, end=lambda: None))
                )
                deployment = stack.enter_context(Deployment(broker.url(), ["--latency", "0.1"]))
                quotas = {"CONNECTOR_REDIS_URL": url, "CONNECTOR_TOKEN_QUOTA": "100/s"}
                workers = [stack.enter_context(deployment.worker(settings=quotas)) for _ in range(2)]
                yield suffer(fault, broker.url(), workers, f"redis-{number}")
