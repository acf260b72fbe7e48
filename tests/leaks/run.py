"""One run: a worker, every path or some of them, and afterwards all that was written, by the place it lies in."""

import json
import re
import sqlite3
import tempfile
import urllib.request
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path as File
from typing import Any, Final

from kombu import Connection
from pydantic import SecretStr

from connector.demo.deployment import PROGRAM, Deployment
from connector.demo.node import RabbitNode
from connector.demo.vendor import VendorClient
from connector.journal.store import JournalStore, Wanted
from connector.messaging.delivery import TRACE_HEADERS
from connector.messaging.settle import ROUTING_KEY_HEADER, USER_HEADER
from connector.messaging.topology import delay_queues
from connector.registry.database import open_database
from tests.leaks.canaries import PERSON, REFERENCES, STRAYS, Canary, secrets_of
from tests.leaks.noting import CRASHED, NOTES, NOTES_VARIABLE
from tests.leaks.paths import DEAD, PUT_OFF, REPLIES, UNDELIVERABLE, UNROUTED, Path
from tests.sentry import LocalSentry

EVENTS, TRANSACTIONS, CHECK_INS = "events", "transactions", "check-ins"
REJECTED = "rejections"
_KINDS: Final = {EVENTS: "event", TRANSACTIONS: "transaction", CHECK_INS: "check_in"}
LOGS, ENVELOPES, METRICS = "logs", "envelopes", "metrics"
JOURNAL, HEADERS, SEALED = "journal rows", "headers of dead letters", "sealed messages"
CARRIED: Final = frozenset({*TRACE_HEADERS, ROUTING_KEY_HEADER, USER_HEADER, "correlation_id", "reply_to"})
"""What a dead letter keeps of what its vendor wrote, for its replay and its reply, beside its body: on a queue that
operators alone may read, and in no listing."""
_PATIENCE: Final = 100_000
"""Looks at what is waited for before a run gives up."""


@dataclass(frozen=True, kw_only=True)
class Host:
    """What runs share."""

    node: RabbitNode
    deployed: Deployment
    user: str
    password: str = field(repr=False)

    @property
    def broker_url(self) -> str:
        """Of the worker, with the password that is a canary."""
        return self.node.url(self.user, self.password)


@dataclass(kw_only=True)
class Run:
    """What a run left behind, by place, and what it answered."""

    environment: Mapping[str, str] = field(repr=False)
    places: dict[str, bytes] = field(default_factory=dict, repr=False)
    replies: list[dict[str, Any]] = field(default_factory=list, repr=False)
    crashed: set[str] = field(default_factory=set)
    sentry_items: Counter[str] = field(default_factory=Counter)


def run(host: Host, paths: Sequence[Path], folder: File, *options: str, log_format: str = "json") -> Run:
    """Send the paths through a worker of this test, with its ``options``; return what it left."""
    _empty(host.node)
    notes = File(tempfile.mkdtemp(dir=folder))
    settings = {
        "CONNECTOR_BROKER_URL": host.broker_url,
        "CONNECTOR_DATABASE_URL": f"sqlite:///{_copied(host.deployed, notes)}",
        "CONNECTOR_LOG_FORMAT": log_format,
        "CONNECTOR_SENTRY_TRACE_SAMPLE_RATE": "1.0",
        NOTES_VARIABLE: str(notes),
    }
    done = Run(environment={**host.deployed.environment, **settings})
    with ExitStack() as stack:
        sentry = stack.enter_context(LocalSentry())
        command = [PROGRAM[0], "-m", "tests.leaks.worker", *options, "--http", "0", "--log-level", "DEBUG"]
        worker = host.deployed.start(*command, settings={**settings, "CONNECTOR_SENTRY_DSN": sentry.dsn})
        stack.enter_context(worker)
        address = re.findall(r"http://[0-9.:]+", worker.wait_for("health.listening"))[0]
        worker.wait_for("worker.ready")
        done.replies = _sent(host.node, paths)
        with urllib.request.urlopen(f"{address}/metrics", timeout=30) as answer:  # noqa: S310 - on loopback
            done.places[METRICS] = answer.read()
        worker.stop()
        done.places[LOGS] = "".join(worker.said).encode()
        done.places[ENVELOPES] = b"\n".join(sentry.raw)
        for place, kind in _KINDS.items():
            items = sentry.items(kind)
            done.places[place] = json.dumps(items, ensure_ascii=False).encode()
            done.sentry_items[kind] = len(items)
    for kind in NOTES:
        done.places[kind] = _read(notes / kind)
    done.crashed = set(_read(notes / CRASHED).decode().split())
    rejected = [reply for reply in done.replies if reply["status"] == "rejected"]
    done.places[REJECTED] = json.dumps([(each["job_id"], each["tenant"]) for each in rejected]).encode()
    done.places[JOURNAL] = _rows(settings["CONNECTOR_DATABASE_URL"])
    done.places |= _lying(host.node)
    return done


def sought(done: Run, place: str) -> tuple[Canary, ...]:
    """Return the canaries that must not be in a place: who asks, and for what, is the journal's to tell."""
    references = () if place == JOURNAL else REFERENCES
    return (*PERSON, *references, *STRAYS, *secrets_of(done.environment))


def _sent(node: RabbitNode, paths: Sequence[Path]) -> list[dict[str, Any]]:
    """Publish the paths, and return the replies once each message is where it ends."""
    ends = Counter(path.ends_in for path in paths)
    with VendorClient(node.url(), "millesime") as vendor, Connection(node.url()) as connection:
        if ends[UNDELIVERABLE]:
            connection.default_channel.queue_delete(UNROUTED)
        for path in paths:
            key = path.routing_key or f"{path.vendor}.{path.lane}"
            vendor.publish(path.body, routing_key=key, headers=path.headers, **path.properties)
        replies = [json.loads(message.body) for message in vendor.replies(ends[REPLIES], timeout_seconds=60)]
        for queue in (DEAD, UNDELIVERABLE):
            _until(partial(_holds, vendor, queue, ends[queue]))
        _until(lambda: sum(map(vendor.depth, delay_queues())) >= ends[PUT_OFF])
    return replies


def _holds(vendor: VendorClient, queue: str, count: int) -> bool:
    return vendor.depth(queue) >= count


def _until(condition: Callable[[], bool]) -> None:
    for _ in range(_PATIENCE):
        if condition():
            return
    raise AssertionError("what was waited for did not happen")


def _copied(deployed: Deployment, folder: File) -> File:
    """Return a copy of the registry for one run: what is remembered and noted is that run's own."""
    database = folder / "registry.db"
    source = sqlite3.connect(deployed.environment["CONNECTOR_DATABASE_URL"].removeprefix("sqlite:///"))
    source.execute("VACUUM INTO ?", (str(database),))
    source.close()
    return database


def _rows(url: str) -> bytes:
    engine = open_database(SecretStr(url))
    rows = [json.dumps(asdict(row), default=str) for row in JournalStore(engine).each(Wanted())]
    engine.dispose()
    return "\n".join(rows).encode()


def _read(path: File) -> bytes:
    return path.read_bytes() if path.exists() else b""


def _names(node: RabbitNode) -> list[str]:
    return [line.strip() for line in node.ctl("list_queues", "name", "--no-table-headers").splitlines()]


def _empty(node: RabbitNode) -> None:
    with Connection(node.url()) as connection:
        for name in _names(node):
            connection.default_channel.queue_purge(name)


def _lying(node: RabbitNode) -> dict[str, bytes]:
    """Return what is ours of the messages that lie on the broker, which stay there."""
    headers: list[str] = []
    sealed: list[bytes] = []
    with Connection(node.url()) as connection:
        channel = connection.default_channel
        channel.auto_decode = False
        for name in _names(node):
            while (message := channel.basic_get(name)) is not None:
                if name in {DEAD, UNDELIVERABLE}:
                    # What the broker itself put there, under a vendor's own exchange, is the vendor's message alone.
                    if not message.delivery_info["exchange"]:
                        headers.append(repr(_ours(message.properties)))
                elif not name.startswith("replies."):
                    sealed += [name.encode(), bytes(message.body), repr(message.properties).encode()]
    return {HEADERS: "\n".join(headers).encode(), SEALED: b"\n".join(sealed)}


def _ours(properties: Mapping[str, Any]) -> dict[str, Any]:
    headers = properties.get("application_headers") or {}
    every = {
        **{name: value for name, value in properties.items() if name != "application_headers"},
        **headers,
    }
    return {name: value for name, value in every.items() if name not in CARRIED}
