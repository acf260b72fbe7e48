"""The parts that integration tests share: a broker, a sandbox, a registry, workers. Started once, on demand."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.demo.deployment import Deployment
from connector.demo.install import HOW_TO_GET_ONE, install_rabbitmq
from connector.demo.node import RabbitNode, vendor_definitions
from connector.demo.program import Program
from connector.demo.vendor import VendorClient

REFERENCE = Path(__file__).parents[2] / "shared" / "reference" / "api-particulier"
PASSWORDS = {"millesime": "millesime-password", "sonate-opus": "sonate-opus-password"}


@pytest.fixture(scope="session")
def node() -> Iterator[RabbitNode]:
    """A RabbitMQ node of the suite's own, with two vendors whose rights are those of the contract."""
    if not install_rabbitmq(print):
        pytest.fail(HOW_TO_GET_ONE, pytrace=False)
    if shutil.which("amqp-publish") is None:
        pytest.fail("amqp-publish is needed: sudo apt-get install amqp-tools", pytrace=False)
    with RabbitNode(vendor_definitions(PASSWORDS)) as started:
        yield started


@pytest.fixture(scope="session")
def deployment(node: RabbitNode) -> Iterator[Deployment]:
    """A registry of two vendors and four tenants, and a sandbox with the shipped cases."""
    with Deployment(node.url()) as deployed:
        yield deployed


@pytest.fixture(scope="session")
def worker(deployment: Deployment) -> Iterator[Program]:
    """A worker of both lanes."""
    with deployment.worker() as program:
        yield program


@pytest.fixture
def millesime(node: RabbitNode, worker: Program) -> Iterator[VendorClient]:
    """The vendor millesime, under its own AMQP user, beside a running worker."""
    with VendorClient(node.url("millesime", PASSWORDS["millesime"]), "millesime") as client:
        yield client


@pytest.fixture
def operator(node: RabbitNode, worker: Program) -> Iterator[VendorClient]:
    """A connection with every right, that publishes as millesime unless told otherwise."""
    with VendorClient(node.url(), "millesime") as client:
        yield client
