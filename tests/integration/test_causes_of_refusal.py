"""One sentence per cause: what a command says of a broker and of a database that cannot be used, each tried for real."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from connector.cli.broker import BrokerError, reaching
from connector.clock import utc_now
from connector.demo.authority import ServerFiles, make_server_files
from connector.demo.node import RabbitNode
from connector.settings.settings import Settings
from connector.storage.database import DatabaseError, open_database
from connector.storage.schema import ensure_current
from tests.servers.postgres_node import PostgresNode

NAMES = ("localhost",)
PATIENCE = 1000
"""Tries before a test gives up."""
PASSWORD = "s3same"
NOT_KNOWN = "its certificate is signed by an authority that is not known here; name that authority's file"
ANOTHER_HOST = "its certificate is for another host name than the one in the address"
EXPIRED = "its certificate has expired"
CLOSED = "nothing listens at its address: is it started, and is the port right?"
NO_SUCH_HOST = "its host name does not resolve"
REFUSED = "it refuses the user or the password"


class Certificates:
    """A server's files, good and wrong ones."""

    def __init__(self, folder: Path) -> None:
        def make(name: str, names: tuple[str, ...] = NAMES, years_ago: int = 0) -> ServerFiles:
            (folder / name).mkdir()
            return make_server_files(folder / name, names, utc_now() - timedelta(days=365 * years_ago))

        self.good, self.other = make("good"), make("other")
        self.foreign, self.expired = make("foreign", ("elsewhere.test",)), make("expired", years_ago=40)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


def broker_refusal(url: str) -> str:
    """Return why a broker is not used."""
    with pytest.raises(BrokerError) as refused, reaching(Settings(broker_url=SecretStr(url))):
        pass
    said = str(refused.value)
    assert PASSWORD not in said
    assert "\n" not in said
    return said.partition("the broker cannot be used: ")[2]


def once_listening(url: str) -> str:
    """Return why a broker is not used, whose port of TLS is opened after the one in clear."""
    return next(said for _ in range(PATIENCE) if (said := broker_refusal(url)) != CLOSED)


def database_refusal(url: str) -> str:
    """Return why a database is not used."""
    engine = open_database(SecretStr(url), is_pooled=False)
    with pytest.raises(DatabaseError) as refused:
        ensure_current(engine)
    engine.dispose()
    said = str(refused.value)
    assert PASSWORD not in said
    assert "\n" not in said
    return said.partition("cannot be opened: ")[2]


@pytest.fixture(scope="module")
def node() -> Iterator[RabbitNode]:
    """A broker in clear, with a user that has no right."""
    with RabbitNode() as started:
        started.ctl("add_user", "nobody", PASSWORD)
        yield started


BROKER: list[tuple[Callable[[RabbitNode], str], str]] = [
    (lambda node: node.url("guest", PASSWORD), REFUSED),
    (lambda node: node.url("nobody", PASSWORD), "its user has no right on the virtual host"),
    (lambda node: f"{node.url()[:-1]}nowhere", "there is no such virtual host"),
    (lambda _node: f"amqp://guest:{PASSWORD}@127.0.0.1:1//", CLOSED),
    (lambda _node: f"amqp://guest:{PASSWORD}@no.such.host.invalid//", NO_SUCH_HOST),
]


@pytest.mark.parametrize("number", range(len(BROKER)))
def test_each_cause_of_a_broker(number: int, node: RabbitNode) -> None:
    address, cause = BROKER[number]
    assert broker_refusal(address(node)) == cause


def test_of_several_nodes_each_cause_is_told_once(node: RabbitNode) -> None:
    wrong = node.url("guest", PASSWORD)
    closed = wrong.replace(f":{node.port}", ":1")
    assert broker_refusal(f"{closed};{closed};{wrong}") == f"{CLOSED}; {REFUSED}"
    good = node.url()
    with reaching(Settings(broker_url=SecretStr(f"{good.replace(str(node.port), '1')};{good}"))) as opened:
        assert opened.connected


def test_each_certificate_of_a_broker(certificates: Certificates) -> None:
    with RabbitNode(tls=certificates.good) as good:
        address = good.tls_url()
        trusting = f"{address}?cacertfile={certificates.good.authority}"
        assert once_listening(address) == NOT_KNOWN
        with reaching(Settings(broker_url=SecretStr(trusting))) as opened:
            assert opened.connected
        assert broker_refusal(f"{address}?cacertfile={certificates.other.authority}") == NOT_KNOWN
        missing = broker_refusal(f"{address}?cacertfile=/nowhere/ca.pem")
        assert missing == "the file /nowhere/ca.pem cannot be read: no such file"
        in_clear = trusting.replace(f":{good.tls_port}", f":{good.port}")
        assert "TLS" in broker_refusal(in_clear)
    for files, cause in ((certificates.foreign, ANOTHER_HOST), (certificates.expired, EXPIRED)):
        with RabbitNode(tls=files, has_plain_port=True) as wrong:
            assert once_listening(f"{wrong.tls_url()}?cacertfile={files.authority}") == cause


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda url, node: url.replace(node.password, PASSWORD), REFUSED),
        (lambda url, _node: url.replace("ccas:", "nobody:"), REFUSED),
        (lambda url, _node: f"{url}_nowhere", "there is no such database on the server"),
        (lambda url, node: url.replace(f":{node.port}/", ":1/"), CLOSED),
        (lambda url, _node: url.replace("127.0.0.1", "no.such.host.invalid"), NO_SUCH_HOST),
        (
            lambda url, _node: f"{url}?cacertfile=/nowhere/ca.pem",
            "it does not speak TLS, and the address asks for it",
        ),
    ],
)
def test_each_cause_of_a_database(
    change: Callable[[str, PostgresNode], str], cause: str, postgres_node: PostgresNode, postgres: str
) -> None:
    assert database_refusal(change(postgres, postgres_node)) == cause


@pytest.mark.parametrize("option", ["s3same=1", "autocommit=1", "prepare_threshold=1"])
def test_no_option_of_a_database_s_address_is_ignored(option: str, postgres: str) -> None:
    with pytest.raises(DatabaseError) as refused:
        open_database(SecretStr(f"{postgres}?{option}"))
    assert str(refused.value) == (
        "CONNECTOR_DATABASE_URL: an option of the address is not one of PostgreSQL's"
    )


def test_each_certificate_of_a_database(certificates: Certificates) -> None:
    with PostgresNode(tls=certificates.good) as good:
        address = good.url().replace("127.0.0.1", "localhost")
        open_database(
            SecretStr(f"{address}?cacertfile={certificates.good.authority}"), is_pooled=False
        ).connect().close()
        assert database_refusal(f"{address}?cacertfile={certificates.other.authority}") == NOT_KNOWN
        missing = database_refusal(f"{address}?cacertfile=/nowhere/ca.pem")
        assert missing == "there is no such file of an authority's certificates"
        by_address = good.url()
        assert database_refusal(f"{by_address}?cacertfile={certificates.good.authority}") == ANOTHER_HOST
    with PostgresNode(tls=certificates.expired) as expired:
        address = expired.url().replace("127.0.0.1", "localhost")
        assert database_refusal(f"{address}?cacertfile={certificates.expired.authority}") == EXPIRED
