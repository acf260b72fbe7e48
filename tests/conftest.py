"""The parts that integration tests share: a broker, a sandbox, a registry, workers. Started once, on demand."""

import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine

from connector.demo.install import HOW_TO_GET_ONE, install_rabbitmq
from connector.demo.node import RabbitNode
from connector.demo.program import Program
from connector.demo.vendor import VendorClient
from connector.storage.database import open_database
from connector.storage.upgrading import upgrade
from tests.brokers import PASSWORDS, guest_and, reset
from tests.clients.report import ClientsReport
from tests.conformance.report import CasesReport
from tests.databases import Database
from tests.deployments import Deployment
from tests.servers.install import HOW_TO_GET_POSTGRESQL, HOW_TO_GET_REDIS, install_postgresql, install_redis
from tests.servers.postgres_node import PostgresNode
from tests.servers.redis_node import RedisNode

REFERENCE = Path(__file__).parents[2] / "shared" / "reference" / "api-particulier"
_OWN_BROKERS = (
    "test_fairness",
    "test_france_connect",
    "test_journal",
    "test_metrics",
    "test_nullability",
    "test_official_cases",
    "test_outages",
    "test_overflow",
    "test_postgresql",
    "test_sentry",
    "test_session",
    "test_storm",
)
"""The modules whose workers are on a virtual host of their own."""


_FIRST = ("test_reading.py",)
"""The longest module that waits for nothing. Last, it would keep one process busy while the others have no more to do."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long."""
    items.sort(key=lambda item: item.path.name not in _FIRST)


def pytest_configure(config: pytest.Config) -> None:
    """Have the official cases and the vendors' programs counted, in the process that prints the report."""
    config.pluginmanager.register(CasesReport())
    config.pluginmanager.register(ClientsReport())


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    """The engine of a test's own database, which hardly waits for a lock: the tests that hold one wait for it to give up."""
    opened = open_database(SecretStr(database.url), lock_seconds=0.05)
    upgrade(opened)
    yield opened
    opened.dispose()


@pytest.fixture(scope="session")
def node() -> Iterator[RabbitNode]:
    """A RabbitMQ node of the suite's own, with two vendors whose rights are those of the contract."""
    if not install_rabbitmq(print):
        pytest.fail(HOW_TO_GET_ONE, pytrace=False)
    if shutil.which("amqp-publish") is None:
        pytest.fail("amqp-publish is needed: sudo apt-get install amqp-tools", pytrace=False)
    with RabbitNode(guest_and(PASSWORDS, _OWN_BROKERS)) as started:
        yield started


@pytest.fixture(scope="module")
def own_broker(node: RabbitNode, request: pytest.FixtureRequest) -> str:
    """The address of a virtual host of the module's own: no other worker takes its jobs. A node takes ten seconds."""
    name = request.module.__name__.rpartition(".")[2]
    assert name in _OWN_BROKERS
    return f"{node.url().removesuffix('/')}{name}"


@pytest.fixture(scope="session")
def lent_node() -> Iterator[RabbitNode]:
    """A node that one module after the other has for itself."""
    if not install_rabbitmq(print):
        pytest.fail(HOW_TO_GET_ONE, pytrace=False)
    with RabbitNode(guest_and(PASSWORDS)) as started:
        yield started


@pytest.fixture(scope="module")
def own_node(lent_node: RabbitNode) -> RabbitNode:
    """A node that this module may do anything to, and that no other worker uses: as new when the module begins."""
    reset(lent_node)
    return lent_node


@pytest.fixture(scope="session")
def redis_node() -> Iterator[RedisNode]:
    """A Redis of the suite's own. Who kills it starts it again; who fills it empties it."""
    if not install_redis(print):
        pytest.fail(HOW_TO_GET_REDIS, pytrace=False)
    with RedisNode() as started:
        yield started


@pytest.fixture(scope="session")
def postgres_node() -> Iterator[PostgresNode]:
    """A PostgreSQL server of the suite's own. Who kills it starts it again."""
    if not install_postgresql(print):
        pytest.fail(HOW_TO_GET_POSTGRESQL, pytrace=False)
    with PostgresNode() as started:
        yield started


@pytest.fixture
def postgres(postgres_node: PostgresNode) -> Iterator[str]:
    """The address of a database of the test's own, empty."""
    name = f"test_{secrets.token_hex(4)}"
    yield postgres_node.create_database(name)
    postgres_node.drop_database(name)


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
