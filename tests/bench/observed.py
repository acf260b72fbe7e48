"""What it costs to see what a worker does: CPU per job with everything observed, beside nothing, in the same run.

The workload is that of ``tests.bench.cpu``. Rounds alternate, since a machine's speed drifts; each begins with a database
and a worker of its own.
"""

import os
import statistics
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import httpx
from kombu import Connection

from connector.demo.deployment import CLAMART, PROGRAM, Deployment
from connector.demo.node import RabbitNode
from connector.demo.program import Program
from connector.demo.vendor import VendorClient
from connector.storage.journal.keys import new_key
from tests.bench.cpu import CONCURRENCY, Figures, check_replies, measure, publish_jobs
from tests.sentry import LocalSentry

SCRAPE_EVERY_SECONDS: Final = 1.0
"""Fifteen times as often as Prometheus would."""
_REPLIES: Final = "replies.millesime"


@dataclass(frozen=True, slots=True)
class Arm:
    """One of the two ways in which the worker runs."""

    name: str
    options: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    is_scraped: bool = False


NOTHING: Final = Arm("off")


def everything(sentry: LocalSentry) -> Arm:
    """Return the worker whose metrics are scraped, with a journal, and a Sentry that takes one trace in a hundred."""
    settings = {
        "CONNECTOR_JOURNAL_KEY": new_key(),
        "CONNECTOR_SENTRY_DSN": sentry.dsn,
        "CONNECTOR_SENTRY_TRACE_SAMPLE_RATE": "0.01",
    }
    return Arm("on", options=("--http", "0"), settings=settings, is_scraped=True)


class Scraper:
    """Reads a worker's metrics as Prometheus does, and counts."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.scrapes = 0
        self.series = 0
        """Of the last scrape."""

    @contextmanager
    def running(self) -> Iterator[None]:
        """Scrape until left."""
        self._thread.start()
        try:
            yield
        finally:
            self._ended.set()
            self._thread.join()

    def _run(self) -> None:
        with httpx.Client(trust_env=False) as client:
            while not self._ended.wait(SCRAPE_EVERY_SECONDS):
                lines = client.get(f"{self._address}/metrics").raise_for_status().text.splitlines()
                self.scrapes += 1
                self.series = sum(not line.startswith("#") for line in lines)


def observed(rounds: int, jobs: int, warm_up: int) -> dict[str, Any]:
    """Measure both arms ``rounds`` times, in turn."""
    told: list[dict[str, int]] = []
    with ExitStack() as stack:
        sentry = stack.enter_context(LocalSentry())
        observing = everything(sentry)
        measured: dict[str, list[Figures]] = {NOTHING.name: [], observing.name: []}
        node = stack.enter_context(RabbitNode())
        upstream = stack.enter_context(Program([PROGRAM[0], "-m", "tests.bench.upstream"], os.environ))
        url = f"http://127.0.0.1:{upstream.wait_for('upstream ready').split()[-1]}"
        for number in range(rounds):
            # Neither arm always comes first.
            for arm in (NOTHING, observing) if number % 2 == 0 else (observing, NOTHING):
                figures, scraper = _round(arm, node, url, jobs, warm_up)
                measured[arm.name].append(figures)
                if scraper is not None:
                    told.append({"scrapes": scraper.scrapes, "series": scraper.series})
    medians = {
        name: statistics.median(one.cpu_ms_per_job for one in figures) for name, figures in measured.items()
    }
    return {
        "jobs": jobs,
        "concurrency": CONCURRENCY,
        "rounds": {name: [asdict(one) for one in figures] for name, figures in measured.items()},
        "scraped": told,
        "traces": len(sentry.items("transaction")),
        "cpu_ms_per_job": medians,
        "on_to_off": round(medians[observing.name] / medians[NOTHING.name], 3),
    }


def _round(
    arm: Arm, node: RabbitNode, upstream_url: str, jobs: int, warm_up: int
) -> tuple[Figures, Scraper | None]:
    with (
        Deployment(node.url()) as deployment,
        VendorClient(node.url(), "millesime") as vendor,
        Connection(node.url()) as connection,
    ):
        deployment.command("topology", "declare")
        connection.default_channel.queue_purge(_REPLIES)
        publish_jobs(vendor, jobs)
        settings = {"CONNECTOR_API_PARTICULIER_URL": upstream_url, **arm.settings}
        options = ("--lane", "interactive", "--concurrency", str(CONCURRENCY), *arm.options)
        with deployment.worker(*options, settings=settings) as worker, ExitStack() as beside:
            scraper = Scraper(_address(worker)) if arm.is_scraped else None
            if scraper is not None:
                beside.enter_context(scraper.running())
            figures = measure(arm.name, worker.pid, lambda: vendor.depth(_REPLIES), jobs, warm_up)
        check_replies(vendor)
        _check_journal(arm, deployment, jobs)
        return figures, scraper


def _check_journal(arm: Arm, deployment: Deployment, jobs: int) -> None:
    """Make sure that what was measured is what it is said to be. Raises ``AssertionError``."""
    kept = deployment.command("journal", "export", "--tenant", CLAMART, "--format", "jsonl")
    records = len(kept.splitlines())
    if records != (jobs if "CONNECTOR_JOURNAL_KEY" in arm.settings else 0):
        raise AssertionError(f"{records} records of {jobs} jobs, {arm.name}")


def _address(worker: Program) -> str:
    line = next(line for line in worker.said if "health.listening" in line)
    return line.split("address=")[1].split()[0]
