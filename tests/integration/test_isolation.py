"""Vendors on a broker that has imported the generated definitions: what each may do, and what none may.

The vendor millesime tries; sonate-opus is the other one, and the name of sonate is the beginning of its name.
"""

import json
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import amqp
import pytest
from amqp.exceptions import AccessRefused, AMQPError, NotAllowed, PreconditionFailed
from kombu import Connection

from connector.amqp.declaration import consumed_queues, recorded_topology
from connector.amqp.topology import (
    DEAD,
    DELAY_PREFIX,
    DELIVERY_LIMIT,
    OVERFLOW_PREFIX,
    declare_reply_queue,
    declare_topology,
    delayed,
)
from connector.demo.deployment import BOURG, CLAMART
from connector.demo.node import RabbitNode
from connector.demo.program import Program
from connector.demo.vendor import VendorClient, job_message
from connector.storage.journal.keys import new_key
from tests.deployments import Deployment
from tests.jobs import QF, RSA, job
from tests.records import written
from tests.sandbox_control import SandboxControl

SPORT = {"check": "statut_sportif", "params": {"identifiant": "990000001"}}
VENDORS = ("millesime", "sonate", "sonate-opus")
QUEUES = [
    queue.name
    for queue in recorded_topology({"sonate-opus": ("guichet",)}).queues
    # One of the 28 stands for them all.
    if not queue.name.startswith(DELAY_PREFIX) or queue.name.endswith("_0")
]
EXCHANGES = [exchange.name for exchange in recorded_topology().exchanges]
CONNECTIONS, CHANNELS = 4, 6
Attempt = Callable[[Any], object]


class Broker:
    """A node, the passwords of its users, and the deployment whose worker it serves."""

    def __init__(self, node: RabbitNode, folder: Path) -> None:
        self.node = node
        self.definitions = folder / "definitions.json"
        self.passwords_file = folder / "passwords.json"

    def url(self, user: str) -> str:
        """Return the node's address for a user of the definitions."""
        return self.node.url(user, json.loads(self.passwords_file.read_text("utf-8"))[user])

    def write_definitions(self, deployment: Deployment, *options: str) -> str:
        """Run the command, and return what it prints."""
        return deployment.command(
            "vendors",
            "definitions",
            f"--out={self.definitions}",
            f"--passwords={self.passwords_file}",
            f"--vendor-connections={CONNECTIONS}",
            f"--vendor-channels={CHANNELS}",
            *options,
        )

    def import_definitions(self, deployment: Deployment) -> None:
        """Have the node import what the registry gives now."""
        self.write_definitions(deployment)
        self.node.ctl("import_definitions", str(self.definitions))


@pytest.fixture(scope="module")
def broker(own_node: RabbitNode, tmp_path_factory: pytest.TempPathFactory) -> Broker:
    """A node whose users get their passwords and their rights from the definitions."""
    return Broker(own_node, tmp_path_factory.mktemp("definitions"))


@pytest.fixture(scope="module")
def deployed(broker: Broker) -> Iterator[Deployment]:
    """A registry of three vendors, whose definitions the node has imported."""
    with Deployment(broker.node.url()) as deployment:
        deployment.command("vendors", "add", "sonate", "--preset", "all")
        deployment.command("vendors", "reply-queue", "add", "sonate-opus", "guichet")
        broker.import_definitions(deployment)
        deployment.environment["CONNECTOR_BROKER_URL"] = broker.url("connector")
        deployment.environment["CONNECTOR_JOURNAL_KEY"] = new_key()
        yield deployment


@pytest.fixture(scope="module")
def worker(deployed: Deployment) -> Iterator[Program]:
    """A worker under its own user, which asks vendors for a validated user where they give one."""
    with deployed.worker() as program:
        yield program


@pytest.fixture
def channel(broker: Broker, worker: Program) -> Iterator[Any]:
    """A channel of millesime's."""
    with Connection(broker.url("millesime"), transport_options={"confirm_publish": True}) as connection:
        yield connection.default_channel


@pytest.fixture
def millesime(broker: Broker, worker: Program) -> Iterator[VendorClient]:
    with VendorClient(broker.url("millesime"), "millesime") as client:
        yield client


@pytest.fixture
def operator(broker: Broker, worker: Program) -> Iterator[VendorClient]:
    """The administrator, who sees every queue."""
    with VendorClient(broker.node.url(), "millesime") as client:
        yield client


def publish(exchange: str, routing_key: str, **properties: Any) -> Attempt:
    return lambda channel: channel.basic_publish(job_message(job(), **properties), exchange, routing_key)


ON_QUEUES: dict[str, Callable[[str, Any], object]] = {
    "consume": lambda queue, channel: channel.basic_consume(queue),
    "get": lambda queue, channel: channel.basic_get(queue),
    "purge": lambda queue, channel: channel.queue_purge(queue),
    "delete": lambda queue, channel: channel.queue_delete(queue),
    "declare": lambda queue, channel: channel.queue_declare(queue, durable=True, auto_delete=False),
    "bind": lambda queue, channel: channel.queue_bind(queue, "verifications", "#"),
}

FORBIDDEN: dict[str, Attempt] = {
    **{
        f"publish under {key}": publish("verifications", key)
        for key in (
            "sonate-opus.interactive",
            "sonate.batch",
            "millesimex.interactive",
            "millesime",
            "x.millesime.interactive",
            "",
        )
    },
    **{
        f"publish to the exchange {exchange or 'default'}": publish(exchange, "replies.sonate-opus")
        for exchange in ("", "amq.topic", "amq.direct", *EXCHANGES)
        if exchange != "verifications"
    },
    "publish to its own reply queue": publish("", "replies.millesime"),
    "publish to the lane itself": publish("", "verifications.interactive"),
    "have a job of another's delayed": publish(*delayed("verifications.interactive", 1)),
    **{f"{verb} {queue}": partial(act, queue) for queue in QUEUES for verb, act in ON_QUEUES.items()},
    **{
        f"declare the queue {queue or 'without a name'}": partial(ON_QUEUES["declare"], queue)
        for queue in ("", "millesime", "replies.millesime", "replies.millesime.own", "verifications.urgent")
    },
    "declare a queue that dead-letters to the jobs": lambda channel: channel.queue_declare(
        "millesime.forge",
        arguments={
            "x-dead-letter-exchange": "verifications",
            "x-dead-letter-routing-key": "sonate-opus.batch",
        },
    ),
    "delete its own reply queue": lambda channel: channel.queue_delete("replies.millesime"),
    "bind its own reply queue": lambda channel: channel.queue_bind(
        "replies.millesime", "verifications", "sonate-opus.*"
    ),
    "declare an exchange": lambda channel: channel.exchange_declare("millesime", "topic"),
    "delete the exchange of jobs": lambda channel: channel.exchange_delete("verifications"),
    "bind an exchange": lambda channel: channel.exchange_bind("verifications", "connector.dead", "#"),
}


@pytest.mark.parametrize("attempt", FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_the_broker_refuses(channel: Any, operator: VendorClient, attempt: Attempt) -> None:
    with pytest.raises(AccessRefused) as refused:
        attempt(channel)

    assert refused.value.reply_code == 403


def test_the_broker_refuses_a_forged_user_id(channel: Any) -> None:
    with pytest.raises(PreconditionFailed):
        publish("verifications", "millesime.interactive", user_id="sonate-opus")(channel)


def test_the_broker_refuses_another_vendor_s_password(broker: Broker, worker: Program) -> None:
    password = json.loads(broker.passwords_file.read_text("utf-8"))["millesime"]
    with (
        pytest.raises(AccessRefused),
        amqp.Connection(f"127.0.0.1:{broker.node.port}", userid="sonate-opus", password=password),
    ):
        pytest.fail("it was let in")


@pytest.mark.parametrize("other", ["sonate", "sonate-opus"])
def test_a_name_that_begins_another_s_opens_nothing_of_it(
    broker: Broker, worker: Program, other: str
) -> None:
    (mine,) = {"sonate", "sonate-opus"} - {other}
    attempts: list[Attempt] = [
        publish("verifications", f"{other}.interactive"),
        lambda channel: channel.basic_get(f"replies.{other}"),
        lambda channel: channel.basic_consume(f"replies.{other}"),
    ]
    for attempt in attempts:
        with (
            Connection(broker.url(mine), transport_options={"confirm_publish": True}) as connection,
            pytest.raises(AccessRefused),
        ):
            attempt(connection.default_channel)


@pytest.mark.parametrize(
    ("code", "body", "properties"),
    [
        ("forbidden_tenant", job(tenant=BOURG), {}),
        ("forbidden_reply_to", job(), {"reply_to": "replies.sonate-opus"}),
        ("forbidden_reply_to", job(), {"reply_to": "replies.sonate-opus.guichet"}),
        ("forbidden_reply_to", job(), {"reply_to": "replies.millesime.not-added"}),
        ("forbidden_reply_to", job(), {"reply_to": "connector.dead"}),
        ("forbidden_reply_to", job(), {"reply_to": "verifications.interactive"}),
    ],
)
def test_the_connector_refuses(
    millesime: VendorClient,
    operator: VendorClient,
    code: str,
    body: dict[str, Any],
    properties: dict[str, Any],
) -> None:
    millesime.publish(body, user_id="millesime", **properties)

    (message,) = millesime.replies(1)

    assert [error["code"] for error in json.loads(message.body)["errors"]] == [code]
    assert operator.depth("replies.sonate-opus") == operator.depth("replies.sonate-opus.guichet") == 0


def test_direct_reply_to_is_refused_by_both(millesime: VendorClient, channel: Any) -> None:
    """The broker refuses it of whoever does not consume it, the connector of whoever does."""
    with pytest.raises(PreconditionFailed):
        publish("verifications", "millesime.interactive", reply_to="amq.rabbitmq.reply-to")(channel)
    with Connection(channel.connection.client.as_uri(include_password=True)) as connection:
        own = connection.default_channel
        received: list[Any] = []
        own.basic_consume("amq.rabbitmq.reply-to", no_ack=True, callback=received.append)
        publish("verifications", "millesime.interactive", reply_to="amq.rabbitmq.reply-to")(own)

        (message,) = millesime.replies(1)

    assert json.loads(message.body)["errors"][0]["code"] == "forbidden_reply_to"
    assert not received


_COPIES_UNCHECKED = 3


@pytest.mark.parametrize("header", ["CC", "BCC"])
def test_a_copy_to_another_s_lane_is_still_the_copier_s(
    broker: Broker, millesime: VendorClient, operator: VendorClient, header: str
) -> None:
    """RabbitMQ 3 checks the routing key alone: the connector answers the copy as what it is. RabbitMQ 4 refuses the message."""
    body = job(job_id=f"copied-{header}", tenant=CLAMART)

    def publish() -> None:
        copies = {header: ["sonate-opus.batch", "replies.sonate-opus"]}
        millesime.publish(body, user_id="millesime", headers=copies)

    if int(broker.node.ctl("version").partition(".")[0]) > _COPIES_UNCHECKED:
        with pytest.raises(AccessRefused, match=r"sonate-opus\.batch"):
            publish()
        return
    publish()
    replies = [json.loads(message.body) for message in millesime.replies(2)]
    assert [reply["job_id"] for reply in replies] == [body["job_id"]] * 2
    assert operator.depth("replies.sonate-opus") == 0


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("lane", ["interactive", "batch"])
def test_an_ordinary_job_is_answered(broker: Broker, worker: Program, vendor: str, lane: str) -> None:
    with VendorClient(broker.url(vendor), vendor) as client:
        client.publish(job(QF, RSA), lane, user_id=vendor)

        (message,) = client.replies(1)

    reply = json.loads(message.body)
    assert reply["errors"] == [] or reply["errors"][0]["code"] == "forbidden_tenant"
    assert (reply["status"] == "completed") is (vendor != "sonate")


def test_a_job_that_is_put_off_comes_back(deployed: Deployment, millesime: VendorClient) -> None:
    """Over the delay queues, which the worker's user neither declares nor reads."""
    sandbox = SandboxControl(deployed.environment["CONNECTOR_API_PARTICULIER_URL"])
    sandbox.fail("sdh", "maintenance", times=1, retry_in_seconds=2)

    millesime.publish(job(SPORT), "batch", user_id="millesime")

    (message,) = millesime.replies(1, timeout_seconds=60)
    (check,) = json.loads(message.body)["checks"]
    assert (check["status"], check["source"]["attempts"]) == ("found", 2)


def test_a_further_reply_queue_serves_its_vendor(broker: Broker, worker: Program) -> None:
    with VendorClient(broker.url("sonate-opus"), "sonate-opus") as client:
        client.publish(job(), reply_to="replies.sonate-opus.guichet")

        (message,) = client.replies(1, "replies.sonate-opus.guichet")

    assert json.loads(message.body)["status"] == "completed"


def test_amqp_publish_serves_a_vendor_and_not_another_s_key(broker: Broker, millesime: VendorClient) -> None:
    program = shutil.which("amqp-publish")
    assert program is not None
    url = broker.url("millesime").removesuffix("//")

    def run(routing_key: str) -> int:
        options = ("--content-type=application/json", "--persistent")
        command = [
            program,
            f"--url={url}",
            "--exchange=verifications",
            f"--routing-key={routing_key}",
            *options,
        ]
        return subprocess.run(
            command, input=json.dumps(job(job_id="shell")).encode(), check=False, capture_output=True
        ).returncode

    assert run("sonate-opus.interactive") != 0
    assert run("millesime.interactive") == 0
    (message,) = millesime.replies(1)
    assert json.loads(message.body)["job_id"] == "shell"


def test_a_vendor_s_connections_and_channels_are_limited(broker: Broker, worker: Program) -> None:
    password = json.loads(broker.passwords_file.read_text("utf-8"))["sonate"]
    opened = [
        amqp.Connection(f"127.0.0.1:{broker.node.port}", userid="sonate", password=password)
        for _ in range(CONNECTIONS + 1)
    ]
    try:
        for connection in opened[:-1]:
            connection.connect()
        with pytest.raises(NotAllowed, match=rf"user connection limit \({CONNECTIONS}\)"):
            opened[-1].connect()
        for _ in range(CHANNELS):
            opened[0].channel()
        with pytest.raises(NotAllowed, match=rf"user limit of \(?{CHANNELS}\b"):
            opened[1].channel()
    finally:
        for connection in opened:
            connection.collect()


def test_declaring_again_changes_nothing(broker: Broker, deployed: Deployment) -> None:
    """What the file declares is what the code declares, or RabbitMQ would refuse it."""
    before = exported(broker)
    with Connection(broker.node.url()) as connection:
        declare_topology(connection)
        for vendor, name in (*((vendor, None) for vendor in VENDORS), ("sonate-opus", "guichet")):
            declare_reply_queue(connection.default_channel, vendor, name)

    assert exported(broker) == before


def exported(broker: Broker) -> dict[str, Any]:
    found = json.loads(broker.node.ctl("export_definitions", "-"))
    return {
        kind: sorted(json.dumps(each, sort_keys=True) for each in found[kind])
        for kind in ("exchanges", "queues", "bindings")
    }


WORKER_MAY_NOT: dict[str, Attempt] = {
    "declare a lane": lambda channel: channel.queue_declare("verifications.urgent", durable=True),
    "declare a reply queue": lambda channel: channel.queue_declare("replies.sonate.new", durable=True),
    "delete a lane": lambda channel: channel.queue_delete("verifications.batch"),
    "read replies": lambda channel: channel.basic_get("replies.sonate-opus"),
    "read dead letters": lambda channel: channel.basic_get("connector.dead"),
    "publish as a vendor": publish("verifications", "millesime.interactive"),
    "bind the dead letters": lambda channel: channel.queue_bind("connector.dead", "connector.dead", ""),
}


@pytest.mark.parametrize("attempt", WORKER_MAY_NOT.values(), ids=WORKER_MAY_NOT.keys())
def test_the_worker_s_user_may_not(broker: Broker, deployed: Deployment, attempt: Attempt) -> None:
    with (
        Connection(broker.url("connector"), transport_options={"confirm_publish": True}) as connection,
        pytest.raises(AccessRefused),
    ):
        attempt(connection.default_channel)


def test_the_worker_s_user_declares_and_reads_backlogs(broker: Broker, deployed: Deployment) -> None:
    queue = f"{OVERFLOW_PREFIX}batch.millesime.{CLAMART}"
    with Connection(broker.url("connector")) as connection:
        channel = connection.default_channel
        channel.queue_declare(
            queue,
            durable=True,
            auto_delete=False,
            arguments={
                "x-queue-type": "quorum",
                "x-delivery-limit": DELIVERY_LIMIT,
                "x-overflow": "reject-publish",
                "x-dead-letter-exchange": DEAD,
                "x-dead-letter-strategy": "at-least-once",
            },
        )
        assert channel.basic_get(queue) is None
        channel.queue_delete(queue)
        for consumed in consumed_queues(recorded_topology()):
            channel.queue_declare(consumed, passive=True)


def test_the_operator_s_user_looks_and_replays(
    broker: Broker, deployed: Deployment, millesime: VendorClient
) -> None:
    as_operator = {**deployed.environment, "CONNECTOR_BROKER_URL": broker.url("operator")}

    def command(*arguments: str) -> str:
        environment, deployed.environment = deployed.environment, as_operator
        try:
            return deployed.command(*arguments)
        finally:
            deployed.environment = environment

    assert "All there, and this user may not declare" in command("topology", "declare")
    assert "NOT OK" not in command("health")
    millesime.publish(job(job_id="no-lane"), "urgent", user_id="millesime")
    assert "unknown_lane" in command("dead", "list")
    assert "1 of 1 letters replayed" in command("dead", "replay", "--all", "--lane", "interactive")
    (message,) = millesime.replies(1)
    assert json.loads(message.body)["job_id"] == "no-lane"
    with Connection(broker.url("operator")) as connection, pytest.raises(AccessRefused):
        connection.default_channel.basic_get("replies.millesime")


def test_a_vendor_that_the_broker_does_not_know_yet_stops_nobody(
    broker: Broker, deployed: Deployment, worker: Program, millesime: VendorClient
) -> None:
    deployed.command("vendors", "add", "arche", "--preset", "ccas")

    line = worker.wait_for("topology.refused")
    assert "replies.arche does not exist and this user may not declare it" in line
    millesime.publish(job(), user_id="millesime")
    (message,) = millesime.replies(1)
    assert json.loads(message.body)["status"] == "completed"

    deployed.command("vendors", "reply-queue", "add", "millesime", "compta")
    assert "replies.millesime.compta" in worker.wait_for("topology.refused")
    broker.import_definitions(deployed)
    with VendorClient(broker.url("arche"), "arche") as client:
        client.publish(job(), user_id="arche")
        (message,) = client.replies(1)
    assert json.loads(message.body)["errors"][0]["code"] == "forbidden_tenant"
    assert sum("replies.arche does not exist" in line for line in worker.said) == 1


def test_definitions_are_private_and_stable(broker: Broker, deployed: Deployment, worker: Program) -> None:
    first = broker.definitions.read_bytes()
    passwords = json.loads(broker.passwords_file.read_text("utf-8"))

    said = broker.write_definitions(deployed)

    assert broker.definitions.read_bytes() == first
    for file in (broker.definitions, broker.passwords_file):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for password in passwords.values():
        assert password.encode() not in first
        assert password not in said
        assert password not in "".join(worker.said)
    assert b'"guest"' not in first


def test_a_new_password_is_taken_by_a_node_that_runs(broker: Broker, deployed: Deployment) -> None:
    former = broker.url("sonate")

    assert "sonate" in broker.write_definitions(deployed, "--new-password=sonate")
    broker.node.ctl("import_definitions", str(broker.definitions))

    with Connection(broker.url("sonate")) as connection:
        connection.connect()
    with Connection(former) as connection, pytest.raises((AccessRefused, AMQPError)):
        connection.connect()


def test_a_node_may_load_the_files_when_it_starts(
    broker: Broker, deployed: Deployment, tmp_path: Path
) -> None:
    """Both of a split one: a new node of RabbitMQ 4.3 does not take the whole."""
    whole = json.loads(broker.definitions.read_text("utf-8"))
    out, passwords = tmp_path / "rabbitmq.json", tmp_path.parent / "passwords-of-nobody.json"
    shutil.copy(broker.definitions, out)
    options = (f"--out={out}", f"--passwords={passwords}")
    # Passwords that were handed over need not be kept: their hashes are in the other form.
    assert "new passwords" not in broker.write_definitions(deployed, "--split", *options)
    out.unlink()
    parts = [json.loads(file.read_text("utf-8")) for file in sorted(tmp_path.iterdir())]
    assert parts[0] | parts[1] == whole
    assert "permissions" not in parts[0]
    assert "new passwords" not in broker.write_definitions(deployed, *options)
    assert json.loads(out.read_text("utf-8")) == whole
    out.unlink()
    with RabbitNode(None, [f"load_definitions = {tmp_path}"]) as node:
        users = {each["user"] for each in json.loads(node.ctl("list_users", "--formatter", "json"))}
        limits = json.loads(node.ctl("list_user_limits", "--user", "sonate", "--formatter", "json"))
        queues = {each["name"] for each in json.loads(node.ctl("list_queues", "name", "--formatter", "json"))}

    assert {"connector", "operator", *VENDORS} <= users
    assert "guest" not in users
    assert "max-connections" in str(limits)
    assert set(QUEUES) <= queues


def test_a_worker_that_may_not_declare_writes_the_journal(
    deployed: Deployment, millesime: VendorClient
) -> None:
    millesime.publish(job(job_id="journal-1"), user_id="millesime")
    list(millesime.replies(1))
    assert [record.outcome for record in written(deployed, "journal-1", 1)] == ["found"]
