"""``ccas-connector vendor try`` against a running worker: every job once, whatever ends the command or the broker."""

import csv
import json
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from connector.demo.deployment import PROGRAM
from connector.demo.node import RabbitNode
from connector.demo.program import Program
from connector.demo.vendor import VendorClient
from tests.brokers import PASSWORDS
from tests.deployments import Deployment
from tests.forked import start as forked
from tests.jobs import job
from tests.queues import until
from tests.sandbox_control import SandboxControl

COUNT = 300
QUEUE = "replies.millesime.essais"
PEOPLE = {"EXEMPLE": "found", "HOMONYME": "identity_ambiguous", "INTROUVABLE": "identity_unmatched"}


@pytest.fixture(scope="module")
def deployed(own_node: RabbitNode) -> Iterator[Deployment]:
    """A registry whose vendor has a reply queue for trials, and an API that takes its time: a campaign is not over at once."""
    with Deployment(own_node.url(), ["--latency", "0.3"]) as deployment:
        deployment.command("vendors", "reply-queue", "add", "millesime", "essais")
        yield deployment


@pytest.fixture(scope="module")
def worker(deployed: Deployment, own_node: RabbitNode) -> Iterator[Program]:
    """A worker that has declared the queue for trials."""
    with deployed.worker() as program:
        until(lambda: QUEUE in own_node.queue_names())
        yield program


@pytest.fixture
def sandbox(deployed: Deployment, worker: Program) -> SandboxControl:
    control = SandboxControl(deployed.environment["CONNECTOR_API_PARTICULIER_URL"])
    control.forget_calls()
    return control


@pytest.fixture
def environment(own_node: RabbitNode) -> dict[str, str]:
    """The vendor's address, and nothing of the operator's."""
    return {
        "CONNECTOR_VENDOR_URL": own_node.url("millesime", PASSWORDS["millesime"]),
        "PATH": os.environ["PATH"],
    }


@pytest.fixture
def product(own_node: RabbitNode, worker: Program) -> Iterator[VendorClient]:
    """The vendor's product, beside the trial."""
    with VendorClient(own_node.url("millesime", PASSWORDS["millesime"]), "millesime") as client:
        yield client


def tried(environment: dict[str, str], *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """Run a trial to its end."""
    return forked.run([*PROGRAM, "vendor", "try", *map(str, arguments)], environment)


def campaign_of(folder: Path, count: int) -> Path:
    """Write a campaign, in which one job in ten is for a CCAS that nobody knows."""
    path = folder / "campagne.csv"
    head = "job_id;tenant;nom_naissance;prenoms;sexe;date_naissance;code_pays;code_commune;checks"
    rows = []
    for number in range(count):
        name = list(PEOPLE)[number % len(PEOPLE)]
        tenant = "26380185500010" if number % 10 == 9 else "26920023600017"
        person = [name, "CLAIRE", "F", "1991-04-17", "99100", "69383"]
        if name != "EXEMPLE":
            person = [name, "JEAN", "M", "1970-01-01", "99100", "75056"]
        rows.append([f"{folder.name}-{number}", tenant, *person, "quotient_familial"])
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";").writerows([head.split(";"), *rows])
    return path


def noted(campaign: Path) -> list[dict[str, Any]]:
    text = campaign.with_name(f"{campaign.name}.state").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


@contextmanager
def running(environment: dict[str, str], *arguments: str | Path) -> Iterator[Program]:
    command = [*PROGRAM, "vendor", "try", *map(str, arguments)]
    with Program(command, environment, forked.start_process) as program:
        yield program


def test_the_examples_are_asked_and_shown(environment: dict[str, str], worker: Program) -> None:
    finished = tried(environment)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.count(" found ") == 19
    assert "19 demandes : 19 répondues, 0 publiées et en attente, 0 non publiées" in finished.stdout


def test_what_the_vendor_has_to_mend_is_shown_and_ends_with_1(
    environment: dict[str, str], worker: Program, tmp_path: Path
) -> None:
    path = tmp_path / "jobs.jsonl"
    wrong = [
        job(job_id=f"{tmp_path.name}-1", checks=[{"check": "quotient"}]),
        job(job_id=f"{tmp_path.name}-2", tenant="1"),
        {"job_id": f"{tmp_path.name}-3"},
    ]
    path.write_text("\n".join(map(json.dumps, wrong)), "utf-8")
    finished = tried(environment, path, "--report", tmp_path / "bilan.json")
    assert finished.returncode == 1
    report = json.loads((tmp_path / "bilan.json").read_text("utf-8"))
    assert report["by_status"] == {"failed": 1, "rejected": 2}
    assert report["to_mend"] == 3
    assert "unknown_check" in finished.stdout
    assert "/tenant" in finished.stdout
    assert not (tmp_path / "jobs.jsonl.state").exists()


def test_a_campaign_that_is_interrupted_and_killed_goes_on_and_adds_up(
    environment: dict[str, str], sandbox: SandboxControl, own_node: RabbitNode, tmp_path: Path
) -> None:
    campaign = campaign_of(tmp_path, COUNT)
    report = tmp_path / "bilan.json"
    options = ("--lane", "batch", "--reply-queue", QUEUE, "--window", "20", "--report", report)

    with running(environment, campaign, *options) as first:
        first.wait_for(f"réponses sur {COUNT}")
        os.kill(first.pid, signal.SIGINT)
        assert first.wait() == 128 + signal.SIGINT
    assert "la même commande reprend là" in "".join(first.said)
    interrupted = json.loads(report.read_text("utf-8"))
    assert 0 < interrupted["answered"] < COUNT

    with running(environment, campaign, *options) as second:
        assert f"reprise n° 1 : {interrupted['answered']} déjà répondues" in second.wait_for("reprise")
        second.wait_for(f"réponses sur {COUNT}")
        assert second.kill() == -signal.SIGKILL
    assert len([line for line in noted(campaign) if "answered" in line]) < COUNT

    third = tried(environment, campaign, *options)
    assert third.returncode == 1, third.stderr
    assert "reprise n° 2" in third.stderr

    lines = noted(campaign)
    answered = Counter(line["answered"] for line in lines if "answered" in line)
    assert answered == Counter(f"{tmp_path.name}-{number}" for number in range(COUNT))
    final = json.loads(report.read_text("utf-8"))
    assert final["jobs"] == final["published"] == final["answered"] == COUNT
    assert (final["awaited"], final["not_published"], final["runs"]) == (0, 0, 3)
    assert final["by_status"] == {"completed": COUNT * 9 // 10, "rejected": COUNT // 10}
    assert final["by_code"]["unknown_tenant"] == COUNT // 10
    # Each person was asked about once: a job that was published twice is answered from memory.
    assert len(sandbox.calls()) == COUNT * 9 // 10
    assert own_node.evaluate(_DEPTH) == 0
    assert "EXEMPLE" not in campaign.with_name(f"{campaign.name}.state").read_text("utf-8")

    again = tried(environment, campaign, *options)
    assert again.returncode == 1
    assert len(sandbox.calls()) == COUNT * 9 // 10


_DEPTH = (
    "element(3, rabbit_amqqueue:stat(element(2, rabbit_amqqueue:lookup("
    f'rabbit_misc:r(<<"/">>, queue, <<"{QUEUE}">>)))))'
)


def test_a_campaign_goes_on_when_a_broker_that_was_killed_comes_back(
    environment: dict[str, str], sandbox: SandboxControl, own_node: RabbitNode, tmp_path: Path
) -> None:
    campaign = campaign_of(tmp_path, 120)
    options = (
        "--lane",
        "batch",
        "--reply-queue",
        QUEUE,
        "--window",
        "10",
        "--report",
        tmp_path / "bilan.json",
    )
    with running(environment, campaign, *options) as trial:
        trial.wait_for("réponses sur 120")
        own_node.kill()
        trial.wait_for("courtier perdu")
        own_node.start()
        trial.wait_for("courtier retrouvé", timeout_seconds=120)
        assert trial.wait() == 1
    report = json.loads((tmp_path / "bilan.json").read_text("utf-8"))
    assert report["answered"] == report["jobs"] == 120
    answered = Counter(line["answered"] for line in noted(campaign) if "answered" in line)
    assert set(answered.values()) == {1}


def test_replies_to_others_stay_on_the_queue(
    environment: dict[str, str], product: VendorClient, own_node: RabbitNode
) -> None:
    published = [job(job_id=f"product-{number}") for number in range(5)]
    for one in published:
        product.publish(one, correlation_id=one["job_id"])
    until(lambda: product.depth("replies.millesime") == len(published))

    finished = tried(environment, "--check", "quotient_familial")

    assert finished.returncode == 0, finished.stderr
    assert "5 réponse(s) à d'autres demandes : rendue(s) à replies.millesime" in finished.stderr
    until(lambda: product.depth("replies.millesime") == len(published))
    messages = list(product.replies(len(published)))
    assert {json.loads(message.body)["job_id"] for message in messages} == {
        one["job_id"] for one in published
    }
    # Given back at once, each would come again and again while the trial lasts.
    assert max(message.headers.get("x-delivery-count", 0) for message in messages) <= 1


def test_a_queue_that_the_product_reads_is_not_shared_unless_told(
    environment: dict[str, str], product: VendorClient, worker: Program
) -> None:
    product._channel.basic_consume("replies.millesime", callback=lambda _message: None)  # noqa: SLF001 - as a product does
    refused = tried(environment, "--check", "quotient_familial")
    assert refused.returncode == 2
    (line,) = [one for one in refused.stderr.splitlines() if one.startswith("ccas-connector:")]
    assert "--reply-queue" in line
    own = tried(environment, "--check", "quotient_familial", "--reply-queue", QUEUE)
    assert own.returncode == 0, own.stderr


def test_what_is_not_answered_is_told_and_taken_up_later(
    deployed: Deployment, environment: dict[str, str], worker: Program, tmp_path: Path
) -> None:
    campaign = campaign_of(tmp_path, 3)
    options = ("--lane", "batch", "--reply-queue", QUEUE)
    os.kill(worker.pid, signal.SIGSTOP)
    try:
        silent = tried(environment, campaign, *options, "--timeout", "1")
    finally:
        os.kill(worker.pid, signal.SIGCONT)
    assert silent.returncode == 3
    assert "0 répondues, 3 publiées et en attente, 0 non publiées" in silent.stdout
    assert "--republish" in silent.stderr
    resumed = tried(environment, campaign, *options)
    assert resumed.returncode == 0, resumed.stderr
    assert len([line for line in noted(campaign) if "published" in line]) == 3


def test_replies_are_recorded_once_for_a_vendor_s_own_tests(
    environment: dict[str, str], worker: Program, tmp_path: Path
) -> None:
    folder = tmp_path / "fixtures"
    options = ("--check", "scolarite", "--record", folder)
    recorded = tried(environment, *options)
    assert recorded.returncode == 0, recorded.stderr
    assert "vraies personnes" in recorded.stderr
    files = {path.name: path.read_text("utf-8") for path in folder.iterdir()}
    assert set(files) == {"exemple-scolarite.request.json", "exemple-scolarite.reply.json"}
    reply = json.loads(files["exemple-scolarite.reply.json"])
    assert reply["checks"][0]["status"] == "found"
    assert (
        files["exemple-scolarite.reply.json"]
        == json.dumps(reply, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    )
    refused = tried(environment, *options)
    assert refused.returncode == 2
    assert "--force" in refused.stderr
    assert tried(environment, *options, "--force").returncode == 0
    elsewhere = {**environment, "CONNECTOR_VENDOR_URL": "amqps://millesime:sesame@courtier.exemple.fr/%2F"}
    beyond = tried(elsewhere, *options, "--force")
    assert beyond.returncode == 2
    assert "bac à sable" in beyond.stderr


@pytest.mark.parametrize(
    ("url", "arguments", "said"),
    [
        ("amqp://millesime:sesame@127.0.0.1:{port}//", (), "ACCESS_REFUSED"),
        ("amqp://millesime:sesame@127.0.0.1:1//", (), "injoignable"),
        (
            "amqp://millesime:{password}@127.0.0.1:{port}//",
            ("--reply-queue", "replies.millesime.none"),
            "none",
        ),
        ("amqp://millesime:{password}@127.0.0.1:{port}//", ("--vendor", "sonate-opus"), "ACCESS_REFUSED"),
        ("http://millesime:sesame@127.0.0.1", (), "illisible"),
        ("amqp://:sesame@127.0.0.1", (), "--vendor"),
        ("", (), "--connection"),
        ("", ("--connection", "/nowhere/connection.json"), "illisible"),
        ("", ("--check", "quotient"), "quotient_familial"),
        ("", ("--granted",), "--vendor"),
        ("", ("/nowhere/jobs.csv",), "illisible"),
    ],
)
def test_what_cannot_be_run_is_one_line_without_a_password(  # noqa: PLR0913, PLR0917 - fixtures and three parts
    own_node: RabbitNode,
    worker: Program,
    url: str,
    arguments: tuple[str, ...],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    address = url.format(port=own_node.port, password=PASSWORDS["millesime"])
    finished = tried({"CONNECTOR_VENDOR_URL": address} if url else {}, *arguments)
    assert finished.returncode == 2, finished.stderr
    lines = [line for line in finished.stderr.splitlines() if line.startswith("ccas-connector:")]
    assert len(lines) == 1
    assert said in lines[0]
    assert "sesame" not in finished.stderr + finished.stdout
    assert PASSWORDS["millesime"] not in finished.stderr + finished.stdout


def test_a_dry_run_publishes_nothing_and_says_what_would_be_rejected(
    environment: dict[str, str], sandbox: SandboxControl, tmp_path: Path
) -> None:
    path = tmp_path / "jobs.jsonl"
    wrong = {**job(job_id="dry-2"), "tenant": "1"}
    path.write_text("\n".join(map(json.dumps, [job(job_id="dry-1"), wrong])), "utf-8")
    finished = tried(environment, path, "--dry-run", "--lane", "batch")
    assert finished.returncode == 1
    assert "ligne 2 : /tenant : " in finished.stdout
    assert "SIRET" in finished.stdout
    assert "demandes lues : 2 ; seraient rejetées : 1 ; " in finished.stdout
    assert sandbox.calls() == []
    assert list(tmp_path.glob("*.state")) == []


def test_the_grant_of_the_registry_chooses_the_examples(
    environment: dict[str, str], deployed: Deployment, worker: Program
) -> None:
    deployed.command("vendors", "add", "nouveau", "--preset", "sonate-opus")
    finished = tried({**deployed.environment, **environment}, "--granted", "--vendor", "nouveau", "--dry-run")
    assert finished.returncode == 0, finished.stderr
    assert "demandes lues : 2 ; seraient rejetées : 0 ; " in finished.stdout
