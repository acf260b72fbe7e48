"""PostgreSQL that fails over, and PgBouncer before it: what a worker's adapters make of each."""

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from connector.clock import utc_now
from connector.jobs.job_state import Fresh, IdempotencyKey
from connector.jobs.records import Vendor
from connector.storage.database import DatabaseError, open_database
from connector.storage.registry.cache import RegistryCache
from connector.storage.registry.freshness import Freshness
from connector.storage.registry.store import RegistryStore
from connector.storage.replies.store import MemoryStore, Written
from connector.storage.upgrading import upgrade
from connector.vault import Vault, new_key
from tests.chaos.proxy import TcpProxy
from tests.records import record
from tests.servers.install import HOW_TO_GET_PGBOUNCER, install_pgbouncer
from tests.servers.pgbouncer_node import PgBouncerNode
from tests.servers.postgres_node import PostgresNode

MILLESIME = Vendor(name="millesime", product="Millésime", publisher="Up", preset="millesime")
PATIENCE = 10_000
"""Questions before a test gives up."""
MANY = 12
"""More than psycopg asks the same statement before it prepares it under a name."""


@pytest.fixture(scope="module")
def other_node(postgres_node: PostgresNode) -> Iterator[PostgresNode]:
    """A second server, with the same user as the suite's own."""
    with PostgresNode(postgres_node.password) as started:
        yield started


@pytest.fixture
def moved(postgres: str, other_node: PostgresNode) -> Iterator[str]:
    """The address of a database of the other server, upgraded as the first one is."""
    name = postgres.rpartition("/")[2]
    url = other_node.create_database(name)
    for each in (postgres, url):
        engine = open_database(SecretStr(each), is_pooled=False)
        upgrade(engine)
        engine.dispose()
    yield url
    other_node.drop_database(name)


@pytest.fixture(params=["session", "transaction"])
def pooled(request: pytest.FixtureRequest, postgres_node: PostgresNode, postgres: str) -> Iterator[str]:
    """The address of a database through a pooler."""
    if not install_pgbouncer(print):
        pytest.fail(HOW_TO_GET_PGBOUNCER, pytrace=False)
    with PgBouncerNode(postgres_node, request.param) as node:
        yield node.url(postgres.rpartition("/")[2])


def _both(first: str, second: str) -> str:
    """Return an address of two servers, as libpq writes it."""
    user, _, server = first.rpartition("@")
    other = second.rpartition("@")[2].partition("/")[0]
    host, _, database = server.partition("/")
    return f"{user}@{host},{other}/{database}"


def _make_read_only(node: PostgresNode, *, read_only: bool) -> None:
    """Have a server take no changes, as a host does that fences it; who is connected stays so."""
    with psycopg.connect(node.url(), autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(f"ALTER SYSTEM SET default_transaction_read_only = {'on' if read_only else 'off'}")
        connection.execute("SELECT pg_reload_conf()")


@pytest.fixture
def fenced(other_node: PostgresNode) -> Iterator[PostgresNode]:
    """The other server, which takes changes again at the end."""
    yield other_node
    _make_read_only(other_node, read_only=False)


def _key(name: str) -> IdempotencyKey:
    return IdempotencyKey(vendor="millesime", job_id=name, claim=name, digests=("k:d",), redelivered=False)


def _claims(memory: MemoryStore, name: str) -> bool:
    """Tell whether a claim is written: a session hears of a server's new settings a moment later."""
    try:
        memory.exchange([_key(name)], [], utc_now())
    except DBAPIError as error:
        return "read-only" not in str(error.orig)
    return True


def _saves(store: RegistryStore) -> bool:
    try:
        store.save([MILLESIME], [])
    except DatabaseError:
        return False
    return True


def _vendors(engine: Engine) -> set[str]:
    return set(RegistryStore(engine).load().vendors)


def test_a_server_that_takes_no_changes_any_more_is_left_for_the_one_that_does(
    postgres: str, moved: str, fenced: PostgresNode
) -> None:
    """``other_node`` is the former primary here, and first in the address."""
    engine = open_database(SecretStr(_both(moved, postgres)))
    store = RegistryStore(engine)
    store.save([MILLESIME], [])
    held = MemoryStore(engine)
    held.exchange([], [], utc_now())
    # A session beside the one that is held, which waits in the pool.
    assert _vendors(engine) == {"millesime"}
    with psycopg.connect(fenced.url(moved.rpartition("/")[2])) as connection:
        assert connection.execute("SELECT count(*) FROM vendors").fetchone() == (1,)
    _make_read_only(fenced, read_only=True)
    assert any(_vendors(engine) == set() for _ in range(PATIENCE))
    assert not all(_claims(held, str(number)) for number in range(PATIENCE))
    assert held.exchange([_key("there")], [], utc_now()) == {"there": Fresh()}
    with psycopg.connect(postgres) as connection:
        assert connection.execute("SELECT job_id FROM replies").fetchall() == [("there",)]
    engine.dispose()


def test_a_lone_server_that_takes_no_changes_is_told_as_such(moved: str, fenced: PostgresNode) -> None:
    engine = open_database(SecretStr(moved))
    store = RegistryStore(engine)
    _make_read_only(fenced, read_only=True)
    assert not all(_saves(store) for _ in range(PATIENCE))
    with pytest.raises(DatabaseError, match="it takes no changes: it is a standby, or was made read-only"):
        store.save([MILLESIME], [])
    _make_read_only(fenced, read_only=False)
    assert any(_saves(store) for _ in range(PATIENCE))
    engine.dispose()


async def test_a_server_that_its_address_has_left_is_not_believed_for_long(
    postgres: str, moved: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its sessions stay open, and it answers: what was revoked on the other one is not revoked there."""
    port = int(postgres.rpartition(":")[2].partition("/")[0])
    with TcpProxy(port) as proxy:
        monkeypatch.setattr("connector.storage.database.LONGEST_LIFE_SECONDS", 1)
        engine = open_database(SecretStr(proxy.in_front_of(postgres)))
        cache = RegistryCache(RegistryStore(engine), Vault(SecretStr(new_key())), Freshness(300))
        elsewhere = open_database(SecretStr(moved))
        RegistryStore(elsewhere).save([MILLESIME], [])
        proxy.lead_to(int(moved.rpartition(":")[2].partition("/")[0]))
        for _ in range(PATIENCE):
            if await cache._refresh():  # noqa: SLF001 - one turn of the endless refresh, without its wait
                break
        assert set(cache.registry.vendors) == {"millesime"}
        for each in (engine, elsewhere):
            each.dispose()


def test_behind_a_pooler_time_limits_are_those_of_this_client_alone(pooled: str, postgres: str) -> None:
    engine = open_database(SecretStr(pooled), lock_seconds=2.0)
    upgrade(engine)
    names = ("lock_timeout", "statement_timeout")
    with engine.connect() as connection:
        told = [connection.execute(text(f"SHOW {name}")).scalar_one() for name in names]
        connection.commit()
        again = [connection.execute(text(f"SHOW {name}")).scalar_one() for name in names]
    assert (told, again) == (["2s", "12s"], ["2s", "12s"])
    with psycopg.connect(pooled) as other:
        assert other.execute("SHOW lock_timeout").fetchone() == ("0",)
    impatient = open_database(SecretStr(pooled), lock_seconds=0.05)
    with psycopg.connect(postgres) as holding:
        holding.execute("UPDATE registry_revision SET revision = revision")
        with pytest.raises(DatabaseError, match="another process holds a lock on it"):
            RegistryStore(impatient).save([MILLESIME], [])
        holding.rollback()
    for each in (engine, impatient):
        each.dispose()


def test_behind_a_pooler_clients_share_a_session_and_none_meets_what_another_prepared(pooled: str) -> None:
    engines = [open_database(SecretStr(pooled)) for _ in range(3)]
    upgrade(engines[0])
    stores = [(MemoryStore(engine), RegistryStore(engine)) for engine in engines]
    for number in range(MANY):
        for index, (memory, registry) in enumerate(stores):
            name = f"{index}-{number}"
            key = _key(name)
            assert memory.exchange([key], [], utc_now(), {name: [record(number * 3 + index)]}) == {
                name: Fresh(is_noted=True)
            }
            left = Written(claim=key, busy_until=utc_now() + timedelta(hours=1), sealed_reply=b"sealed")
            memory.exchange([], [left], utc_now())
            registry.save([MILLESIME], [])
            assert registry.load().revision == number * 3 + index + 1
    for engine in engines:
        engine.dispose()
