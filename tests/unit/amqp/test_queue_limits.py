"""What queues may hold: each has one limit, or a reason to have none."""

import re

import pytest

from connector.amqp.declaration import recorded_topology
from connector.amqp.definitions.limits import (
    DEFAULT_MIB,
    PATTERNS,
    UNLIMITED,
    Family,
    LimitError,
    limits_of,
    policies_of,
    spaces_of,
)
from connector.amqp.topology import DEAD, overflow_queue
from connector.jobs.records import Flow

OBJECTS = recorded_topology({"sonate": (), "sonate-opus": ("guichet",)})
QUEUES = [
    *(queue.name for queue in OBJECTS.queues),
    overflow_queue(Flow("batch", "sonate", "26920023600017")),
]


@pytest.mark.parametrize("queue", QUEUES)
def test_each_queue_has_one_limit_or_is_known_to_have_none(queue: str) -> None:
    """RabbitMQ applies one policy alone to a queue."""
    found = [family for family, pattern in PATTERNS.items() if re.search(pattern, queue)]
    assert len(found) == (0 if queue.startswith(UNLIMITED) else 1)


def test_each_family_has_queues() -> None:
    for pattern in PATTERNS.values():
        assert any(re.search(pattern, queue) for queue in QUEUES)


def test_a_limit_is_of_bytes_and_of_messages() -> None:
    """A job without a body, and with headers, would pass by a limit of bytes."""
    policies = {policy["name"]: policy for policy in policies_of(limits_of([]), "ccas")}
    assert policies.keys() == {f"ccas-connector.{family}" for family in (*Family, "unlimited")}
    batch = policies["ccas-connector.batch"]
    assert batch["definition"] == {
        "max-length": 131_072,
        "max-length-bytes": 512 * 1024 * 1024,
        "queue-leader-locator": "balanced",
    }
    assert (batch["vhost"], batch["apply-to"], batch["priority"]) == ("ccas", "queues", 10)


def test_a_host_chooses_a_family_s_limit() -> None:
    limits = limits_of(["batch=1024", "overflow=1"])
    assert limits[Family.BATCH].definition == {"max-length": 262_144, "max-length-bytes": 1024**3}
    assert limits[Family.OVERFLOW].messages == 256
    assert limits[Family.DEAD].mebibytes == DEFAULT_MIB[Family.DEAD]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("batch", "give whole MiB"),
        ("batch=", "give whole MiB"),
        ("batch=0", "from 1 to 1048576"),
        ("batch=-1", "from 1 to 1048576"),
        ("batch=1.5", "give whole MiB"),
        ("batch=٣", "give whole MiB"),
        ("batch=1048577", "from 1 to 1048576"),
        ("batch=512MiB", "give whole MiB"),
        ("backlog=3", "backlog is none of interactive, batch"),
        ("=3", "nothing is none of"),
        ("", "nothing is none of"),
    ],
)
def test_a_limit_that_cannot_serve_is_said_so(given: str, said: str) -> None:
    with pytest.raises(LimitError, match=said):
        limits_of([given])


def test_the_sum_counts_every_queue() -> None:
    spaces = {space.family: space for space in spaces_of(limits_of(["replies=10"]), OBJECTS, 7)}
    assert (spaces[Family.REPLIES].queues, spaces[Family.REPLIES].mebibytes) == (3, 30)
    assert (spaces[Family.OVERFLOW].queues, spaces[Family.OVERFLOW].mebibytes) == (7, 7 * 256)
    assert {spaces[family].queues for family in Family} == {1, 3, 7}
    assert spaces[Family.DEAD].mebibytes == DEFAULT_MIB[Family.DEAD], DEAD


@pytest.mark.parametrize("queue", QUEUES)
def test_each_queue_has_one_policy_which_spreads_its_leaders(queue: str) -> None:
    policies = policies_of(limits_of([]), "ccas")
    (found,) = (policy for policy in policies if re.search(policy["pattern"], queue))
    assert found["definition"]["queue-leader-locator"] == "balanced"
