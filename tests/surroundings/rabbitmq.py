"""A cluster of three RabbitMQ nodes, of which one at a time dies, is cut off, or is restarted."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from connector.amqp.session import CONNECTION_NAME
from tests.chaos.proxy import TcpProxy
from tests.deployments import Deployment
from tests.servers.rabbit_cluster import RabbitCluster
from tests.surroundings.stage import Fault, Outcome, suffer


class Clustered:
    """The cluster, and the way of a vendor to it: a load balancer's, which leads to a node that lives."""

    def __init__(self, cluster: RabbitCluster, front: TcpProxy) -> None:
        self.cluster = cluster
        self._front = front
        self._at = 0
        self._cut_off = 0

    @property
    def vendor_url(self) -> str:
        """Return the address at which vendors come."""
        return self._front.in_front_of(self.cluster.nodes[0].url())

    def spare(self, index: int) -> None:
        """Lead vendors to another node than this one."""
        if self._at == index:
            self._at = (index + 1) % len(self.cluster.nodes)
            self._front.lead_to(self.cluster.nodes[self._at].port)
            self._front.cut()

    def faults(self) -> Iterator[Fault]:
        """Yield each fault; the first node is the one that workers try first."""
        for index in range(len(self.cluster.nodes)):
            yield Fault(
                name=f"RabbitMQ, node {index + 1} of 3 killed",
                begin=partial(self._kill, index),
                end=self._start_again,
            )
        yield Fault(
            name="RabbitMQ, the node with most leaders killed",
            begin=self._kill_leading,
            end=self._start_again,
        )
        yield Fault(
            name="RabbitMQ, each node stopped and started again, in turn",
            begin=self._upgrade,
            end=lambda: None,
        )
        yield Fault(
            name="RabbitMQ, the workers' node cut off from the others",
            begin=self._cut_off_workers,
            end=lambda: self.cluster.heal(self._cut_off),
        )

    def _kill(self, index: int) -> None:
        self.spare(index)
        self.cluster.nodes[index].kill()

    def _kill_leading(self) -> None:
        self._kill(self._leading())

    def _start_again(self) -> None:
        for node in self.cluster.nodes:
            if node.has_ended:
                node.start()

    def _upgrade(self) -> None:
        """Do as for an upgrade: no node is stopped before the queues' majorities can spare it."""
        for index, node in enumerate(self.cluster.nodes):
            self.cluster.await_spare(index)
            self.spare(index)
            node.stop()
            node.start()

    def _cut_off_workers(self) -> None:
        self._cut_off = self.cluster.serving(CONNECTION_NAME)
        self.spare(self._cut_off)
        self.cluster.cut_off(self._cut_off)

    def _leading(self) -> int:
        places = list(self.cluster.leaders().values())
        return max(set(places), key=places.count)


@contextmanager
def clustered() -> Iterator[Clustered]:
    """Give a cluster with the topology of the contract."""
    with RabbitCluster() as cluster, TcpProxy(cluster.nodes[0].port) as front:
        yield Clustered(cluster, front)


def play(only: Sequence[str] = ()) -> Iterator[Outcome]:
    """Yield what each fault has shown, with a lone worker."""
    with (
        clustered() as clusters,
        Deployment(clusters.cluster.url(), ["--latency", "0.1"]) as deployment,
        deployment.worker() as worker,
    ):
        for number, fault in enumerate(clusters.faults()):
            if not only or any(part in fault.name for part in only):
                yield suffer(fault, clusters.vendor_url, [worker], f"rabbitmq-{number}")
