"""The rights of each user, as RabbitMQ reads them: patterns over names."""

import re

import pytest

from connector.amqp.declaration import recorded_topology, way_of_jobs
from connector.amqp.definitions.document import definitions_of
from connector.amqp.definitions.limits import limits_of, policies_of
from connector.amqp.definitions.rights import (
    BrokerUser,
    RightsError,
    operator_user,
    users_of,
    vendor_user,
    worker_user,
)

OBJECTS = recorded_topology({"sonate": (), "sonate-opus": ("guichet",)})
QUEUES = [queue.name for queue in OBJECTS.queues]
EXCHANGES = ["amq.default", "amq.topic", *(exchange.name for exchange in OBJECTS.exchanges)]


def open_to(pattern: str, names: list[str]) -> list[str]:
    # As RabbitMQ does: anywhere in the name.
    return [name for name in names if re.search(pattern, name)]


def test_a_vendor_reads_its_own_replies_and_writes_jobs_alone() -> None:
    user = vendor_user("sonate-opus", {})
    assert open_to(user.read, QUEUES) == ["replies.sonate-opus", "replies.sonate-opus.guichet"]
    assert open_to(user.write, EXCHANGES) == ["verifications"]
    assert open_to(user.configure, [*QUEUES, *EXCHANGES]) == []


@pytest.mark.parametrize(
    ("routing_key", "is_allowed"),
    [
        ("sonate.interactive", True),
        ("sonate.batch", True),
        ("sonate-opus.interactive", False),
        ("sonatex.interactive", False),
        ("x.sonate.interactive", False),
        ("sonate", False),
    ],
)
def test_a_vendor_publishes_under_its_own_name_alone(routing_key: str, *, is_allowed: bool) -> None:
    pattern = vendor_user("sonate", {}).routing_keys
    assert pattern is not None
    assert (re.search(pattern, routing_key) is not None) is is_allowed


def test_a_name_that_begins_another_s_reads_nothing_of_it() -> None:
    assert open_to(vendor_user("sonate", {}).read, [*QUEUES, "replies.sonate.x.y"]) == ["replies.sonate"]


def test_a_worker_declares_backlogs_alone() -> None:
    user = worker_user("connector", OBJECTS)
    backlog = "connector.backlog.batch.sonate.26920023600017"
    assert open_to(user.configure, [*QUEUES, *EXCHANGES, backlog]) == [backlog]
    # The delay queues are sealed jobs, as the queues are that these come back on.
    read = open_to(user.read, [*(queue for queue in QUEUES if "delay" not in queue), backlog])
    assert set(read) == {
        backlog,
        *(
            f"connector.{kind}.{lane}"
            for kind in ("deferred", "isolated")
            for lane in ("batch", "interactive")
        ),
        "connector.guard",
        "connector.journal",
        "verifications.batch",
        "verifications.interactive",
    }
    assert set(EXCHANGES) - set(open_to(user.write, EXCHANGES)) == {"amq.topic", "verifications"}


def test_a_worker_may_make_each_binding_of_the_way_of_jobs_and_no_other() -> None:
    """Which asks for the right to write to the destination, and to read the source."""
    user = worker_user("connector", OBJECTS)

    def may(source: str, destination: str) -> bool:
        return bool(open_to(user.read, [source]) and open_to(user.write, [destination]))

    assert all(may(binding.source, binding.destination) for binding in way_of_jobs(OBJECTS))
    assert not may("connector.dead", "connector.dead")
    for vendor in (vendor_user("sonate", {}), vendor_user("sonate-opus", {})):
        assert not any(
            open_to(vendor.read, [binding.source]) and open_to(vendor.write, [binding.destination])
            for binding in OBJECTS.bindings
        )


LONGEST_PATTERN = 1024
"""Of RabbitMQ 4.3, in bytes: ``rabbit_parameter_validation:regex/2``."""


def test_no_pattern_is_longer_than_a_broker_takes() -> None:
    users = (worker_user("w", OBJECTS), operator_user("o", OBJECTS), vendor_user("v" * 32, {}))
    patterns = [
        one for user in users for one in (user.configure, user.write, user.read, user.routing_keys or "")
    ]
    assert max(map(len, patterns)) <= LONGEST_PATTERN
    policies = policies_of(limits_of([]), "/")
    assert max(len(policy["pattern"]) for policy in policies) <= LONGEST_PATTERN


def test_an_operator_reads_dead_letters_alone() -> None:
    user = operator_user("operator", OBJECTS)
    assert open_to(user.read, QUEUES) == ["connector.dead", "connector.undeliverable"]
    assert open_to(user.write, EXCHANGES) == ["amq.default"]
    assert open_to(user.configure, [*QUEUES, *EXCHANGES]) == []


@pytest.mark.parametrize("user", [worker_user("w", OBJECTS), operator_user("o", OBJECTS)])
def test_ours_have_some_right_on_each_queue_that_they_look_at(user: BrokerUser) -> None:
    """RabbitMQ 4 shows a queue, passively declared, to nobody else."""
    seen = {name for pattern in (user.configure, user.write, user.read) for name in open_to(pattern, QUEUES)}
    assert user.name != "w" or set(QUEUES) == seen
    assert all(name.startswith("connector.delay") for name in set(QUEUES) - seen)


@pytest.mark.parametrize(
    ("worker", "operator"), [("sonate", "operator"), ("connector", "sonate"), ("a", "a")]
)
def test_two_users_do_not_share_a_name(worker: str, operator: str) -> None:
    with pytest.raises(RightsError, match="two users would be named"):
        users_of(OBJECTS, ["sonate"], worker=worker, operator=operator, limits={})


def test_definitions_hold_every_object_and_user_on_their_virtual_host() -> None:
    users = users_of(OBJECTS, ["sonate"], worker="w", operator="o", limits={"max-connections": 3})
    found = definitions_of(OBJECTS, users, {"w": "1", "o": "2", "sonate": "3"}, vhost="ccas")

    assert [user["name"] for user in found["users"]] == ["w", "o", "sonate"]
    assert [user["limits"] for user in found["users"]] == [{}, {}, {"max-connections": 3}]
    assert [queue["name"] for queue in found["queues"]] == QUEUES
    assert {each["vhost"] for kind in found if kind not in ("vhosts", "users") for each in found[kind]} == {
        "ccas"
    }
    assert [each["user"] for each in found["topic_permissions"]] == ["sonate"]
