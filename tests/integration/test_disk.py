"""The broker's disk, which one vendor tries to fill: it is refused by its queue's limit, and the others go on.

The node has imported the generated definitions, with the smallest limits there are, and the guide's ``max_message_size``.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import amqp
import pytest
from amqp.exceptions import MessageNacked, PreconditionFailed
from kombu import Connection

from connector.amqp.definitions.limits import DEFAULT_MIB, Family
from connector.amqp.topology import DEAD, UNDELIVERABLE, deferred_queue, lane_queue
from connector.demo.node import RabbitNode
from connector.demo.vendor import VendorClient, job_message
from connector.jobs.delivery import MAX_BODY_BYTES, MAX_ENVELOPE_BYTES
from connector.jobs.records import Lane
from tests.brokers import guest_and, reset
from tests.chaos.drain import depths
from tests.deploy import DEPLOY
from tests.deployments import Deployment
from tests.jobs import job

MIB = 1024 * 1024
MESSAGES = 256
"""What a queue of 1 MiB may hold."""
ROOM = 40
"""Messages that a queue takes beyond that while it tells its publishers to stop."""
BATCH = lane_queue(Lane.BATCH)
LOOKS = 60
"""Times one second that the node is given to tell what it holds."""


class Broker:
    """A node that has imported the definitions, and the deployment that wrote them."""

    def __init__(self, node: RabbitNode, deployment: Deployment, folder: Path) -> None:
        self.node = node
        self.deployment = deployment
        self._passwords = folder / "passwords.json"
        self._definitions = folder / "definitions.json"

    def import_definitions(self, *limits: str) -> str:
        """Have the node import the definitions with these limits; return what the command says."""
        said = self.deployment.command(
            "vendors",
            "definitions",
            f"--out={self._definitions}",
            f"--passwords={self._passwords}",
            *(f"--limit={limit}" for limit in limits),
        )
        self.node.ctl("import_definitions", str(self._definitions))
        return said

    def url(self, user: str) -> str:
        """Return the node's address for a user of the definitions."""
        return self.node.url(user, json.loads(self._passwords.read_text("utf-8"))[user])

    def wait_until(self, is_expected: Callable[[Counter[str]], bool]) -> Counter[str]:
        """Return how many messages are on each queue once it is as expected; fail where it does not come to that."""
        held: Counter[str] = Counter()
        for _ in range(LOOKS):
            held = Counter({name: depth.total for name, depth in depths(self.node).items()})
            if is_expected(held):
                return held
            time.sleep(1)
        pytest.fail(f"the queues hold {dict(+held)}")


@pytest.fixture(scope="module")
def guided_node() -> Iterator[RabbitNode]:
    """A node with the guide's setting."""
    guide = (DEPLOY / "README.md").read_text("utf-8").splitlines()
    (setting,) = [line for line in guide if line.startswith("max_message_size =")]
    with RabbitNode(guest_and({}), [setting]) as node:
        yield node


@pytest.fixture
def broker(guided_node: RabbitNode, tmp_path: Path) -> Iterator[Broker]:
    reset(guided_node)
    with Deployment(guided_node.url()) as deployment:
        made = Broker(guided_node, deployment, tmp_path)
        made.import_definitions(*(f"{family}=1" for family in Family))
        deployment.environment["CONNECTOR_BROKER_URL"] = made.url("connector")
        yield made


def published_until_refused(vendor: VendorClient, times: int) -> list[str]:
    """Publish jobs as long as they may be until so many were refused; return those that were confirmed."""
    confirmed: list[str] = []
    refused = 0
    while refused < times and len(confirmed) < 4 * MIB // MAX_BODY_BYTES:
        job_id = f"big-{len(confirmed)}"
        try:
            vendor.publish(json.dumps(job(job_id=job_id)).encode().ljust(MAX_BODY_BYTES), "batch")
        except MessageNacked:
            refused += 1
        else:
            confirmed.append(job_id)
    return confirmed


def publish_once_there_is_room(broker: Broker, vendor: VendorClient, job_id: str) -> None:
    """Publish a job that is rejected, again after each time that the lane was full, as a vendor does."""
    while True:
        try:
            vendor.publish(job(job_id=job_id, version=9), "batch")
        except MessageNacked:
            broker.wait_until(lambda held: held[BATCH] < MESSAGES)
        else:
            return


def test_a_vendor_that_fills_a_lane_is_refused_and_the_others_go_on(broker: Broker) -> None:
    """Nobody takes from the batch lane: what was confirmed is answered once a worker does."""
    with (
        VendorClient(broker.url("millesime"), "millesime") as filling,
        VendorClient(broker.url("sonate-opus"), "sonate-opus") as other,
    ):
        with broker.deployment.worker("--lane", "interactive"):
            confirmed = published_until_refused(filling, 50)
            assert len(confirmed) in (MIB // MAX_BODY_BYTES, MIB // MAX_BODY_BYTES + 1)
            other.publish(job(job_id="at-the-counter"))
            (message,) = other.replies(1)
            assert json.loads(message.body)["status"] == "completed"
            broker.wait_until(lambda held: held[BATCH] == len(confirmed))
        with broker.deployment.worker("--lane", "batch"):
            answered = [json.loads(message.body) for message in filling.replies(len(confirmed))]
            filling.publish(job(job_id="there-is-room"), "batch")
            (message,) = filling.replies(1)
    assert {reply["job_id"] for reply in answered} == set(confirmed)
    assert {reply["status"] for reply in answered} == {"completed"}
    assert json.loads(message.body)["job_id"] == "there-is-room"


def test_headers_do_not_pass_by_the_limit(broker: Broker) -> None:
    """RabbitMQ's limit in bytes does not count them before 4.3: a queue of 256 bytes would have 100 MiB on the disk, and go on."""
    confirmed = 0
    with VendorClient(broker.url("millesime"), "millesime") as filling, suppress(MessageNacked):
        while confirmed < 4 * MESSAGES:
            filling.publish(b"x", "batch", headers={"x-large": "x" * 100_000})
            confirmed += 1
    assert 0 < confirmed <= MESSAGES + 1


def test_a_vendor_that_reads_nothing_keeps_nobody_from_being_answered(broker: Broker) -> None:
    """Its replies fill its own queue, then that of undeliverable ones; its jobs, connector.dead; then they wait."""
    with (
        broker.deployment.worker("--concurrency", "10") as worker,
        VendorClient(broker.url("millesime"), "millesime") as silent,
        VendorClient(broker.url("sonate-opus"), "sonate-opus") as other,
    ):
        published = 3 * (MESSAGES + ROOM) + ROOM
        for number in range(published):
            publish_once_there_is_room(broker, silent, f"unread-{number}")
        worker.wait_for("nowhere_to_reply")
        for lane in ("batch", "interactive"):
            other.publish(job(job_id=f"other-{lane}"), lane)
            (message,) = other.replies(1)
            assert json.loads(message.body)["job_id"] == f"other-{lane}"
        full = ("replies.millesime", UNDELIVERABLE, DEAD)
        kept = broker.wait_until(lambda held: sum(held[queue] for queue in (*full, BATCH)) == published)
        read = {json.loads(each.body)["job_id"] for each in silent.replies(kept["replies.millesime"])}
    assert [MESSAGES <= kept[queue] <= MESSAGES + ROOM for queue in full] == [True] * 3
    assert kept[BATCH] > 0
    assert len(read) == kept["replies.millesime"]


def test_a_body_beyond_the_brokers_limit_reaches_no_worker_and_the_longest_envelope_passes(
    broker: Broker,
) -> None:
    broker.import_definitions()
    confirming = {"confirm_publish": True}
    with (
        broker.deployment.worker() as worker,
        VendorClient(broker.url("millesime"), "millesime") as vendor,
    ):
        with (
            Connection(broker.url("millesime"), transport_options=confirming) as connection,
            pytest.raises(PreconditionFailed, match="larger than configured max size"),
        ):
            connection.default_channel.basic_publish(
                job_message(b"x" * 2 * MIB), "verifications", "millesime.batch", mandatory=True
            )
        with Connection(broker.url("connector"), transport_options=confirming) as connection:
            connection.default_channel.basic_publish(
                amqp.Message(b"x" * MAX_ENVELOPE_BYTES, delivery_mode=2),
                "",
                deferred_queue(Lane.BATCH),
                mandatory=True,
            )
        worker.wait_for("unreadable_deferral")
        vendor.publish(job(job_id="after"))
        (message,) = vendor.replies(1)
        assert json.loads(message.body)["job_id"] == "after"
    assert sum("job.dead" in line for line in worker.said) == 1


def test_limits_are_policies_that_an_import_changes(broker: Broker) -> None:
    def limits() -> dict[str, Any]:
        listed = json.loads(broker.node.ctl("list_policies", "--formatter", "json"))
        definitions = {policy["name"]: json.loads(policy["definition"]) for policy in listed}
        return {
            name: found["max-length-bytes"]
            for name, found in definitions.items()
            if "max-length-bytes" in found
        }

    assert limits() == {f"ccas-connector.{family}": MIB for family in Family}
    said = broker.import_definitions("batch=7")
    assert limits() == {
        f"ccas-connector.{family}": (7 if family is Family.BATCH else DEFAULT_MIB[family]) * MIB
        for family in Family
    }
    # Two vendors have a reply queue each, and there is no overflow queue yet.
    queues = {Family.REPLIES: 2, Family.OVERFLOW: 0}
    total = 7 + sum(
        queues.get(family, 1) * DEFAULT_MIB[family] for family in Family if family is not Family.BATCH
    )
    assert f"in all, at most {total:,} MiB" in said
