"""The processes of a connector's worker, watched as in production; what each of its features leaves behind is counted."""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from types import MappingProxyType
from typing import Final

import httpx

from connector.demo.deployment import Deployment
from connector.demo.program import Program
from tests.bench.observed import Scraper
from tests.scrapes import Scrape


class Feature(StrEnum):
    """A part of production that can be left out of a worker."""

    QUOTAS = "quotas"
    MEMORY = "memory"
    JOURNAL = "journal"
    METRICS = "metrics"


_COUNTED: Final[Mapping[Feature, str]] = MappingProxyType(
    {Feature.MEMORY: "select count(*) from replies", Feature.JOURNAL: "select count(*) from journal"}
)


_CALLS: Final = "connector_upstream_call_seconds_count"
_TURNS: Final = "connector_quota_wait_seconds_count"
_WRITTEN_WITHIN_SECONDS: Final = 20.0
_POLL_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class ConnectorWorker:
    """The processes of a worker, and what was started for them."""

    features: frozenset[Feature]
    deployment: Deployment
    programs: tuple[Program, ...]
    stack: ExitStack

    def watched(self) -> AbstractContextManager[None]:
        """Scrape each process's metrics once a second, where there are any."""
        return self._scraped() if Feature.METRICS in self.features else nullcontext()

    @contextmanager
    def _scraped(self) -> Iterator[None]:
        with ExitStack() as stack:
            scrapers = [Scraper(_address(program)) for program in self.programs]
            for scraper in scrapers:
                stack.enter_context(scraper.running())
            yield

    def finish(self, jobs: int, calls: int) -> None:
        """Stop the processes; make sure that each feature has counted so many jobs and calls, and the others nothing."""
        if Feature.METRICS in self.features:
            self._check_metrics(calls)
        expected = {Feature.MEMORY: jobs, Feature.JOURNAL: calls}
        database = self.deployment.environment["CONNECTOR_DATABASE_URL"].removeprefix("sqlite:///")
        with closing(sqlite3.connect(database)) as connection:
            for feature, query in _COUNTED.items():
                wanted = expected[feature] if feature in self.features else 0
                counted = _reached(wanted, partial(_number, connection, query))
                if counted != wanted:
                    raise AssertionError(f"{feature}: {counted} records where there should be {wanted}")
        self.stack.close()

    def _check_metrics(self, calls: int) -> None:
        """Make sure that calls were counted, and a turn of each where there is a quota."""
        counted = _reached(calls, partial(self._total, _CALLS))
        if counted != calls:
            raise AssertionError(f"{_CALLS} is {counted} where it should be {calls}")
        turns = self._total(_TURNS)
        # A turn that could not be kept is taken again.
        if turns < calls if Feature.QUOTAS in self.features else turns:
            raise AssertionError(f"{_TURNS} is {turns} where {calls} calls were made")

    def _total(self, metric: str) -> int:
        """Return the sum of a metric's series, of every process."""
        answers = [
            httpx.get(f"{_address(program)}/metrics", trust_env=False, timeout=30)
            for program in self.programs
        ]
        scraped = [Scrape(answer.text) for answer in answers]
        return sum(
            int(value)
            for scrape in scraped
            for (name, _labels), value in scrape.values.items()
            if name == metric
        )


def _number(connection: sqlite3.Connection, query: str) -> int:
    return int(connection.execute(query).fetchone()[0])


def _reached(wanted: int, count: Callable[[], int]) -> int:
    """Return a count once it is what is wanted, or what it is after a while."""
    deadline = time.monotonic() + _WRITTEN_WITHIN_SECONDS
    while (counted := count()) < wanted and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    return counted


def _address(worker: Program) -> str:
    line = next(line for line in worker.said if "health.listening" in line)
    return str(json.loads(line)["address"])
