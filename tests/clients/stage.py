"""The stage of the vendors' programs: a broker over TLS with the generated definitions, a worker, the sandbox, a proxy."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from amqp.exceptions import AMQPError
from kombu import Connection

from connector.amqp.topology import DEAD, UNDELIVERABLE, lane_queue
from connector.demo.authority import make_server_files
from connector.demo.node import RabbitNode
from connector.demo.program import Program
from connector.demo.vendor import VendorClient
from connector.jobs.records import Lane
from tests.brokers import import_definitions
from tests.chaos.proxy import TcpProxy
from tests.clients.product import VENDOR, Product
from tests.clients.situations import FAILURES
from tests.deployments import Deployment


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The parts that situations are played on."""

    worker: Program
    node: RabbitNode
    proxy: TcpProxy
    """Between the programs that publish and the broker."""
    url: str
    """The broker's address for the vendor itself, without TLS."""
    products: Sequence[Product]

    @contextmanager
    def vendor(self) -> Iterator[VendorClient]:
        """Open a connection of the vendor's own: another program than the one under test."""
        with VendorClient(self.url, VENDOR) as client:
            yield client

    def account(self, product: Product) -> str:
        """Tell what stands where: messages by queue, and what the worker and a product's programs said last."""
        parts = {"worker": self.worker, "publisher": product.publisher, "reader": product.reader}
        said = [f"{name}:\n{program.last_lines()}" for name, program in parts.items()]
        return "\n".join([f"messages by queue: {self._messages()}", *said])

    def _messages(self) -> str:
        try:
            with Connection(self.node.url(), connect_timeout=5) as connection:
                channel = connection.channel()
                counts = {
                    queue: channel.queue_declare(queue, passive=True).message_count
                    for queue in (
                        *map(lane_queue, Lane),
                        UNDELIVERABLE,
                        DEAD,
                        *(one.queue for one in self.products),
                    )
                }
        except (OSError, AMQPError) as error:
            return f"not known ({type(error).__name__})"
        return ", ".join(f"{queue} {count}" for queue, count in counts.items())

    def put(self, queue: str, body: bytes, **properties: str) -> None:
        """Put a message on a queue that is nobody's reply."""
        with Connection(self.node.url(), transport_options={"confirm_publish": True}) as connection:
            connection.Producer(auto_declare=False).publish(
                body, exchange="", routing_key=queue, mandatory=True, **properties
            )


@contextmanager
def open_stage(commands: Mapping[str, Sequence[str]], folder: Path) -> Iterator[Stage]:
    """Start everything but the programs, whose commands are given by language."""
    files = make_server_files(folder)
    with ExitStack() as stack:
        node = stack.enter_context(RabbitNode(tls=files))
        deployed = stack.enter_context(Deployment(node.url(), FAILURES))
        for language in commands:
            deployed.command("vendors", "reply-queue", "add", VENDOR, language)
        passwords = _import_generated(deployed, node, folder)
        worker_url = node.url("connector", passwords["connector"])
        worker = stack.enter_context(deployed.worker(settings={"CONNECTOR_BROKER_URL": worker_url}))
        proxy = stack.enter_context(TcpProxy(node.tls_port))
        url = node.tls_url(VENDOR, passwords[VENDOR])
        settings = {"CCAS_URL": url, "CCAS_AUTORITE": str(files.authority)}
        by_proxy = url.replace(f":{node.tls_port}/", f":{proxy.port}/")
        products = [
            stack.enter_context(Product(language, command, folder, settings, by_proxy))
            for language, command in commands.items()
        ]
        plain_url = node.url(VENDOR, passwords[VENDOR])
        yield Stage(worker=worker, node=node, proxy=proxy, url=plain_url, products=products)


def _import_generated(deployed: Deployment, node: RabbitNode, folder: Path) -> Mapping[str, str]:
    """Have the node import what the operator would, and return the passwords by user."""
    definitions, passwords = folder / "definitions.json", folder / "passwords.json"
    deployed.command("vendors", "definitions", "--out", str(definitions), "--passwords", str(passwords))
    import_definitions(node, json.loads(definitions.read_text("utf-8")))
    known: Mapping[str, str] = json.loads(passwords.read_text("utf-8"))
    return known
