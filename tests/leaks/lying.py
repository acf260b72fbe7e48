"""What lies about once a run is over: on the broker, in the shared state, in the journal."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any, Final

from kombu import Connection
from pydantic import SecretStr
from redis import Redis

from connector.amqp.kept_headers import ROUTING_KEY_HEADER, USER_HEADER
from connector.amqp.topology import GUARD
from connector.demo.node import RabbitNode
from connector.jobs.delivery import TRACE_HEADERS
from connector.storage.database import open_database
from connector.storage.journal.store import JournalStore, Wanted
from tests.leaks.paths import DEAD, UNDELIVERABLE

HEADERS, SEALED = "headers of dead letters", "sealed messages"
CARRIED: Final = frozenset({*TRACE_HEADERS, ROUTING_KEY_HEADER, USER_HEADER, "correlation_id", "reply_to"})
"""What a dead letter keeps of what its vendor wrote, for its replay and its reply, beside its body: on a queue that
operators alone may read, and in no listing."""
_THE_VENDORS: Final = ("verifications.", "replies.")
"""What the names of the queues begin with on which messages are as their vendor wrote them, or is to read them."""
_DEFERRED: Final = (b"connector.delay", b"connector.deferred.")
"""What the names of the queues begin with on which a deferred message waits."""
_LOOKS: Final = 10_000
_READ_WHOLE: Final[Mapping[bytes, Callable[[Any, bytes], object]]] = {
    b"string": lambda redis, key: redis.get(key),
    b"hash": lambda redis, key: redis.hgetall(key),
    b"list": lambda redis, key: redis.lrange(key, 0, -1),
    b"set": lambda redis, key: redis.smembers(key),
    b"zset": lambda redis, key: redis.zrange(key, 0, -1, withscores=True),
}


def empty(node: RabbitNode) -> None:
    """Purge every queue."""
    with Connection(node.url()) as connection:
        for name in node.queue_names():
            connection.default_channel.queue_purge(name)


def lying_on_broker(node: RabbitNode, *, deferred: int = 0) -> dict[str, bytes]:
    """Return what is ours of the messages that lie on the broker, which stay there.

    Between two delays a message is on no queue, or on one that was looked at before: the queues are looked at again until
    ``deferred`` deferred messages were found. Those that were seen are held, so none is seen twice.
    """
    headers: list[str] = []
    sealed: list[bytes] = []
    with Connection(node.url()) as connection:
        channel = connection.default_channel
        channel.auto_decode = False
        for name in _looks(node, sealed, deferred):
            while (message := channel.basic_get(name)) is not None:
                if name in {DEAD, UNDELIVERABLE}:
                    # What the broker itself put there, under a vendor's own exchange, is the vendor's message alone.
                    if not message.delivery_info["exchange"]:
                        headers.append(repr(_ours(message.properties)))
                elif not name.startswith(_THE_VENDORS):
                    sealed += [name.encode(), bytes(message.body), repr(message.properties).encode()]
    return {HEADERS: "\n".join(headers).encode(), SEALED: b"\n".join(sealed)}


def _looks(node: RabbitNode, sealed: list[bytes], deferred: int) -> Iterator[str]:
    # Of the workers' guard nobody may take but its single active consumer.
    names = [name for name in node.queue_names() if name != GUARD]
    for _ in range(_LOOKS):
        yield from names
        if sum(queue.startswith(_DEFERRED) for queue in sealed[::3]) >= deferred:
            return
    raise AssertionError(f"{deferred} deferred messages are not on the broker")


def lying_in_redis(url: str) -> bytes:
    """Return every key of a Redis with its value."""
    with Redis.from_url(url) as redis:
        held = [(key, _READ_WHOLE[redis.type(key)](redis, key)) for key in redis.scan_iter()]
    return "\n".join(map(repr, held)).encode()


def journal_rows(url: str) -> bytes:
    """Return the records of a database's journal, a line each."""
    engine = open_database(SecretStr(url))
    rows = [json.dumps(asdict(row), default=str) for row in JournalStore(engine).each(Wanted())]
    engine.dispose()
    return "\n".join(rows).encode()


def _ours(properties: Mapping[str, Any]) -> dict[str, Any]:
    headers = properties.get("application_headers") or {}
    every = {
        **{name: value for name, value in properties.items() if name != "application_headers"},
        **headers,
    }
    return {name: value for name, value in every.items() if name not in CARRIED}
