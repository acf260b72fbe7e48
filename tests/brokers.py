"""What the suite's private nodes know when they start."""

import json
from collections.abc import Iterable, Mapping
from tempfile import NamedTemporaryFile
from typing import Any

from connector.amqp.declaration import recorded_topology
from connector.amqp.definitions.document import definitions_of
from connector.amqp.definitions.passwords import credentials_of
from connector.amqp.definitions.rights import users_of
from connector.amqp.recording import Objects
from connector.amqp.topology import REQUESTS
from connector.demo.node import RabbitNode
from connector.demo.private import NodeError

PASSWORDS = {vendor: f"{vendor}-password" for vendor in ("millesime", "sonate-opus", "nouveau")}
"""Of the vendors on the suite's own nodes."""
_ENTRY = Objects(
    exchanges=tuple(one for one in recorded_topology().exchanges if one.name == REQUESTS),
    queues=(),
    bindings=(),
)
"""Without it RabbitMQ 4.3 knows of no rights on its routing keys."""
_IMPORT = 'begin {{ok, Body}} = file:read_file("{}"), ok = rabbit_definitions:import_raw(Body), [] end'
_RESET = """begin
    Reset = case code:ensure_loaded(rabbit_db) of
        {module, _} -> fun rabbit_db:reset/0;
        _ -> fun rabbit_mnesia:reset/0
    end,
    AsStarted = persistent_term:get(as_started, application:get_all_env(rabbit)),
    persistent_term:put(as_started, AsStarted),
    rabbit:await_startup(), ok = rabbit:stop(), ok = Reset(),
    application:set_env([{rabbit, AsStarted}]),
    Start = fun Again() ->
        ok = rabbit:start(),
        rabbit:is_running() orelse (begin timer:sleep(100), Again() end)
    end,
    Start(), []
end"""
"""Starting does nothing while an earlier start, though it takes connections, has not said that it is over."""


def guest_and(passwords: Mapping[str, str], virtual_hosts: Iterable[str] = ()) -> dict[str, Any]:
    """Return the administrator ``guest``, and vendors with the rights of the contract; no queue, and of exchanges the vendors' alone.

    Beside ``/``, where the vendors are, there are the ``virtual_hosts`` for the administrator alone.
    """
    users = users_of(recorded_topology(), passwords, worker="connector", operator="operator", limits={})
    hashes = credentials_of([user.name for user in users], passwords, {}).hashes
    definitions = definitions_of(_ENTRY, users, hashes, vhost="/")
    every = {"user": "guest", "configure": ".*", "write": ".*", "read": ".*"}
    definitions["users"].append({"name": "guest", "password": "guest", "tags": ["administrator"]})
    definitions["vhosts"] += [{"name": name} for name in virtual_hosts]
    definitions["permissions"] += [{**every, "vhost": name} for name in ("/", *virtual_hosts)]
    return definitions


def import_definitions(node: RabbitNode, definitions: Mapping[str, Any]) -> None:
    """Have a node that runs learn more; ``reset`` takes it away again. Raises ``NodeError``."""
    with NamedTemporaryFile("w") as file:
        json.dump(definitions, file)
        file.flush()
        node.evaluate(_IMPORT.format(file.name))


def reset(node: RabbitNode) -> None:
    """Bring a node back to what it knew when it started first, as a new one does: a sixth of a start's CPU time.

    One that was left stopped, or cannot be brought back, begins anew. Raises ``NodeError``.
    """
    try:
        node.evaluate(_RESET)
    except NodeError:
        node.kill()
        node.forget()
        node.start()
