"""PostgreSQL as the registry of a host: what its operator meets, and a worker from end to end."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result
from pydantic import SecretStr
from sqlalchemy import text

from connector.cli.registry.commands import registry as registry_command
from connector.cli.tenants.commands import tenants as tenants_command
from connector.clock import utc_now
from connector.demo.vendor import VendorClient
from connector.jobs.records import Vendor
from connector.storage.database import DatabaseError, open_database
from connector.storage.registry.store import RegistryStore
from connector.storage.upgrading import upgrade
from connector.vault import new_key
from tests.databases import forms
from tests.deployments import Deployment
from tests.jobs import job
from tests.servers.postgres_node import PostgresNode

PATIENCE = 10_000
"""Questions before a test gives up."""
MILLESIME = Vendor(name="millesime", product="Millésime", publisher="Up", preset="millesime")


def _run(command: Any, url: str, *arguments: str) -> Result:
    environment = {"CONNECTOR_DATABASE_URL": url, "CONNECTOR_SECRET_KEY": new_key()}
    return CliRunner().invoke(command, arguments, env=environment)


def test_a_schema_is_upgraded_by_its_operator_alone(postgres: str) -> None:
    refused = _run(tenants_command, postgres, "list")
    assert refused.exit_code == 2
    assert refused.output == (
        "ccas-connector: CONNECTOR_DATABASE_URL: the schema is not of this version; run: ccas-connector registry upgrade\n"
    )
    upgraded = _run(registry_command, postgres, "upgrade")
    assert (upgraded.exit_code, upgraded.output) == (0, "The registry's schema is current.\n")
    assert _run(tenants_command, postgres, "list").exit_code == 0


def test_a_schema_of_a_later_version_is_left_alone(postgres: str) -> None:
    _run(registry_command, postgres, "upgrade")
    with psycopg.connect(postgres) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    for command, argument in ((tenants_command, "list"), (registry_command, "upgrade")):
        refused = _run(command, postgres, argument)
        assert refused.exit_code == 2
        assert "made by a later version of the connector" in refused.output
        assert len(refused.output.splitlines()) == 1


@pytest.mark.parametrize("command", [(tenants_command, "list"), (registry_command, "upgrade")])
@pytest.mark.parametrize("address", ["a-user:s3same@127.0.0.1:1/registry", "ccas:s3same@{server}/registry"])
def test_a_server_that_lets_nobody_in_is_told_in_one_line(
    command: tuple[Any, str], address: str, postgres_node: PostgresNode
) -> None:
    url = f"postgresql://{address.format(server=f'127.0.0.1:{postgres_node.port}')}"
    refused = _run(command[0], url, command[1])
    assert refused.exit_code == 2
    (line,) = refused.output.splitlines()
    assert "CONNECTOR_DATABASE_URL: cannot be " in line
    assert "s3same" not in line


def test_a_save_waits_for_a_lock_no_longer_than_it_was_told(postgres: str) -> None:
    engine = open_database(SecretStr(postgres), lock_seconds=0.05)
    upgrade(engine)
    store = RegistryStore(engine)
    with psycopg.connect(postgres) as holding:
        holding.execute("UPDATE registry_revision SET revision = revision")
        with pytest.raises(
            DatabaseError, match=r"nothing was written: another process holds a lock on it; .* try again"
        ):
            store.save([MILLESIME], [])
        holding.rollback()
    store.save([MILLESIME], [])
    assert store.load().vendors == {"millesime": MILLESIME}
    engine.dispose()


def test_each_wait_is_bounded_beside_what_the_address_itself_asks(postgres: str) -> None:
    url = f"{postgres}?options=-c%20search_path%3Dccas&connect_timeout=3&application_name=host"
    engine = open_database(SecretStr(url), lock_seconds=2.0)
    with engine.connect() as connection:
        settings = [
            connection.execute(text(f"SHOW {name}")).scalar_one()
            for name in ("lock_timeout", "statement_timeout", "search_path", "application_name")
        ]
        assert connection.connection.driver_connection is not None
        given = connection.connection.driver_connection.info.get_parameters()
    engine.dispose()
    assert settings == ["2s", "12s", "ccas", "host"]
    assert (given["connect_timeout"], given["tcp_user_timeout"]) == ("3", "15000")


def _code(reply: dict[str, Any]) -> str | None:
    reason = reply["checks"][0]["reason"]
    return None if reason is None else str(reason["code"])


def test_a_worker_without_its_database_stops_calling_and_answers_again_once_it_is_back(
    own_server: PostgresNode, own_broker: str
) -> None:
    """A token revoked while the worker could not see it is used no longer than it was told to trust its registry."""
    url = own_server.create_database("trust")
    with (
        Deployment(own_broker, database_url=url) as deployment,
        deployment.worker(settings={"CONNECTOR_REGISTRY_TRUST_SECONDS": "5"}) as worker,
        VendorClient(own_broker, "millesime") as millesime,
    ):

        def ask() -> dict[str, Any]:
            soon = (utc_now() + timedelta(seconds=5)).isoformat()
            millesime.publish(job(expires_at=soon))
            return dict(json.loads(next(iter(millesime.replies(1))).body))

        own_server.kill()
        worker.wait_for("registry.unconfirmed")
        assert _code(ask()) == "network_error"
        own_server.start()
        worker.wait_for("registry.confirmed")
        assert ask()["status"] == "completed"


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresNode]:
    """A server that these tests may kill under a worker."""
    with PostgresNode() as started:
        yield started


def test_a_worker_on_postgresql_answers_sees_changes_and_outlives_its_server(
    own_server: PostgresNode, own_broker: str, tmp_path: Path
) -> None:
    url = own_server.create_database("host")
    with (
        Deployment(own_broker, database_url=url) as deployment,
        deployment.worker() as worker,
        VendorClient(own_broker, "millesime") as millesime,
    ):

        def ask(body: dict[str, Any]) -> dict[str, Any]:
            millesime.publish(body)
            reply: dict[str, Any] = json.loads(next(iter(millesime.replies(1))).body)
            assert reply["job_id"] == body["job_id"]
            return reply

        first = job(job_id="on-postgresql")
        answered = ask(first)
        assert answered["status"] == "completed"
        again = answered | {"possible_duplicate": True}
        assert ask(first) == again

        own_server.kill()
        worker.wait_for("registry.unreachable")
        assert ask(job())["status"] == "completed"
        worker.wait_for("memory.away")

        own_server.start()
        (tmp_path / "more.toml").write_text(
            '[vendors.millesime]\nproduct = "Another"\npublisher = "Up"\npreset = "millesime"\n', "utf-8"
        )
        deployment.command("tenants", "import", str(tmp_path / "more.toml"))
        worker.wait_for("registry.refreshed")
        assert any(ask(first) == again for _ in range(PATIENCE))
        worker.wait_for("memory.back")
        worker.stop()

        tokens = [value for name, value in deployment.environment.items() if name.startswith("SANDBOX_TOKEN")]
        secrets = [*tokens, deployment.environment["CONNECTOR_SECRET_KEY"]]
        count = len(secrets)  # Not the list itself: a failure would print it.
        assert count == 6
        kept = own_server.dump("host") + "".join(worker.said)
        password = url.partition("@")[0].rpartition(":")[2]
        for secret in secrets:
            for form in forms(secret.encode()):
                assert form not in kept.encode()
        assert password not in "".join(worker.said)
        assert "Another" in kept
