"""What the support team reads when the telephone rings: a dozen situations, each played, and the sentence of each."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection

from connector.bootstrap.registry import open_current_database
from connector.catalogue import CATALOGUE
from connector.clock import utc_now
from connector.demo.deployment import BOURG, CLAMART, PROGRAM, SANS_JETON, VIEUX
from connector.demo.node import RabbitNode
from connector.demo.program import Program
from connector.demo.vendor import VendorClient
from connector.settings.settings import load_settings
from connector.storage.presence import Presence, PresenceStore, Sight
from connector.vault import new_key
from tests.deployments import Deployment
from tests.forked.start import run
from tests.jobs import QF, job
from tests.sandbox_control import SandboxControl
from tests.sandbox_tokens import EVERY, issue, make_due

PATIENCE = 100
"""Looks before a test gives up: a worker tells what it sees every few seconds."""
OK, LOOK = 0, 3
CSS = {"check": "complementaire_sante_solidaire"}
MAINTAINED = {"check": "statut_sportif", "params": {"identifiant": "990000001"}}
DOWN = {"check": "service_national"}


@pytest.fixture(scope="module")
def deployed(own_node: RabbitNode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with Deployment(own_node.url(), preset="all") as started:
        started.environment["CONNECTOR_JOURNAL_KEY"] = new_key()
        tokens = {
            BOURG: issue("lacking", scopes=EVERY - frozenset(CATALOGUE["quotient_familial"].scopes)),
            VIEUX: issue("revoked", is_revoked=True),
            SANS_JETON: issue("expired", days=-25 / 24),
        }
        file: Path = tmp_path_factory.mktemp("tenants") / "tenants.toml"
        tables = (
            f'[tenants.{siret}]\nname = "A town"\nvendors = ["millesime"]\ntoken = {{ value = "{token}" }}\n'
            for siret, token in tokens.items()
        )
        file.write_text("\n".join(tables), "utf-8")
        started.command("tenants", "import", str(file))
        yield started


@pytest.fixture(scope="module")
def sandbox(deployed: Deployment) -> SandboxControl:
    return SandboxControl(deployed.environment["CONNECTOR_API_PARTICULIER_URL"])


@pytest.fixture(scope="module")
def worker(deployed: Deployment) -> Iterator[Program]:
    with deployed.worker() as started:
        yield started


@pytest.fixture
def vendor(own_node: RabbitNode, worker: Program) -> Iterator[VendorClient]:
    with VendorClient(own_node.url(), "millesime") as client:
        yield client


def status(deployed: Deployment, *arguments: str) -> tuple[int, dict[str, Any]]:
    finished = run([*PROGRAM, "status", *arguments, "--json"], deployed.environment)
    assert finished.stdout, finished.stderr
    told: dict[str, Any] = json.loads(finished.stdout)
    return finished.returncode, told


def says(deployed: Deployment, siret: str, *parts: str, exit_status: int = LOOK) -> dict[str, Any]:
    """Return what is shown of a tenant once its sentence holds each part."""
    for _ in range(PATIENCE):
        returned, told = status(deployed, siret)
        if all(part in told["advice"] for part in parts):
            assert returned == exit_status
            return told
    pytest.fail(f"it says: {told['advice']}")


def answered(vendor: VendorClient, *jobs: dict[str, Any]) -> None:
    for each in jobs:
        vendor.publish(each)
    for _ in vendor.replies(len(jobs)):
        pass


def test_without_a_worker_it_says_which_one_to_start(deployed: Deployment) -> None:
    says(deployed, CLAMART, "No worker is alive", "ccas-connector worker")
    with deployed.worker("--lane", "batch"):
        says(deployed, CLAMART, "No worker takes jobs of the lane interactive", "--lane interactive")


def test_without_beat_it_says_so_and_with_it_nothing_is_wrong(
    deployed: Deployment, vendor: VendorClient
) -> None:
    answered(vendor, job())
    says(deployed, CLAMART, "Scheduled work was never done", "ccas-connector beat")
    deployed.command("beat", "--once")
    told = says(deployed, CLAMART, "Nothing is wrong that can be seen here", "ended found", exit_status=OK)
    assert told["is_well"]
    assert told["parts"]["calls"][0].endswith("quotient_familial for millesime: found, 200")
    make_due(deployed)
    says(deployed, CLAMART, "Scheduled work has been due for", "ccas-connector beat")
    deployed.command("beat", "--once")
    says(deployed, CLAMART, "Nothing is wrong", exit_status=OK)


def test_a_token_that_has_expired(deployed: Deployment, worker: Program) -> None:
    told = says(deployed, SANS_JETON, "Its token expired 1 d ago", f"tenants token set {SANS_JETON}")
    assert "expired 1 d ago" in told["parts"]["token"][0]


def test_a_scope_that_is_lacking(deployed: Deployment, vendor: VendorClient) -> None:
    answered(vendor, job(QF, tenant=BOURG))
    says(deployed, BOURG, "lacks the scope of quotient_familial", "DataPass", f"tenants token check {BOURG}")


def test_a_token_that_is_refused_then_suspended(deployed: Deployment, vendor: VendorClient) -> None:
    answered(vendor, job(tenant=VIEUX))
    says(deployed, VIEUX, "its token was revoked", f"tenants token set {VIEUX}")
    answered(vendor, *(job(tenant=VIEUX) for _ in range(25)))
    told = says(deployed, VIEUX, "It is suspended until", "its token was revoked", f"token set {VIEUX}")
    assert "every check until" in told["parts"]["suspended"][0]
    _, every = status(deployed)
    found = {part["part"]: part["detail"] for part in every["parts"]}
    assert VIEUX in found["suspended"]
    assert SANS_JETON in found["tokens missing or expired"]


def test_a_provider_that_is_away_and_one_in_maintenance(
    deployed: Deployment, sandbox: SandboxControl, vendor: VendorClient
) -> None:
    sandbox.fail("dsnj", "503")
    for _ in range(8):
        vendor.publish(job(DOWN))
    says(deployed, CLAMART, "DSNJ does not answer (provider_unavailable)", "asked again by itself")
    sandbox.recover()
    list(vendor.replies(8))
    says(deployed, CLAMART, "Nothing is wrong", exit_status=OK)
    sandbox.fail("sdh", "maintenance", retry_in_seconds=3600)
    vendor.publish(job(MAINTAINED))
    says(deployed, CLAMART, "is in maintenance, by its own word")
    sandbox.recover()


def test_jobs_under_a_wrong_lane(deployed: Deployment, vendor: VendorClient) -> None:
    vendor.publish(job(), "urgent")
    told = says(deployed, CLAMART, "millesime publishes jobs under millesime.urgent", "millesime.interactive")
    assert any("jobs under an unknown lane of millesime" in line for line in told["parts"]["waiting"])
    deployed.command("dead", "purge", "--older-than", "0m", "--include-undated", "--yes")


def test_jobs_that_are_rejected(deployed: Deployment, vendor: VendorClient) -> None:
    answered(vendor, job(version=9), job(job_id="a space"))
    told = says(deployed, CLAMART, "2 jobs of millesime were rejected within the hour", "unsupported_version")
    assert "2 jobs of millesime" in told["parts"]["rejected"][0]


def test_a_reply_queue_that_is_full_then_gone(
    deployed: Deployment, own_node: RabbitNode, vendor: VendorClient
) -> None:
    own_node.ctl("set_policy", "full", "^replies\\.millesime$", '{"max-length": 1}', "--apply-to", "queues")
    for _ in range(6):
        vendor.publish(job())
    says(
        deployed,
        CLAMART,
        "replies are kept for millesime since replies.millesime takes no more",
        "dead replay",
    )
    own_node.ctl("clear_policy", "full")
    deployed.command("dead", "purge", "--older-than", "0m", "--include-undated", "--yes")
    with Connection(own_node.url()) as connection:
        connection.default_channel.queue_delete("replies.millesime")
    says(deployed, CLAMART, "The reply queue replies.millesime does not exist", "topology declare")


def test_an_address_that_is_paused(deployed: Deployment, worker: Program) -> None:
    """As a worker would tell it: the API would have to refuse 1,500 calls first."""
    now = utc_now()
    engine = open_current_database(load_settings(deployed.environment), is_pooled=False)
    paused = Presence(
        id="paused",
        host="elsewhere",
        process=1,
        version="1",
        started_at=now,
        seen_at=now,
        sees=Sight(lanes=("interactive", "batch"), state="ready", is_address_paused=True),
    )
    PresenceStore(engine).tell(paused)
    says(deployed, CLAMART, "No call goes from this address, for any tenant")
    PresenceStore(engine).leave("paused")


def test_without_the_broker_it_says_why(deployed: Deployment) -> None:
    away = Deployment("")
    away.environment = deployed.environment | {
        "CONNECTOR_OPERATOR_BROKER_URL": "amqp://operator:s3same@127.0.0.1:1//"
    }
    _, told = status(away, CLAMART)
    assert told["advice"].startswith(
        "CONNECTOR_OPERATOR_BROKER_URL: the broker cannot be used: nothing listens"
    )
    assert "s3same" not in json.dumps(told)


def test_it_is_watched_until_it_is_told_to_stop(deployed: Deployment) -> None:
    with deployed.start(*PROGRAM, "status", CLAMART, "--watch") as watching:
        for _ in range(2):
            watching.wait_for(CLAMART)
    assert not any("Traceback" in line for line in watching.said)


def test_a_tenant_that_nobody_knows(deployed: Deployment) -> None:
    finished = run([*PROGRAM, "status", "26920023600018"], deployed.environment)
    assert finished.returncode == 2
    assert "no tenant has the SIRET 26920023600018" in finished.stderr
