"""What the suite's private nodes know when they start."""

from collections.abc import Iterable, Mapping
from typing import Any

from connector.amqp.declaration import recorded_topology
from connector.amqp.definitions.document import definitions_of
from connector.amqp.definitions.passwords import credentials_of
from connector.amqp.definitions.rights import users_of
from connector.amqp.recording import Objects

_NOTHING = Objects(exchanges=(), queues=(), bindings=())


def guest_and(passwords: Mapping[str, str], virtual_hosts: Iterable[str] = ()) -> dict[str, Any]:
    """Return the administrator ``guest``, and vendors with the rights of the contract; no exchange and no queue.

    Beside ``/``, where the vendors are, there are the ``virtual_hosts`` for the administrator alone.
    """
    users = users_of(recorded_topology(), passwords, worker="connector", operator="operator", limits={})
    hashes = credentials_of([user.name for user in users], passwords, {}).hashes
    definitions = definitions_of(_NOTHING, users, hashes, vhost="/")
    every = {"user": "guest", "configure": ".*", "write": ".*", "read": ".*"}
    definitions["users"].append({"name": "guest", "password": "guest", "tags": ["administrator"]})
    definitions["vhosts"] += [{"name": name} for name in virtual_hosts]
    definitions["permissions"] += [{**every, "vhost": name} for name in ("/", *virtual_hosts)]
    return definitions
