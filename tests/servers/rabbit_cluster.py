"""A cluster of private RabbitMQ nodes, which die, come back, and are cut off from each other."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, Self

from connector.demo.node import RabbitNode
from connector.demo.private import NodeError

NODES = 3
_SPARE_MILLISECONDS = 120_000
_PAUSES_MINORITY = "cluster_partition_handling = pause_minority"


class _Member(RabbitNode):
    ends_with_parent = True

    def __init__(self, cookie: str, definitions: Any, first: "_Member | None") -> None:
        super().__init__(definitions if first is None else None, [_PAUSES_MINORITY])
        self.cookie = cookie
        self._first = first
        if first is not None:
            self._epmd_port = first.epmd_port

    @property
    def epmd_port(self) -> int:
        """Where nodes find each other."""
        return self._epmd_port

    @property
    def name(self) -> str:
        return f"ccas{self.port}@localhost"

    def _prepare(self) -> None:
        super()._prepare()
        cookie = self._folder / ".erlang.cookie"
        cookie.write_text(self.cookie, "utf-8")
        cookie.chmod(0o400)

    def join(self) -> None:
        """Become a member of the first node's cluster."""
        assert self._first is not None
        for arguments in (("stop_app",), ("join_cluster", self._first.name), ("start_app",)):
            self.ctl(*arguments)


def _entered(node: _Member) -> _Member:
    return node.__enter__()


class RabbitCluster:
    """Three nodes with one set of definitions; a node that cannot reach another one pauses, as RabbitMQ advises."""

    def __init__(self, definitions: Any = None) -> None:
        cookie = secrets.token_hex()
        first = _Member(cookie, definitions, None)
        self.nodes: list[_Member] = [first, *(_Member(cookie, None, first) for _ in range(NODES - 1))]
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            # Its threads live as long as the nodes, which end with the one that has started them.
            together = stack.enter_context(ThreadPoolExecutor(NODES))
            stack.enter_context(self.nodes[0])
            for node in together.map(_entered, self.nodes[1:]):
                stack.push(node)
            for node in self.nodes[1:]:
                node.join()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stack.close()

    def url(self, *, first: int = 0, user: str = "guest", password: str = "guest") -> str:  # noqa: S107 - RabbitMQ's own default
        """Return the address of all nodes, of which that one is tried first."""
        order = (*self.nodes[first:], *self.nodes[:first])
        return ";".join(node.url(user, password) for node in order)

    def leaders(self) -> dict[str, int]:
        """Return of which node the leader of each quorum queue is, by the queue's name."""
        expression = (
            "[[element(4, amqqueue:get_name(Q)), atom_to_binary(element(2, amqqueue:get_pid(Q)))]"
            " || Q <- rabbit_amqqueue:list(), amqqueue:is_quorum(Q)]"
        )
        places = {node.name: index for index, node in enumerate(self.nodes)}
        return {queue: places[node] for queue, node in self._any().evaluate(expression)}

    def serving(self, connection_name: str) -> int:
        """Return which node a client is connected to, by the name that it gives its connection."""
        expression = (
            "[atom_to_binary(node(P)) || P <- rabbit_networking:connections(),"
            " [{client_properties, C}] <- [rabbit_networking:connection_info(P, [client_properties])],"
            f' lists:member({{<<"connection_name">>, longstr, <<"{connection_name}">>}}, C)]'
        )
        names = [node.name for node in self.nodes]
        (place,) = {names.index(name) for name in self._any().evaluate(expression)}
        return place

    def await_spare(self, index: int) -> None:
        """Wait until no queue would lose its majority with a node, as ``rabbitmq-upgrade await_online_quorum_plus_one`` does."""
        waited = self.nodes[index].evaluate(
            f"rabbit_upgrade_preparation:await_online_quorum_plus_one({_SPARE_MILLISECONDS})"
        )
        if waited is not True:
            raise NodeError(f"node {index} cannot be spared")

    def cut_off(self, index: int) -> None:
        """Have a node and the others refuse each other: a network that is parted, with clients on either side."""
        self._know(index, None)

    def heal(self, index: int) -> None:
        """Let them know each other again."""
        self._know(index, self.nodes[index].cookie)

    def _know(self, index: int, cookie: str | None) -> None:
        """Have both sides use a cookie for each other; None: each another one, so that neither takes the other's connection."""
        alone = self.nodes[index]
        others = [node for node in self.nodes if node is not alone]
        for node, peers in ((alone, others), *((other, [alone]) for other in others)):
            for peer in peers:
                parting = f"erlang:disconnect_node('{peer.name}')," if cookie is None else ""
                node.evaluate(
                    f"erlang:set_cookie('{peer.name}', '{cookie or secrets.token_hex()}'), {parting} 1"
                )

    def _any(self) -> _Member:
        return next(node for node in self.nodes if not node.has_ended)
