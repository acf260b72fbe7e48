"""What one tenant's campaign costs the others: a few batch jobs behind it, and a counter that asks every second.

Two worker processes, one for each lane, as in a deployment. First the few jobs and the counter, each alone; then both
beside the campaign, in the same run.
"""

import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final, Self

from connector.demo.deployment import Deployment
from connector.demo.node import RabbitNode
from tests.bench.campaign import publish
from tests.chaos.background import connected
from tests.jobs import job
from tests.servers.redis_node import RedisNode
from tests.town import import_town, sirets

LATENCY_SECONDS: Final = 0.05
TOKEN_QUOTA: Final = "20/s,250/min"
"""Today's and the announced one: what a tenant may call once both are in force."""
FEW: Final = 100
_CAMPAIGNER, _OTHER, _COUNTER = sirets(3)
_VENDOR: Final = "sonate-opus"
"""Of the others: the campaign's replies go to another queue."""
_PATIENCE_SECONDS: Final = 300.0
_LOOK_SECONDS: Final = 0.2
_SIGNIFICANT: Final = 20


class Replies:
    """Notes when each reply of a vendor comes."""

    def __init__(self, url: str, vendor: str) -> None:
        self._url = url
        self._queue = f"replies.{vendor}"
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._came: dict[str, float] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stopping.set()
        self._thread.join()

    def when_all(self, job_ids: Iterable[str]) -> Mapping[str, float]:
        """Return when the reply of each job came, once all have; raises ``TimeoutError``."""
        wanted = list(job_ids)
        with self._changed:
            if not self._changed.wait_for(
                lambda: all(one in self._came for one in wanted), _PATIENCE_SECONDS
            ):
                raise TimeoutError(f"{sum(one not in self._came for one in wanted)} replies did not come")
            return {one: self._came[one] for one in wanted}

    def _read(self) -> None:
        with connected(self._url) as connection:
            channel = connection.channel()
            channel.basic_consume(self._queue, callback=self._note, no_ack=True)
            while not self._stopping.is_set():
                try:
                    connection.drain_events(timeout=_LOOK_SECONDS)
                except TimeoutError:
                    continue

    def _note(self, message: Any) -> None:
        reply = json.loads(message.body)
        if reply["status"] != "completed":
            raise AssertionError(f"a job ended as {reply['status']}")
        with self._changed:
            self._came[reply["job_id"]] = time.monotonic()
            self._changed.notify_all()


class Counter:
    """Sends an interactive job every second, from when it is entered until it is left."""

    def __init__(self, port: int, name: str) -> None:
        self._port = port
        self._name = name
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self.sent: dict[str, float] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _ask(self) -> None:
        number = 0
        while not self._stopping.wait(1.0):
            job_id = f"{self._name}-{number}"
            self.sent[job_id] = time.monotonic()
            publish(self._port, _VENDOR, "interactive", [job(job_id=job_id, tenant=_COUNTER)])
            number += 1


def fairness(campaign: int, counter_seconds: float, journal: Mapping[str, str]) -> dict[str, Any]:
    """Measure beside a campaign of so many jobs, and for so many seconds at the counter."""
    with (
        RabbitNode() as node,
        RedisNode() as redis,
        Deployment(node.url(), ["--latency", str(LATENCY_SECONDS)]) as deployment,
    ):
        import_town(deployment, [_CAMPAIGNER])
        import_town(deployment, [_OTHER, _COUNTER], _VENDOR)
        settings = {
            "CONNECTOR_TOKEN_QUOTA": TOKEN_QUOTA,
            "CONNECTOR_REDIS_URL": redis.url(),
            **journal,
        }
        with (
            deployment.worker("--lane", "interactive", settings=settings),
            deployment.worker("--lane", "batch", settings=settings),
            Replies(node.url(), _VENDOR) as replies,
        ):
            with Counter(node.port, "counter-alone") as counter:
                time.sleep(counter_seconds)
            counter_alone = _p95(counter, replies)
            few_alone = _seconds_for_few(node.port, replies, "few-alone")
            with Counter(node.port, "counter-beside") as counter:
                published_in = _start_campaign(node.port, campaign)
                begun = time.monotonic()
                few_beside = _seconds_for_few(node.port, replies, "few-beside")
                time.sleep(max(0.0, counter_seconds - (time.monotonic() - begun)))
            counter_beside = _p95(counter, replies)
    return {
        "has_journal": bool(journal),
        "campaign": campaign,
        "token_quota": TOKEN_QUOTA,
        "published_in_seconds": round(published_in, 1),
        "few": FEW,
        "few_alone_seconds": round(few_alone, 2),
        "few_beside_seconds": round(few_beside, 2),
        "few_beside_to_alone": round(few_beside / few_alone, 3),
        "counter_jobs_beside": len(counter.sent),
        "counter_p95_alone_seconds": round(counter_alone, 4),
        "counter_p95_beside_seconds": round(counter_beside, 4),
        "counter_beside_to_alone": round(counter_beside / counter_alone, 3),
    }


def _start_campaign(port: int, size: int) -> float:
    """Publish the campaign from another process, as another vendor's product would; return the seconds it took.

    That product has a machine of its own: here it gives way to what is measured.
    """
    started = time.monotonic()
    subprocess.run(
        ["nice", "-n", "19", sys.executable, "-m", "tests.bench.fairness", str(port), str(size)], check=True
    )
    return time.monotonic() - started


def _seconds_for_few(port: int, replies: Replies, name: str) -> float:
    job_ids = [f"{name}-{number}" for number in range(FEW)]
    begun = time.monotonic()
    publish(port, _VENDOR, "batch", (job(job_id=job_id, tenant=_OTHER) for job_id in job_ids))
    return max(replies.when_all(job_ids).values()) - begun


def _p95(counter: Counter, replies: Replies) -> float:
    came = replies.when_all(counter.sent)
    waits = [came[job_id] - sent for job_id, sent in counter.sent.items()]
    if len(waits) < _SIGNIFICANT:
        raise AssertionError(f"{len(waits)} jobs at the counter are too few for a 95th percentile")
    return statistics.quantiles(waits, n=20)[-1]


if __name__ == "__main__":
    publish(
        int(sys.argv[1]),
        "millesime",
        "batch",
        (job(job_id=f"campaign-{number}", tenant=_CAMPAIGNER) for number in range(int(sys.argv[2]))),
    )
