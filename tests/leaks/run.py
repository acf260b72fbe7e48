"""One run: a worker, every path or some of them, and afterwards all that was written, by the place it lies in."""

import json
import re
import sqlite3
import tempfile
import urllib.request
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path as File
from typing import Any, Final

from connector.demo.deployment import PROGRAM, Deployment
from connector.demo.node import RabbitNode
from tests.leaks.canaries import PERSON, REFERENCES, STRAYS, Canary, secrets_of
from tests.leaks.lying import empty, journal_rows, lying_in_redis, lying_on_broker
from tests.leaks.noting import CRASHED, NOTES, NOTES_VARIABLE
from tests.leaks.paths import PUT_OFF, Path
from tests.leaks.sending import answered, have_come_back, left
from tests.sentry import LocalSentry
from tests.servers.redis_node import RedisNode

EVENTS, TRANSACTIONS, CHECK_INS = "events", "transactions", "check-ins"
REJECTED = "rejections"
_KINDS: Final = {EVENTS: "event", TRANSACTIONS: "transaction", CHECK_INS: "check_in"}
LOGS, ENVELOPES, METRICS = "logs", "envelopes", "metrics"
JOURNAL, SHARED = "journal rows", "shared state"
_OPTIONS: Final = ("--http", "0", "--log-level", "DEBUG", "--drain-seconds", "2")
"""What is still in flight at the end waits for a quota: it goes back, and is found where it lies."""


@dataclass(frozen=True, kw_only=True)
class Host:
    """What runs share."""

    node: RabbitNode
    redis: RedisNode
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


def run(
    host: Host,
    paths: Sequence[Path],
    folder: File,
    *options: str,
    log_format: str = "json",
    is_shared: bool = False,
) -> Run:
    """Send the paths through a worker of this test, with its ``options``; return what it left.

    ``is_shared``: the worker is one of several that share state.
    """
    empty(host.node)
    notes = File(tempfile.mkdtemp(dir=folder))
    settings = {
        "CONNECTOR_BROKER_URL": host.broker_url,
        "CONNECTOR_DATABASE_URL": f"sqlite:///{copied(host.deployed, notes)}",
        "CONNECTOR_LOG_FORMAT": log_format,
        "CONNECTOR_SENTRY_TRACE_SAMPLE_RATE": "1.0",
        NOTES_VARIABLE: str(notes),
        **({"CONNECTOR_REDIS_URL": host.redis.url()} if is_shared else {}),
    }
    done = Run(environment={**host.deployed.environment, **settings})
    with ExitStack() as stack:
        sentry = stack.enter_context(LocalSentry())
        command = [PROGRAM[0], "-m", "tests.leaks.worker", *options, *_OPTIONS]
        worker = host.deployed.start(*command, settings={**settings, "CONNECTOR_SENTRY_DSN": sentry.dsn})
        stack.enter_context(worker)
        address = re.findall(r"http://[0-9.:]+", worker.wait_for("health.listening"))[0]
        worker.wait_for("worker.ready")
        done.replies = answered(host.node, paths)
        left(host.node, paths, worker)
        with urllib.request.urlopen(f"{address}/metrics", timeout=30) as answer:  # noqa: S310 - on loopback
            done.places[METRICS] = answer.read()
        done.places[SHARED] = lying_in_redis(host.redis.url()) if is_shared else b""
        worker.stop()
        have_come_back(host.node, paths)
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
    done.places[JOURNAL] = journal_rows(settings["CONNECTOR_DATABASE_URL"])
    deferred = sum(path.ends_in == PUT_OFF for path in paths)
    done.places |= lying_on_broker(host.node, deferred=deferred)
    return done


def sought(done: Run, place: str) -> tuple[Canary, ...]:
    """Return the canaries that must not be in a place: who asks, and for what, is the journal's to tell."""
    references = () if place == JOURNAL else REFERENCES
    return (*PERSON, *references, *STRAYS, *secrets_of(done.environment))


def copied(deployed: Deployment, folder: File) -> File:
    """Return a copy of the registry for one run: what is remembered and noted is that run's own."""
    database = folder / "registry.db"
    source = sqlite3.connect(deployed.environment["CONNECTOR_DATABASE_URL"].removeprefix("sqlite:///"))
    source.execute("VACUUM INTO ?", (str(database),))
    source.close()
    return database


def _read(path: File) -> bytes:
    return path.read_bytes() if path.exists() else b""
