"""The open-loop client of every arm: publishes jobs at fixed instants, and takes each one's reply, in one process and thread.

A job's time runs from its publication itself: when the client is late, that is told apart, and is nobody's latency.
Prints JSON: of each job its seconds from publication to reply, and by how many it was published late.

Example: python -m tests.bench.peers.driver --host 127.0.0.1:5672 --virtual-host / --key bench.jobs
--replies bench.replies --rate 100 --seconds 20
"""

import argparse
import gc
import json
import sys
import time
from contextlib import suppress
from typing import Any, Final

import amqp

from connector.demo.vendor import EXCHANGE, job_message
from tests.bench.peers.jobs import jobs
from tests.bench.peers.replies import check_reply

_LAST_REPLIES_SECONDS: Final = 30.0
_NUMBER: Final = b"bench-0"


class Driver:
    """A client at work."""

    def __init__(self, connection: Any, key: str, replies: str) -> None:
        self._connection = connection
        self._publishing = connection.channel()
        self._publishing.confirm_select()
        self._key = key
        self._published: dict[str, float] = {}
        self.seconds: list[float] = []
        self.late: list[float] = []
        self.last = b""
        self._body = json.dumps(next(jobs(1))).encode()
        consuming = connection.channel()
        consuming.auto_decode = False
        consuming.basic_consume(replies, no_ack=True, callback=self._take)

    def run(self, first: int, rate: float, count: int) -> None:
        """Publish ``count`` jobs, ``rate`` a second, and wait for the replies. Raises ``TimeoutError``."""
        begun = time.perf_counter() + 0.1
        for number in range(count):
            instant = begun + number / rate
            self._drain_until(instant)
            self._publish(f"bench-{first + number}", instant)
        deadline = time.perf_counter() + _LAST_REPLIES_SECONDS
        while self._published and time.perf_counter() < deadline:
            self._drain_until(min(deadline, time.perf_counter() + 1), once=True)
        if self._published:
            raise TimeoutError(f"{len(self._published)} of {count} jobs had no reply")

    def _publish(self, job_id: str, instant: float) -> None:
        message = job_message(self._body.replace(_NUMBER, job_id.encode(), 1), correlation_id=job_id)
        self._published[job_id] = now = time.perf_counter()
        self._publishing.basic_publish(message, EXCHANGE, self._key)
        self.late.append(now - instant)

    def _take(self, message: Any) -> None:
        now = time.perf_counter()
        published = self._published.pop(message.properties["correlation_id"], None)
        if published is not None:
            self.seconds.append(now - published)
            self.last = bytes(message.body)

    def _drain_until(self, instant: float, *, once: bool = False) -> None:
        while (left := instant - time.perf_counter()) > 0:
            with suppress(TimeoutError):
                self._connection.drain_events(timeout=left)
            if once:
                return


def main() -> None:
    """Publish, wait, and print what was measured."""
    options = _options()
    with amqp.Connection(options.host, virtual_host=options.virtual_host) as connection:
        driver = Driver(connection, options.key, options.replies)
        # A collection would be somebody's latency.
        gc.freeze()
        gc.disable()
        driver.run(options.first, options.rate, max(1, int(options.rate * options.seconds)))
    check_reply(driver.last)
    print(json.dumps({"seconds": driver.seconds, "late": driver.late}))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--host", required=True, help="the broker's HOST:PORT")
    parser.add_argument("--virtual-host", default="/")
    parser.add_argument("--key", required=True, help="routing key of the jobs")
    parser.add_argument("--replies", required=True, help="the queue that nobody else reads")
    parser.add_argument("--rate", type=float, required=True, help="jobs a second")
    parser.add_argument("--seconds", type=float, required=True, help="how long they are published")
    parser.add_argument("--first", type=int, default=0, help="the first job's number")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
