"""The guide's clients in C and PHP, as an integrator would build and run them."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from connector.demo.install import install_packages
from connector.demo.node import RabbitNode
from connector.demo.program import Program
from tests.brokers import PASSWORDS
from tests.jobs import QF, RSA, job

CLIENTS = Path(__file__).parents[1] / "clients"
PACKAGES = ("gcc", "libc6-dev", "librabbitmq-dev", "php-cli", "php-amqplib")
NEEDED = (Path("/usr/include/amqp.h"), Path("/usr/share/php/PhpAmqpLib/autoload.php"))
TIMEOUT_SECONDS = 60


@pytest.fixture(scope="session")
def _tools() -> None:
    """A C compiler with rabbitmq-c, and PHP with php-amqplib."""

    def here() -> bool:
        return all(map(shutil.which, ("cc", "php"))) and all(path.is_file() for path in NEEDED)

    if not here():
        install_packages(PACKAGES, print)
    if not here():
        pytest.fail(f"needed: sudo apt-get install {' '.join(PACKAGES)}", pytrace=False)


@pytest.fixture(scope="session", params=["c", "php"])
def client(
    request: pytest.FixtureRequest, _tools: None, tmp_path_factory: pytest.TempPathFactory
) -> list[str]:
    """The command of a client in each language."""
    if request.param == "php":
        return ["php", str(CLIENTS / "php" / "verifier.php")]
    built = tmp_path_factory.mktemp("clients") / "verifier"
    source = CLIENTS / "c" / "verifier.c"
    subprocess.run(
        ["cc", "-Wall", "-Wextra", "-Werror", "-o", str(built), str(source), "-lrabbitmq"],
        check=True,
        timeout=TIMEOUT_SECONDS,
    )
    return [str(built)]


def run(command: list[str], node: RabbitNode, vendor: str, number: str) -> subprocess.CompletedProcess[str]:
    """Run a client as the AMQP user millesime: it publishes a job, and prints the reply that is its own."""
    url = node.url("millesime", PASSWORDS["millesime"]).removesuffix("//") + "/%2F"
    return subprocess.run(
        [*command, url, vendor, number],
        input=json.dumps(job(QF, RSA, job_id=number)),
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_SECONDS,
    )


def test_a_client_gets_its_answer(node: RabbitNode, worker: Program, client: list[str]) -> None:
    number = f"client-{Path(client[-1]).suffix or 'c'}"

    finished = run(client, node, "millesime", number)

    assert finished.returncode == 0, finished.stderr
    reply = json.loads(finished.stdout)
    assert reply["job_id"] == number
    assert [check["status"] for check in reply["checks"]] == ["found", "found"]


def test_a_client_under_another_vendor_s_key_is_refused(
    node: RabbitNode, worker: Program, client: list[str]
) -> None:
    finished = run(client, node, "sonate-opus", "forged-1")

    assert finished.returncode != 0
    assert finished.stdout == ""
