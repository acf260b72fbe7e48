"""The access journal of a worker: written, found, traced; off without a key; on the broker of a former version too."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from kombu import Connection

from connector.demo.deployment import CLAMART, PROGRAM
from connector.demo.program import Program
from connector.demo.vendor import VendorClient
from connector.storage.journal.keys import new_key
from tests.deployments import Deployment
from tests.forked import start as forked
from tests.jobs import QF, RSA, identity, job
from tests.records import written
from tests.sandbox_control import SandboxControl

QUEUE = "connector.journal"
LOOKS = 300


@pytest.fixture(scope="module")
def deployed(own_broker: str) -> Iterator[Deployment]:
    with Deployment(own_broker) as deployment:
        deployment.environment["CONNECTOR_JOURNAL_KEY"] = new_key()
        yield deployment


@pytest.fixture(scope="module")
def worker(own_broker: str, deployed: Deployment) -> Iterator[Program]:
    """A worker on a broker that a former version has declared: all is there but the journal's queue."""
    deployed.command("topology", "declare")
    with Connection(own_broker) as connection:
        connection.default_channel.queue_delete(QUEUE)
    with deployed.worker("--lane", "interactive") as program:
        yield program


@pytest.fixture
def vendor(own_broker: str, worker: Program) -> Iterator[VendorClient]:
    with VendorClient(own_broker, "millesime") as client:
        yield client


def run(deployed: Deployment, *arguments: str, stdin: str = "") -> tuple[int, str]:
    """Return the exit status of a command, and what it prints."""
    finished = forked.run([*PROGRAM, *arguments], deployed.environment, stdin)
    return finished.returncode, finished.stdout + finished.stderr


def answer(vendor: VendorClient, body: Mapping[str, Any]) -> None:
    """Have a job answered."""
    vendor.publish(body)
    list(vendor.replies(1))


def test_each_call_is_found_again_by_who_asked_and_by_whom_it_was_about(
    deployed: Deployment, vendor: VendorClient
) -> None:
    answer(vendor, job(QF, RSA, job_id="journal-1", agent="agent-1", dossier="d-1", purpose="aide"))
    records = written(deployed, "journal-1", 2)
    assert {(record.label, record.outcome) for record in records} == {
        ("quotient_familial", "found"),
        ("rsa", "found"),
    }

    status, listed = run(deployed, "journal", "search", "--tenant", CLAMART, "--agent", "agent-1", "--json")
    assert (status, {each["dossier"] for each in json.loads(listed)}) == (0, {"d-1"})
    whole = identity()
    sought = {"nom_naissance": "exemple", "prenoms": ["Claire"], "date_naissance": whole["date_naissance"]}
    status, about = run(
        deployed, "journal", "person", "--tenant", CLAMART, stdin=json.dumps({"identity": sought})
    )
    assert (status, about.count("journal-1")) == (0, 2)
    assert "exemple" not in about.lower()


def test_a_job_s_story_is_told(
    deployed: Deployment, vendor: VendorClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = SandboxControl(deployed.environment["CONNECTOR_API_PARTICULIER_URL"])
    sandbox.fail("dss", "502", times=1)
    answer(vendor, job(job_id="story-1"))
    written(deployed, "story-1", 2)

    status, told = run(deployed, "trace", "story-1", "--json")
    steps = json.loads(told)["steps"]
    assert status == 0
    assert [step["source"] for step in steps] == ["journal", "journal", "reply memory"]
    assert "HTTP 502" in steps[0]["told"]
    assert "found, HTTP 200" in steps[1]["told"]
    assert "answered completed (quotient_familial found)" in steps[2]["told"]

    with monkeypatch.context() as away:
        away.setitem(deployed.environment, "CONNECTOR_BROKER_URL", "amqp://guest:guest@127.0.0.1:1//")
        status, told = run(deployed, "trace", "story-1", "--json")
    assert (status, json.loads(told)["steps"]) == (0, steps)
    assert "the broker cannot be used" in json.loads(told)["not_seen"][0]

    status, nothing = run(deployed, "trace", "nobody-1")
    assert status == 1
    assert "Nothing is known of this job." in nothing
    assert "Not seen: no call is in the journal" in nothing


def test_a_dead_letter_is_in_its_job_s_story(deployed: Deployment, vendor: VendorClient) -> None:
    vendor.publish(job(job_id="dead-1"), routing_key="nobody.interactive")
    for _ in range(LOOKS):
        status, told = run(deployed, "trace", "dead-1")
        if status == 0:
            break
    assert "unknown_vendor" in told
    assert "ccas-connector dead show" in told
    assert run(deployed, "trace", "dead-1", "--vendor", "millesime")[0] == 1


def test_health_says_who_takes_the_records(deployed: Deployment, worker: Program) -> None:
    _, told = run(deployed, "health", "--json")
    found = {finding["part"]: finding for finding in json.loads(told)}
    assert (found[QUEUE]["severity"], found[QUEUE]["detail"]) == ("ok", "0 waiting")


def test_records_that_no_key_opens_are_put_aside_and_hold_nothing_up(
    own_broker: str, deployed: Deployment, vendor: VendorClient
) -> None:
    with Connection(own_broker) as connection:
        connection.Producer().publish(b"forged", routing_key=QUEUE, content_type="application/octet-stream")
    answer(vendor, job(job_id="beside-1"))
    assert len(written(deployed, "beside-1", 1)) == 1
    for _ in range(LOOKS):
        _, told = run(deployed, "dead", "list", "--json")
        if "unreadable_journal" in told:
            break
    assert "unreadable_journal" in told


def test_without_a_key_a_worker_says_that_there_is_no_journal(own_broker: str) -> None:
    with Deployment(own_broker) as without, without.start_worker("--lane", "batch") as worker:
        assert "CONNECTOR_JOURNAL_KEY" in worker.wait_for("journal.off")
