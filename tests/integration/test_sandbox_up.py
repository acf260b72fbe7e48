"""``ccas-connector sandbox up``, as an integrator runs it, and the vendor's programs beside it."""

import json
import os
import re
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import amqp
import pytest
from amqp.exceptions import AccessRefused
from kombu import Connection
from kombu.exceptions import OperationalError

from connector.demo.authority import make_server_files
from connector.demo.connection_file import VendorConnection, read_connection
from connector.demo.deployment import PROGRAM
from connector.demo.install import HOW_TO_GET_ONE, install_rabbitmq
from connector.demo.node import RabbitNode
from connector.demo.private import free_ports
from connector.demo.program import STOP_TIMEOUT_SECONDS, Program
from connector.demo.vendor import job_message
from tests.clients.languages import PYTHON
from tests.modes import mode, modes

READY = "Ctrl-C arrête tout"
SCHEMAS = Path(__file__).parents[2] / "schemas"
Up = tuple[Program, VendorConnection]


@contextmanager
def running(folder: Path, *options: str) -> Iterator[Up]:
    """Have it run in a folder."""
    arguments = [*PROGRAM, "sandbox", "up", "--folder", str(folder), *options]
    with Program(arguments, os.environ) as program:
        program.wait_for(READY, timeout_seconds=180)
        yield program, read_connection(folder / "connection.json")


@contextmanager
def vendor(connection: VendorConnection, ca_file: Path | None = None) -> Iterator[Any]:
    """Give a channel of the vendor's, with what ``connection.json`` says and nothing more."""
    tls = {"server_hostname": connection.host, "ca_certs": str(ca_file or connection.ca_file)}
    options = {"confirm_publish": True}
    with Connection(
        connection.url.get_secret_value(), ssl=tls, transport_options=options, connect_timeout=10
    ) as opened:
        yield opened.default_channel


def answer(connection: VendorConnection, body: bytes) -> dict[str, Any]:
    """Publish a job and return the reply to it."""
    with vendor(connection) as channel:
        channel.basic_publish(
            job_message(body), connection.exchange, connection.interactive_key, mandatory=True
        )
        received: list[Any] = []
        channel.basic_consume(connection.reply_queue, no_ack=True, callback=received.append)
        while not received:
            channel.connection.drain_events(timeout=60)
        reply: dict[str, Any] = json.loads(received[0].body)
        return reply


def children_of(program: Program) -> dict[int, str]:
    """Return the arguments of the processes that a program has started, by their numbers."""
    command = ["ps", "-o", "pid=,args=", "--ppid", str(program.pid)]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {int(line.split()[0]): line.strip() for line in listed.splitlines()}


def folder_of(connection: VendorConnection) -> Path:
    return connection.ca_file.parent


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not install_rabbitmq(print):
        pytest.fail(HOW_TO_GET_ONE, pytrace=False)
    # As people name folders.
    return tmp_path_factory.mktemp("bac à sable é") / "ccas-sandbox"


@pytest.fixture(scope="module")
def up(folder: Path) -> Iterator[Up]:
    (port,) = free_ports(1)
    with running(folder, "--vendor", "nouveau", "--preset", "ccas", "--port", str(port)) as started:
        assert started[1].port == port
        yield started


@pytest.fixture
def connection(up: Up) -> VendorConnection:
    return up[1]


def test_the_first_job_is_answered(connection: VendorConnection) -> None:
    reply = answer(connection, (folder_of(connection) / "demande.json").read_bytes())
    assert (reply["status"], reply["checks"][0]["status"]) == ("completed", "found")


def test_the_guide_s_first_reply_comes_as_it_says(connection: VendorConnection, tmp_path: Path) -> None:
    PYTHON.command(tmp_path)
    guide = (SCHEMAS / "README.md").read_text("utf-8")
    [block] = re.findall(r"```sh\n(sudo apt-get install python3-pika\n.*?)```", guide, re.DOTALL)
    shutil.copytree(SCHEMAS / "clients", tmp_path / "schemas" / "clients")
    (tmp_path / "ccas-sandbox").symlink_to(folder_of(connection))
    # Before its programs are started: whoever ends it may be quicker than its next line.
    begin = f"trap 'kill $(jobs -p)' TERM; set -eu; cd {tmp_path}\n"
    script = block.replace("sudo apt-get install python3-pika\n", begin)
    environment = {"PATH": os.environ["PATH"]}
    with Program(["bash", "-c", f"{script}\nwait"], environment) as first:
        first.wait_for("reçue exemple-quotient_familial : completed")


def test_each_tenant_is_answered_what_is_said_of_it(connection: VendorConnection) -> None:
    job = json.loads((folder_of(connection) / "demande.json").read_text("utf-8"))
    said = {tenant.siret: tenant.shows for tenant in connection.tenants}
    for number, (siret, shows) in enumerate(said.items()):
        checks = [{"check": "quotient_familial"}, {"id": "rsa", "check": "revenu_solidarite_active"}]
        asked = {**job, "job_id": f"ccas-{number}", "tenant": siret, "checks": checks}
        reply = answer(connection, json.dumps(asked).encode())
        codes = [error["code"] for error in reply["errors"]]
        codes += [check["reason"]["code"] for check in reply["checks"] if check["reason"]]
        for code in codes:
            assert code in shows
        if "withheld" in shows:
            assert reply["checks"][0]["withheld"] == ["allocataires", "enfants", "adresse"]


def test_who_does_not_trust_the_authority_sends_no_password(
    connection: VendorConnection, tmp_path: Path
) -> None:
    with (
        pytest.raises(ssl.SSLCertVerificationError),
        socket.create_connection(("localhost", connection.port)) as raw,
    ):
        ssl.create_default_context().wrap_socket(raw, server_hostname="localhost")
    another = make_server_files(tmp_path).authority
    with pytest.raises(OperationalError, match="CERTIFICATE_VERIFY_FAILED"), vendor(connection, another):
        pass


def test_nothing_but_tls_on_loopback_is_open(connection: VendorConnection) -> None:
    in_clear = amqp.Connection(
        f"127.0.0.1:{connection.port}",
        connection.user,
        connection.password.get_secret_value(),
        connect_timeout=5,
    )
    with pytest.raises((OSError, amqp.AMQPError)):
        in_clear.connect()
    # 127.0.0.2 is this machine too, but not where a node of loopback alone listens.
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", connection.port), timeout=5)


def test_the_vendor_has_the_rights_of_production(connection: VendorConnection) -> None:
    with vendor(connection) as channel:
        channel.queue_declare("replies.nouveau.essais", passive=True)
        with pytest.raises(AccessRefused):
            channel.queue_declare("replies.nouveau.mine", durable=True, auto_delete=False)
    with vendor(connection) as channel, pytest.raises(AccessRefused):
        channel.basic_publish(job_message(b"{}"), connection.exchange, "millesime.interactive")
    with vendor(connection) as channel, pytest.raises(AccessRefused):
        channel.basic_get("verifications.interactive")


def test_secrets_are_the_owner_s_alone_and_in_no_log(up: Up) -> None:
    program, connection = up
    folder = folder_of(connection)
    readable = {name for name, found in modes(folder).items() if found != 0o600}
    assert mode(folder) == 0o700
    assert readable == {"ca.pem", ".gitignore"}
    logs = "".join((folder / name).read_text("utf-8") for name in ("worker.log", "api.log"))
    assert connection.password.get_secret_value() not in logs
    told = [line for line in program.said if connection.password.get_secret_value() in line]
    assert len(told) == 1
    for passwords in json.loads((folder / "passwords.json").read_text("utf-8")).values():
        assert passwords not in logs


def test_a_second_one_in_the_folder_is_told_who_has_it(up: Up, folder: Path) -> None:
    program, connection = up
    second = subprocess.run(
        [*PROGRAM, "sandbox", "up", "--folder", str(folder)], capture_output=True, text=True, check=False
    )
    assert second.returncode == 2
    assert f"(processus {program.pid})" in second.stderr
    assert read_connection(folder / "connection.json") == connection


def test_the_command_to_copy_is_answered(up: Up) -> None:
    program, _ = up
    text = "".join(program.said)
    command = text.split("Première demande (dans un autre terminal)\n")[1].split("\n\n")[0]
    finished = subprocess.run(
        ["bash", "-ec", command],
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert finished.returncode == 0, finished.stderr
    assert "19 demandes : 19 répondues" in finished.stdout


def test_it_stops_cleanly_and_is_found_again_where_it_was_and_ends_with_a_part_that_ends(
    tmp_path: Path,
) -> None:
    with running(tmp_path / "bac", "--port", "0") as (program, before):
        with vendor(before) as channel:
            channel.basic_publish(job_message(b"{}"), before.exchange, "millesime.unknown-lane")
        children = children_of(program)
        assert len(children) == 4
        os.kill(program.pid, signal.SIGINT)
        assert program.wait() == 0
    assert "tout est arrêté" in program.said[-1]
    assert not any(Path(f"/proc/{pid}").exists() for pid in children)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", before.port), timeout=5)
    authority = before.ca_file.read_bytes()
    with running(tmp_path / "bac") as (program, after):
        assert after.model_copy(update={"api_url": before.api_url}) == before
        assert after.ca_file.read_bytes() == authority
        with vendor(after) as channel:
            assert channel.queue_declare(after.reply_queue, passive=True).message_count == 0
        (worker,) = [pid for pid, arguments in children_of(program).items() if arguments.endswith(" worker")]
        os.kill(worker, signal.SIGKILL)
        assert "worker : arrêt inattendu" in program.wait_for("arrêt inattendu")
        assert program.wait() == 1


def test_where_rabbitmq_is_missing_it_says_how_to_get_it(tmp_path: Path) -> None:
    without = (
        "import connector.demo.node as node; node.rabbitmq_server = lambda: None; "
        "from workers.cli import main; main()"
    )
    finished = subprocess.run(
        [PROGRAM[0], "-c", without, "sandbox", "up", "--folder", str(tmp_path / "bac")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 2
    assert "apt-get install rabbitmq-server" in finished.stderr
    assert not (tmp_path / "bac").exists()


def test_a_node_with_tls_is_where_it_was_after_a_stop_and_keeps_its_data(tmp_path: Path) -> None:
    files = make_server_files(tmp_path)
    tls = {"ca_certs": str(files.authority), "server_hostname": "localhost"}
    with RabbitNode(tls=files) as node:
        url = node.tls_url()
        assert urlsplit(url).port == node.tls_port != node.port
        with Connection(url, ssl=tls, connect_timeout=10) as client:
            client.default_channel.queue_declare("kept", durable=True, auto_delete=False)
        node.stop()
        node.start()
        for address, how in ((url, tls), (node.url(), False)):
            with Connection(address, ssl=how, connect_timeout=10) as client:
                client.default_channel.queue_declare("kept", passive=True)


def test_one_that_is_killed_leaves_nothing_that_runs(up: Up) -> None:
    """The last of this module, since it is the module's own."""
    program, connection = up
    handles = [os.pidfd_open(pid) for pid in children_of(program)]
    assert len(handles) == 4
    program.kill()
    # Each can be read once its process has ended.
    for handle in handles:
        assert select.select([handle], [], [], STOP_TIMEOUT_SECONDS)[0]
        os.close(handle)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", connection.port), timeout=5)
