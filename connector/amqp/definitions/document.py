"""A definitions file of RabbitMQ: users, rights, limits, policies, exchanges, queues and bindings of a deployment.

Its form is the one that ``rabbitmqctl export_definitions`` writes (https://www.rabbitmq.com/docs/definitions), which
RabbitMQ 3.10 and 4.x import, while they run or when they start.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Any, Final

from connector.amqp.definitions.limits import Family, Limit, policies_of
from connector.amqp.definitions.passwords import HASHING
from connector.amqp.definitions.rights import NOTHING, BrokerUser
from connector.amqp.recording import Objects
from connector.amqp.topology import REQUESTS

OF_USERS: Final = ("users", "permissions", "topic_permissions")
NO_LIMITS: Final[Mapping[Family, Limit]] = MappingProxyType({})


def definitions_of(
    objects: Objects,
    users: Iterable[BrokerUser],
    hashes: Mapping[str, str],
    vhost: str,
    limits: Mapping[Family, Limit] = NO_LIMITS,
) -> dict[str, Any]:
    """Return the definitions of a virtual host. Importing them adds and changes, and removes nothing."""
    every = tuple(users)
    return {
        "vhosts": [{"name": vhost}],
        "users": [
            {
                "name": user.name,
                "password_hash": hashes[user.name],
                "hashing_algorithm": HASHING,
                "tags": [],
                "limits": dict(user.limits),
            }
            for user in every
        ],
        "permissions": [
            {
                "user": user.name,
                "vhost": vhost,
                "configure": user.configure,
                "write": user.write,
                "read": user.read,
            }
            for user in every
        ],
        "topic_permissions": [
            {
                "user": user.name,
                "vhost": vhost,
                "exchange": REQUESTS,
                "write": user.routing_keys,
                "read": NOTHING,
            }
            for user in every
            if user.routing_keys is not None
        ],
        "policies": policies_of(limits, vhost),
        "exchanges": [
            {**asdict(exchange), "vhost": vhost, "internal": False} for exchange in objects.exchanges
        ],
        "queues": [{**asdict(queue), "vhost": vhost} for queue in objects.queues],
        "bindings": [{**asdict(binding), "vhost": vhost} for binding in objects.bindings],
    }


def in_two(definitions: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the objects, and the users with their rights, which are imported after them.

    RabbitMQ 4.3 refuses a right on the routing keys of an exchange that is not there, and imports exchanges after rights: the whole
    at once only where the exchange is there already (https://github.com/rabbitmq/rabbitmq-server/pull/14407). Vendors that are there
    without that right could publish under any name; so users come last.
    """
    objects = {name: value for name, value in definitions.items() if name not in OF_USERS}
    return objects, {name: value for name, value in definitions.items() if name in OF_USERS}
