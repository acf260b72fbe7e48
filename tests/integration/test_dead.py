"""Dead letters on a real node: each kind is produced, listed without personal data, brought back, or purged."""

import json
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection, Queue

from connector.amqp.topology import DELIVERY_LIMIT, reply_queue_of
from connector.demo.deployment import CLAMART, PROGRAM
from connector.demo.node import RabbitNode
from connector.demo.vendor import VendorClient
from tests.brokers import PASSWORDS
from tests.deployments import Deployment
from tests.forked.start import run
from tests.jobs import identity, job
from tests.queues import added_and_deleted, exists, publish_raw, until

DEAD, UNDELIVERABLE, REPLIES = "connector.dead", "connector.undeliverable", "replies.millesime"
CANARY = "SESAME"
MANY = 2_100
"""More than a consumer of a quorum queue is ever given at once."""
NEW_VENDOR = f"""
[vendors.nouveau]
product = "Nouveau"
publisher = "Éditeur"
preset = "millesime"

[tenants.{CLAMART}]
name = "CCAS de Clamart"
vendors = ["millesime", "sonate-opus", "nouveau"]
token = {{ env = "SANDBOX_TOKEN" }}
"""


@pytest.fixture(scope="module")
def deployed(own_node: RabbitNode) -> Iterator[Deployment]:
    """A deployment whose worker answers only jobs with a validated user."""
    with (
        Deployment(own_node.url()) as deployment,
        deployment.worker(settings={"CONNECTOR_REQUIRE_USER_ID": "true"}),
    ):
        yield deployment


@pytest.fixture
def operator(own_node: RabbitNode, deployed: Deployment) -> Iterator[VendorClient]:
    """A connection with every right, to a broker where nothing lies any more."""
    with Connection(own_node.url()) as connection:
        for queue in (DEAD, UNDELIVERABLE, REPLIES):
            connection.default_channel.queue_purge(queue)
    with VendorClient(own_node.url(), "millesime") as client:
        yield client


@pytest.fixture
def vendor(own_node: RabbitNode, operator: VendorClient) -> Iterator[VendorClient]:
    with VendorClient(own_node.url("millesime", PASSWORDS["millesime"]), "millesime") as client:
        yield client


def dead(deployed: Deployment, *arguments: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    """Run ``ccas-connector dead`` and answer what it asks."""
    return run([*PROGRAM, "dead", *arguments], deployed.environment, answer)


def listed(deployed: Deployment, *options: str) -> dict[str, Any]:
    finished = dead(deployed, "list", "--json", "--limit", "5000", *options)
    assert finished.returncode == 0, finished.stderr
    found: dict[str, Any] = json.loads(finished.stdout)
    return found


def holds(client: VendorClient, queue: str, count: int) -> Callable[[], bool]:
    return lambda: client.depth(queue) == count


def refuse_until_dead(node: RabbitNode, operator: VendorClient) -> None:
    """Refuse a reply, as a reader that keeps failing does, until its queue gives it up."""
    with Connection(node.url()) as connection:
        channel = connection.default_channel

        def refused() -> bool:
            if (message := channel.basic_get(REPLIES)) is not None:
                channel.basic_reject(message.delivery_tag, requeue=True)
            return operator.depth(UNDELIVERABLE) == 1

        until(refused)


def canary_job(**changes: Any) -> dict[str, Any]:
    return job(identity=identity(CANARY), dossier=CANARY, **changes)


def test_every_kind_is_told_and_none_shows_personal_data(
    own_node: RabbitNode, deployed: Deployment, operator: VendorClient, vendor: VendorClient
) -> None:
    chosen: dict[str, Any] = {
        "correlation_id": CANARY,
        "message_id": CANARY,
        "headers": {"traceparent": CANARY, f"x-{CANARY}": CANARY},
    }
    added_and_deleted("absente", own_node.url(), deployed, operator)
    pretended = {"x-connector-reason": CANARY, "x-connector-queue": f"replies.{CANARY}"}
    operator.publish(canary_job(), routing_key="inconnu.interactive", reply_to=CANARY, **chosen)
    operator.publish(canary_job(), routing_key=f"{CANARY}.interactive", app_id=CANARY, **chosen)
    operator.publish(canary_job(), routing_key=f"millesime.{CANARY}", **chosen)
    operator.publish(canary_job(), routing_key=f"\udce9{CANARY}.urgent", **chosen | {"headers": pretended})
    operator.publish(CANARY.encode() * 200_000, routing_key="inconnu.batch", type=CANARY, **chosen)
    operator.publish(canary_job(), **chosen | {"headers": {"x-death": [{"queue": CANARY, "reason": CANARY}]}})
    publish_raw(own_node.url(), "connector.deferred.interactive", CANARY.encode())
    vendor.publish(canary_job(), user_id="millesime", reply_to="replies.millesime.absente", **chosen)
    until(holds(operator, DEAD, 7))
    until(holds(operator, UNDELIVERABLE, 1))

    found = listed(deployed)
    table = dead(deployed, "list", "--oldest-first")
    shown = [dead(deployed, "show", letter["id"]) for letter in found["letters"]]

    told = Counter((letter["reason"], letter["from"], letter["vendor"]) for letter in found["letters"])
    assert told == {
        ("unknown_vendor", "verifications.interactive", "inconnu"): 1,
        ("unknown_vendor", "verifications.interactive", None): 1,
        ("unknown_lane", None, "millesime"): 1,
        ("unknown_lane", None, None): 1,
        ("rejected", "verifications.batch", "inconnu"): 1,
        ("dead_lettered_into_a_vendor_queue", "verifications.interactive", "millesime"): 1,
        ("unreadable_deferral", "connector.deferred.interactive", None): 1,
        ("unroutable", "replies.millesime.absente", "millesime"): 1,
    }
    assert sum(count["letters"] for count in found["counts"]) == 8
    assert "8 of 8 shown" in table.stdout
    for finished in (table, *shown):
        assert finished.returncode == 0
        assert CANARY not in (finished.stdout + finished.stderr).upper()
    assert CANARY not in json.dumps(found).upper()
    assert [letter["reason"] for letter in listed(deployed, "--queue", "undeliverable")["letters"]] == [
        "unroutable"
    ]
    for letter in found["letters"]:
        whole = dead(deployed, "show", "--body", letter["id"])
        assert CANARY in whole.stdout
        assert "personal data" in whole.stderr
    assert (operator.depth(DEAD), operator.depth(UNDELIVERABLE)) == (7, 1)


def test_a_job_of_an_unknown_vendor_is_answered_once_the_vendor_is_imported(
    own_node: RabbitNode, deployed: Deployment, operator: VendorClient, tmp_path: Path
) -> None:
    long = json.dumps(job(job_id="waited")).encode() + b" " * 50_000
    with VendorClient(own_node.url("nouveau", PASSWORDS["nouveau"]), "nouveau") as newcomer:
        newcomer.publish(long, user_id="nouveau", correlation_id="dossier-1")
        until(holds(operator, DEAD, 1))
        (letter,) = listed(deployed)["letters"]
        too_early = dead(deployed, "replay", letter["id"])
        assert too_early.returncode == 0
        until(holds(operator, DEAD, 1))
        (tmp_path / "nouveau.toml").write_text(NEW_VENDOR, "utf-8")
        deployed.command("tenants", "import", str(tmp_path / "nouveau.toml"))
        until(lambda: exists(operator, "replies.nouveau"))
        (letter,) = listed(deployed)["letters"]
        dry = dead(deployed, "replay", "--all", "--dry-run")
        assert "would go to connector.deferred.interactive" in dry.stdout
        assert operator.depth(DEAD) == 1

        finished = dead(deployed, "replay", letter["id"])

        assert finished.returncode == 0
        assert "1 of 1 letters replayed" in finished.stdout
        (reply,) = newcomer.replies(1)
    answered = json.loads(reply.body)
    assert (answered["job_id"], answered["status"]) == ("waited", "completed")
    assert answered["possible_duplicate"]
    assert reply.properties["correlation_id"] == "dossier-1"
    assert operator.depth(DEAD) == 0


def test_a_job_under_an_unknown_lane_is_replayed_to_the_lane_given(
    deployed: Deployment, operator: VendorClient, vendor: VendorClient
) -> None:
    vendor.publish(job(job_id="urgent"), routing_key="millesime.urgent", user_id="millesime")
    until(holds(operator, DEAD, 1))

    stays = dead(deployed, "replay", "--all")
    assert stays.returncode == 1
    assert "give --lane interactive or --lane batch" in stays.stdout
    assert dead(deployed, "replay", "--all", "--lane", "batch").returncode == 0

    (reply,) = vendor.replies(1)
    assert json.loads(reply.body)["status"] == "completed"


def test_a_reply_waits_for_its_queue_to_be_there_again(
    own_node: RabbitNode, deployed: Deployment, operator: VendorClient, vendor: VendorClient
) -> None:
    further = "replies.millesime.compta"
    with Connection(own_node.url()) as connection:
        connection.default_channel.queue_delete(REPLIES)
    vendor.publish(job(job_id="default"), user_id="millesime", correlation_id="c-1")
    until(holds(operator, UNDELIVERABLE, 1))
    until(lambda: exists(operator, REPLIES))
    added_and_deleted("compta", own_node.url(), deployed, operator)
    vendor.publish(job(job_id="further"), user_id="millesime", correlation_id="c-2", reply_to=further)
    until(holds(operator, UNDELIVERABLE, 2))

    # The worker makes what it misses again; of a queue that the operator has removed it knows nothing.
    until(lambda: exists(operator, further))
    deployed.command("vendors", "reply-queue", "remove", "millesime", "compta")
    publish_raw(own_node.url(), further, b"")
    with Connection(own_node.url()) as connection:
        connection.default_channel.queue_delete(further)
    stays = dead(deployed, "replay", "--all")
    assert stays.returncode == 1
    assert f"the queue {further} does not exist; where it was removed, ccas-connector vendors" in stays.stdout
    assert operator.depth(UNDELIVERABLE) == 1
    deployed.command("vendors", "reply-queue", "add", "millesime", "compta")
    until(lambda: exists(operator, further))
    assert dead(deployed, "replay", "--all").returncode == 0

    for queue_name, job_id, correlation_id in ((REPLIES, "default", "c-1"), (further, "further", "c-2")):
        (reply,) = operator.replies(1, queue_name)
        assert json.loads(reply.body)["job_id"] == job_id
        assert reply.properties["correlation_id"] == correlation_id
        assert reply.properties["type"] == "verification.reply.v1"
        assert not {name for name in reply.properties.get("application_headers", {}) if "connector" in name}
    assert operator.depth(UNDELIVERABLE) == 0


def declared_as_before(node: RabbitNode, queue: str) -> None:
    """Put a reply queue in place as former versions declared it: it gives a reply up after twenty deliveries."""
    arguments = reply_queue_of("millesime").queue_arguments | {"x-delivery-limit": DELIVERY_LIMIT}
    with Connection(node.url()) as connection:
        connection.default_channel.queue_delete(queue)
        Queue(queue, durable=True, queue_arguments=arguments).bind(connection.default_channel).declare()


def test_a_reply_that_its_reader_kept_refusing_comes_again(
    own_node: RabbitNode, deployed: Deployment, operator: VendorClient, vendor: VendorClient
) -> None:
    declared_as_before(own_node, REPLIES)
    vendor.publish(job(job_id="refused"), user_id="millesime", correlation_id="c-3")
    until(holds(operator, REPLIES, 1))
    refuse_until_dead(own_node, operator)
    (letter,) = listed(deployed)["letters"]
    assert (letter["reason"], letter["from"]) == ("delivery_limit", REPLIES)

    assert dead(deployed, "replay", letter["id"]).returncode == 0

    (reply,) = vendor.replies(1)
    assert json.loads(reply.body)["job_id"] == "refused"
    assert reply.properties["correlation_id"] == "c-3"
    headers = reply.properties.get("application_headers", {})
    assert "x-death" not in headers
    assert headers.get("x-delivery-count", 0) == 0
    with Connection(own_node.url()) as connection:
        connection.default_channel.queue_delete(REPLIES)
    deployed.command("topology", "declare")


def test_what_dies_again_is_not_replayed_twice_in_a_run(deployed: Deployment, operator: VendorClient) -> None:
    for _ in range(20):
        operator.publish(job(), routing_key="inconnu.interactive")
    until(holds(operator, DEAD, 20))

    finished = dead(deployed, "replay", "--all")

    assert (finished.returncode, "20 of 20 letters replayed" in finished.stdout) == (0, True)
    until(holds(operator, DEAD, 20))


def test_an_interrupted_replay_loses_nothing_and_goes_on(
    deployed: Deployment, operator: VendorClient, vendor: VendorClient
) -> None:
    for number in range(MANY):
        vendor.publish(job(job_id=f"many-{number}"), routing_key="millesime.urgent", user_id="millesime")
    until(holds(operator, DEAD, MANY))
    assert len(listed(deployed)["letters"]) == MANY
    with deployed.start(*PROGRAM, "dead", "replay", "--all", "--lane", "batch") as replay:
        until(lambda: operator.depth(REPLIES) > 0)
        os.kill(replay.pid, signal.SIGINT)
        assert replay.wait() == 128 + signal.SIGINT
    told = next(line for line in replay.said if f"of {MANY} letters replayed" in line)
    replayed = int(told.split()[0])
    assert 0 < replayed < MANY
    assert any("interrupted after" in line for line in replay.said)
    until(holds(operator, DEAD, MANY - replayed))

    finished = dead(deployed, "replay", "--all", "--lane", "batch")

    assert f"{MANY - replayed} of {MANY - replayed} letters replayed" in finished.stdout
    answered = Counter(json.loads(reply.body)["job_id"] for reply in vendor.replies(MANY))
    assert answered == Counter(f"many-{number}" for number in range(MANY))
    assert (operator.depth(DEAD), operator.depth(REPLIES)) == (0, 0)


def test_purging_asks_and_leaves_what_is_young_or_undated(
    deployed: Deployment, operator: VendorClient
) -> None:
    operator.publish(job(), routing_key="inconnu.interactive")
    operator.publish(job(), routing_key="inconnu.urgent")
    until(holds(operator, DEAD, 2))

    assert "Nothing to purge" in dead(deployed, "purge", "--older-than", "1d", "--yes").stdout
    dry = dead(deployed, "purge", "--older-than", "0m", "--dry-run", "--include-undated")
    assert "2 letters would be purged" in dry.stdout
    refused = dead(deployed, "purge", "--older-than", "0m", "--include-undated", answer="n\n")
    unanswered = dead(deployed, "purge", "--older-than", "0m", "--include-undated")
    assert "Delete these 2 letters for good?" in refused.stdout + refused.stderr
    assert (refused.returncode, unanswered.returncode) == (1, 1)
    until(holds(operator, DEAD, 2))

    purged = dead(deployed, "purge", "--older-than", "0m", answer="y\n")
    assert "1 of 1 letters purged" in purged.stdout
    until(holds(operator, DEAD, 1))
    assert [letter["reason"] for letter in listed(deployed)["letters"]] == ["unknown_lane"]
    assert dead(deployed, "purge", "--older-than", "0m", "--yes", "--include-undated").returncode == 0
    until(holds(operator, DEAD, 0))
    assert "No dead letter" in dead(deployed, "list").stdout


def test_mistakes_are_told_in_one_line(own_node: RabbitNode, deployed: Deployment) -> None:
    for command in (("show",), ("replay",)):
        finished = dead(deployed, *command, "0" * 12)
        assert finished.returncode == 2
        assert "no dead letter has the ID 000000000000" in finished.stderr
    with Connection(own_node.url()) as connection:
        connection.default_channel.queue_delete(UNDELIVERABLE)
    try:
        finished = dead(deployed, "list")
        assert finished.returncode == 2
        assert finished.stderr == (
            f"ccas-connector: the queue {UNDELIVERABLE} does not exist; run: ccas-connector topology declare\n"
        )
    finally:
        deployed.command("topology", "declare")
