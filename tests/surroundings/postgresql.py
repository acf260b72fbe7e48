"""PostgreSQL with a standby: killed, fenced with its sessions left open, and behind PgBouncer."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial

import psycopg

from connector.demo.node import RabbitNode
from connector.storage.journal.keys import new_key
from tests.deployments import Deployment
from tests.servers.pgbouncer_node import PgBouncerNode
from tests.servers.postgres_node import PostgresNode, StandbyNode
from tests.servers.small_disk import SmallDisk
from tests.surroundings.stage import Fault, Outcome, suffer

DATABASE = "connector"


def both(first: PostgresNode, second: PostgresNode) -> str:
    """Return the address of two servers, of which the one that takes changes is used."""
    url = first.url(DATABASE)
    host = f"127.0.0.1:{first.port}"
    return url.replace(host, f"{host},127.0.0.1:{second.port}")


def fence(node: PostgresNode) -> None:
    """Have a server take no changes; who is connected stays so."""
    with psycopg.connect(node.url(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        connection.execute("SELECT pg_reload_conf()")


def _served(
    fault: Fault, broker: RabbitNode, url: str, prefix: str, only: Sequence[str]
) -> Iterator[Outcome]:
    if only and not any(part in fault.name for part in only):
        return
    with Deployment(broker.url(), ["--latency", "0.1"], database_url=url) as deployment:
        deployment.environment["CONNECTOR_JOURNAL_KEY"] = new_key()
        with deployment.worker() as worker:
            yield suffer(fault, broker.url(), [worker], prefix)


def play(only: Sequence[str] = ()) -> Iterator[Outcome]:
    """Yield what each fault has shown, with a lone worker, its reply memory and its journal."""
    with RabbitNode() as broker:
        for number, name in enumerate(("killed, its standby promoted", "fenced, its standby promoted")):
            with ExitStack() as stack:
                primary = stack.enter_context(PostgresNode())
                primary.create_database(DATABASE)
                standby = stack.enter_context(StandbyNode(primary))
                begin = primary.kill if number == 0 else partial(fence, primary)
                fault = Fault(name=f"PostgreSQL {name}", begin=begin, end=standby.promote)
                yield from _served(fault, broker, both(primary, standby), f"postgresql-{number}", only)
        with PostgresNode() as server, PgBouncerNode(server, "transaction") as pooler:
            parts = {"PgBouncer": pooler, "PostgreSQL behind PgBouncer": server}
            for number, (name, node) in enumerate(parts.items()):
                database = f"pooled_{number}"
                server.create_database(database)
                fault = Fault(name=f"{name} killed and started again", begin=node.kill, end=node.start)
                yield from _served(fault, broker, pooler.url(database), f"pgbouncer-{number}", only)
        with PostgresNode() as server, SmallDisk(server.user) as disk:
            url = server.create_database(DATABASE, folder=disk.folder)
            fault = Fault(name="PostgreSQL's disk full, then freed", begin=disk.fill, end=disk.free)
            yield from _served(fault, broker, url, "full-disk", only)
