"""No token and no key is found where it could be read, and a key is changed without a job being lost."""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import amqp
import pytest
from kombu import Connection
from pydantic import SecretStr

from connector.amqp.topology import GUARD, declare_overflow, delay_queues, overflow_queue
from connector.clock import utc_now
from connector.demo.deployment import CLAMART, PROGRAM, Deployment
from connector.demo.node import RabbitNode
from connector.demo.vendor import VendorClient
from connector.jobs.records import Flow
from connector.storage.database import open_database
from connector.storage.registry.store import RegistryStore
from connector.vault import Vault, new_key
from tests.jobs import job
from tests.sandbox_tokens import NOWHERE, issue, make_due

PATIENCE = 5_000
"""Looks at a queue before a test gives up."""
OVERFLOW = Flow("batch", "millesime", CLAMART)
_BASE64 = re.compile(rb"[A-Za-z0-9+/_=-]{16,}")
TENANTS = f"""
[vendors.millesime]
product = "Millésime Action Sociale"
publisher = "Up"
preset = "all"

[tenants.{CLAMART}]
name = "CCAS de Clamart"
vendors = ["millesime"]
token = {{{{ file = "{{folder}}/token" }}}}
dgfip = {{{{ client_id = {{{{ value = "clamart" }}}}, client_secret = {{{{ file = "{{folder}}/dgfip" }}}} }}}}
"""


@dataclass
class Host:
    """A deployment whose secrets are in files, and what of it could be read."""

    deployed: Deployment
    folder: Path
    secrets: dict[str, bytes]
    readable: dict[str, bytes] = field(default_factory=dict)

    def found(self) -> list[tuple[str, str]]:
        """Return which secret is readable where."""
        return [
            (name, where)
            for where, content in self.readable.items()
            for name, secret in self.secrets.items()
            if any(secret in text for text in _texts(content))
        ]


def _texts(content: bytes) -> Iterator[bytes]:
    """Yield a content, and what base64 in it stands for, twice over: an envelope may hold another."""
    yield content
    for run in _BASE64.findall(content):
        for text in _decoded(run):
            yield text
            for inner in _BASE64.findall(text):
                yield from _decoded(inner)


def _decoded(run: bytes) -> Iterator[bytes]:
    for altchars in (b"+/", b"-_"):
        for start in range(4):
            body = run[start:].rstrip(b"=")
            try:
                yield base64.b64decode(body + b"=" * (-len(body) % 4), altchars)
            except (binascii.Error, ValueError):
                continue


@pytest.fixture
def host(own_node: RabbitNode, tmp_path: Path) -> Iterator[Host]:
    secrets = {
        "key": new_key(),
        "token": issue("clamart"),
        "next token": issue("clamart-2028"),
        "dgfip secret": "dgfip-s3same-0123456789",
        "broker": own_node.url(),
    }
    for name, secret in secrets.items():
        (tmp_path / name.split()[0]).write_text(secret + "\n", "utf-8")
    (tmp_path / "tenants.toml").write_text(TENANTS.format(folder=tmp_path), "utf-8")
    with Deployment(own_node.url(), ["--fail", "dss=maintenance,retry_in=900"]) as deployed:
        api = deployed.environment["CONNECTOR_API_PARTICULIER_URL"]
        deployed.environment = {
            **{
                name: value
                for name, value in deployed.environment.items()
                if not name.startswith(("CONNECTOR_", "SANDBOX_"))
            },
            "CONNECTOR_API_PARTICULIER_URL": api,
            "CONNECTOR_DATABASE_URL": f"sqlite:///{tmp_path / 'registry.db'}",
            "CONNECTOR_SECRET_KEY_FILE": str(tmp_path / "key"),
            "CONNECTOR_BROKER_URL_FILE": str(tmp_path / "broker"),
        }
        deployed.command("tenants", "import", str(tmp_path / "tenants.toml"))
        deployed.command("topology", "declare")
        parts = {f"{name}'s signature": secrets[name].rpartition(".")[2] for name in ("token", "next token")}
        every = {name: secret.encode() for name, secret in (secrets | parts).items()}
        yield Host(deployed, tmp_path, every)


def put_off(vendor: VendorClient) -> None:
    """Return once a job waits on the broker's delay queues."""
    for _ in range(PATIENCE):
        if any(vendor.depth(queue) for queue in delay_queues()):
            return
    pytest.fail("no job is deferred")


def messages(node: RabbitNode) -> bytes:
    """Take every message off every queue, and return them as the broker held them, properties included."""
    said: list[bytes] = []
    with Connection(node.url()) as connection:
        channel = connection.channel()
        channel.auto_decode = False
        # Of the workers' guard nobody may take but its single active consumer.
        for name in (name for name in node.queue_names() if name != GUARD):
            while (message := channel.basic_get(name, no_ack=True)) is not None:
                body = message.body if isinstance(message.body, bytes) else str(message.body).encode()
                said += [name.encode(), body, repr(message.properties).encode()]
    return b"\n".join(said)


def leave(node: RabbitNode, body: bytes, exchange: str, routing_key: str) -> None:
    """Publish a message, confirmed."""
    with Connection(node.url(), transport_options={"confirm_publish": True}) as connection:
        connection.default_channel.basic_publish(amqp.Message(body), exchange, routing_key, mandatory=True)


def open_overflow(node: RabbitNode, deployed: Deployment) -> str:
    """Open a backlog as a worker does, and return its queue."""
    engine = open_database(SecretStr(deployed.environment["CONNECTOR_DATABASE_URL"]))
    RegistryStore(engine).overflows.open(OVERFLOW)
    engine.dispose()
    with Connection(node.url()) as connection:
        declare_overflow(connection.default_channel, OVERFLOW)
    return overflow_queue(OVERFLOW)


def take(node: RabbitNode, queue: str) -> None:
    """Take the one message off a queue."""
    with Connection(node.url()) as connection:
        assert connection.default_channel.basic_get(queue, no_ack=True) is not None


def test_no_token_and_no_key_is_found_where_it_could_be_read(own_node: RabbitNode, host: Host) -> None:
    deployed = host.deployed
    rotating = deployed.start(
        *PROGRAM, "tenants", "token", "rotate", CLAMART, "--file", str(host.folder / "next"),
        settings={"CONNECTOR_API_PARTICULIER_URL": NOWHERE},
    )  # fmt: skip
    assert rotating.wait() == 0
    with (
        deployed.worker("--log-level", "DEBUG") as worker,
        VendorClient(own_node.url(), "millesime") as vendor,
        VendorClient(own_node.url(), "nobody") as stranger,
    ):
        stranger.publish(job())
        vendor.publish(job(france_connect_token="fc-s3same"))
        vendor.publish(job(job_id="put-off"), "batch")
        next(iter(vendor.replies(1)))
        vendor.publish(job(job_id="left-on-its-queue"))
        put_off(vendor)
        proc = Path("/proc") / str(worker.pid)
        host.readable |= {name: (proc / name).read_bytes() for name in ("environ", "cmdline")}
        # Beside the worker: what is not in the database's file yet is in its log.
        _read_database(host)
        checking = deployed.start(*PROGRAM, "tenants", "token", "check")
        assert checking.wait() == 0
    beat = deployed.start(*PROGRAM, "beat", "--once", "--log-level", "DEBUG")
    assert beat.wait() == 0
    host.readable["messages"] = messages(own_node)
    programs = {"worker": worker, "rotate": rotating, "check": checking, "beat": beat}
    host.readable |= {name: "".join(program.said).encode() for name, program in programs.items()}

    assert b"registry.db-wal" in b"".join(name.encode() for name in host.readable)
    assert any(queue.encode() in host.readable["messages"] for queue in delay_queues())
    assert b"connector.dead" in host.readable["messages"]
    assert b"CONNECTOR_SECRET_KEY_FILE" in host.readable["environ"]
    assert b"worker.ready" in host.readable["worker"]
    assert host.found() == []


def _read_database(host: Host) -> None:
    for path in host.folder.glob("registry.db*"):
        host.readable[path.name] = path.read_bytes()


def test_the_search_would_find_them(host: Host) -> None:
    """In place, in base64, and in base64 within base64, wherever it begins."""
    token = host.secrets["token"]
    for name, content in {
        "plain": b"x" + token,
        "base64": b"xy" + base64.b64encode(b"a" + token),
        "url": base64.urlsafe_b64encode(b"ab" + token).rstrip(b"="),
        "twice": base64.b64encode(b"a" + base64.urlsafe_b64encode(token)),
    }.items():
        host.readable = {name: content}
        assert ("token", name) in host.found()


def test_a_key_is_changed_without_losing_the_job_that_waits(own_node: RabbitNode, host: Host) -> None:
    deployed, key = host.deployed, host.folder / "key"
    former, new = key.read_text("utf-8").strip(), new_key()
    messages(own_node)
    with VendorClient(own_node.url(), "millesime") as vendor:
        with deployed.worker():
            vendor.publish(job(job_id="waits", expires_at=None), "batch")
            put_off(vendor)
        key.write_text(f"{new},{former}", "utf-8")

        sealed = Vault(SecretStr(former)).seal_for("deferral", b"{}")
        leave(own_node, sealed, "connector.dead", "")
        leave(own_node, sealed, "", open_overflow(own_node, deployed))
        dry = deployed.command("registry", "rekey", "--dry-run")
        take(own_node, "connector.dead")
        take(own_node, overflow_queue(OVERFLOW))
        done = deployed.command("registry", "rekey")
        again = deployed.command("registry", "rekey")

    assert "2 secrets would be sealed again; nothing was written (dry run)" in dry
    assert "connector.dead: 1 letters under a former key; replay or purge them first" in dry
    assert "; 1 are there for a worker to take" in dry
    assert "keep the former keys" in dry
    assert "2 of 2 secrets sealed again" in done
    assert "(in force): 2 secrets" in again
    assert "(former): 0 secrets" in again
    assert "jobs deferred: 1 wait, the last comes back within " in done
    (last_use,) = re.findall(r"the former keys may be dropped after (.+) UTC", done)
    assert datetime.fromisoformat(f"{last_use}+00:00") > utc_now()
    assert not [secret for secret in (former, new) if secret in dry + done + again]
    key.write_text(new, "utf-8")
    make_due(deployed)
    beat = deployed.start(*PROGRAM, "beat", "--once")
    assert beat.wait() == 0
    assert "token.unreadable" not in "".join(beat.said)
