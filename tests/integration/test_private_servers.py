"""The suite's own Redis and PostgreSQL: real servers that start, are killed, and come back where they were."""

import socket
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from connector.demo.private import NodeError, free_ports
from tests.servers.postgres_node import PostgresNode
from tests.servers.redis_node import RedisNode


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the servers of a test make their folders; each must take its own away."""
    folder = Path("/tmp") / f"ccas-{tmp_path.name}"  # noqa: S108 - short enough for a socket's path
    folder.mkdir(mode=0o755)
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield folder
    folder.rmdir()


def test_redis_comes_back_empty_on_the_port_where_it_was_killed(folders: Path) -> None:
    with RedisNode() as node:
        with redis.Redis.from_url(node.url()) as client:
            client.set("key", "value")
        node.kill()
        with pytest.raises(redis.ConnectionError), redis.Redis.from_url(node.url()) as client:
            client.ping()
        node.start()
        with redis.Redis.from_url(node.url()) as client:
            assert client.get("key") is None
        node.stop()
        assert [path.name for path in folders.glob("*/*")] == ["node.log"]


def test_postgresql_keeps_through_a_kill_what_was_committed(folders: Path) -> None:
    with PostgresNode() as node:
        url = node.create_database("kept")
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept (word text)")
            connection.execute("INSERT INTO kept VALUES ('word')")
        node.kill()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(url)
        node.start()
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT word FROM kept").fetchall() == [("word",)]
        assert "word" in node.dump("kept")


def test_postgresql_asks_for_its_password(postgres_node: PostgresNode) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(
            host="127.0.0.1", port=postgres_node.port, user="ccas", password="guess", dbname="postgres"
        )


def test_a_server_that_cannot_start_says_why_and_leaves_nothing(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setattr("connector.demo.private.free_ports", lambda _: [taken.getsockname()[1]])
        with pytest.raises(NodeError, match=r"Redis did not start, it ended: .*listen"), RedisNode():
            pass


def test_ports_are_none_that_a_client_may_be_lent() -> None:
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text("utf-8").split()[0])
    ports = free_ports(3)
    assert len(set(ports)) == 3
    assert max(ports) < lowest
