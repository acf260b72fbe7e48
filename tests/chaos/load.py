"""A vendor's product under load: every job is published until the broker has confirmed it."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any, Final

from connector.demo.vendor import EXCHANGE, job_message
from tests.chaos.background import STALL_SECONDS, TRANSIENT, Background, connected

CONFIRM_TIMEOUT_SECONDS: Final = 15.0


class Load(Background):
    """Publishes ``jobs`` in order, one confirm after the other, from when it is entered until it is left.

    A job whose confirm did not come, or was negative, is published again under the same ``job_id``, over a
    new connection, as a vendor does: it may be answered twice though no worker has crashed.
    """

    def __init__(
        self,
        url: str,
        vendor: str,
        jobs: Sequence[Mapping[str, Any]],
        *,
        lane: str = "interactive",
        jobs_per_second: float | None = None,
    ) -> None:
        if len({job["job_id"] for job in jobs}) != len(jobs):
            raise ValueError("the jobs of a load have distinct job_ids; publish one again with a second load")
        super().__init__(f"load-{vendor}-{lane}")
        self.vendor = vendor
        self._url = url
        self._jobs = jobs
        self._routing_key = f"{vendor}.{lane}"
        self._seconds_per_job = 1 / jobs_per_second if jobs_per_second else 0.0
        self._publishing = Lock()
        self._attempted: list[str] = []
        self._confirmed: set[str] = set()
        self._republished: set[str] = set()

    @property
    def jobs(self) -> Sequence[Mapping[str, Any]]:
        """What is published."""
        return self._jobs

    @property
    def size(self) -> int:
        """How many jobs are published in all."""
        return len(self._jobs)

    @property
    def published(self) -> frozenset[str]:
        """The ``job_id`` of the jobs that the broker has confirmed by now."""
        with self.changed:
            return frozenset(self._confirmed)

    @property
    def republished(self) -> frozenset[str]:
        """Jobs that were sent more than once."""
        with self.changed:
            return frozenset(self._republished)

    @property
    def unconfirmed(self) -> frozenset[str]:
        """Jobs that were sent and have no confirm: being sent now, or left so when the load was stopped."""
        with self.changed:
            return frozenset(self._attempted) - self._confirmed

    def enough(self) -> None:
        """Leave out the jobs that were not sent yet: what the load was for is over."""
        with self.changed:
            self._jobs = self._jobs[: len(self._attempted)]

    @contextmanager
    def held(self) -> Iterator[None]:
        """Publish nothing meanwhile; what was being published is confirmed, or has failed, when it begins."""
        with self._publishing:
            yield

    def wait(self, stall_seconds: float = STALL_SECONDS) -> None:
        """Return once every job is confirmed; raises ``StalledError`` when none is for ``stall_seconds``."""
        self.wait_for(lambda: len(self.published) == len(self._jobs), stall_seconds)

    def so_far(self) -> str:
        """Say how many jobs were confirmed."""
        return f"{len(self._confirmed)} of {len(self._jobs)} jobs are confirmed"

    def work(self) -> None:
        """Publish, over as many connections as it takes."""
        started = time.monotonic()
        while not self.stopping.is_set() and len(self._confirmed) < len(self._jobs):
            try:
                with connected(self._url) as connection:
                    self._publish_the_rest(connection.channel(), started)
            except TRANSIENT as error:
                self.trouble(error)

    def _publish_the_rest(self, channel: Any, started: float) -> None:
        for number in range(len(self._confirmed), len(self._jobs)):
            self.stopping.wait(max(0.0, started + number * self._seconds_per_job - time.monotonic()))
            with self._publishing:
                if self.stopping.is_set() or (job := self._attempt(number)) is None:
                    return
                channel.basic_publish(
                    job_message(job),
                    EXCHANGE,
                    self._routing_key,
                    mandatory=True,
                    confirm_timeout=CONFIRM_TIMEOUT_SECONDS,
                )
            with self.changed:
                self._confirmed.add(job["job_id"])
                self.progressed()

    def _attempt(self, number: int) -> Mapping[str, Any] | None:
        """Return the job of this number, noted as sent; None where it was left out meanwhile."""
        with self.changed:
            if number >= len(self._jobs):
                return None
            job_id = self._jobs[number]["job_id"]
            if self._attempted and self._attempted[-1] == job_id:
                self._republished.add(job_id)
            else:
                self._attempted.append(job_id)
            return self._jobs[number]
