"""What a worker adds to a call: jobs at fixed instants, whatever becomes of those before them."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.bench.peers.arms import Arm, Order
from tests.bench.peers.figures import Latency, percentile
from tests.bench.peers.ground import Ground, Host
from tests.bench.peers.processes import cpu_seconds
from tests.bench.upstream import LATENCY_SECONDS

_WARM_UP_RATE: Final = 50.0
_WARM_UP_SECONDS: Final = 4.0
_AFTER_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class _Client:
    """The driver's command line for one arm."""

    host: Host
    arm: Arm

    def run(self, first: int, rate: float, seconds: float) -> tuple[list[float], list[float]]:
        """Run the driver; return each job's seconds and by how many it was late. Raises ``subprocess.SubprocessError``."""
        options = {
            "--host": f"127.0.0.1:{self.host.node.port}",
            "--virtual-host": self.host.name,
            "--key": f"{self.arm.publisher}.{self.arm.lane}",
            "--replies": self.arm.replies,
            "--rate": str(rate),
            "--seconds": str(seconds),
            "--first": str(first),
        }
        words = [word for option in options.items() for word in option]
        finished = subprocess.run(
            [sys.executable, "-m", "tests.bench.peers.driver", *words],
            check=True,
            stdout=subprocess.PIPE,
            timeout=seconds + _AFTER_SECONDS,
        )
        measured = json.loads(finished.stdout)
        return measured["seconds"], measured["late"]


def latency(ground: Ground, arm: Arm, rates: Sequence[float], seconds: float) -> dict[float, Latency]:
    """Measure one worker at each rate, for so many seconds each.

    Raises ``subprocess.SubprocessError`` when a job has no reply, ``AssertionError`` when the worker is not what it is said
    to be.
    """
    measured: dict[float, Latency] = {}
    with ground.host() as host:
        order = Order(broker_url=host.url, upstream_url=ground.upstream_url)
        with arm.start(order) as running:
            client = _Client(host, arm)
            sent = len(client.run(0, _WARM_UP_RATE, _WARM_UP_SECONDS)[0])
            with running.watched():
                for rate in rates:
                    used = cpu_seconds(running.pids)
                    taken, late = client.run(sent, rate, seconds)
                    used = cpu_seconds(running.pids) - used
                    sent += len(taken)
                    measured[rate] = _figures(taken, late, used)
            running.finish(sent, sent)
    return measured


def _figures(taken: Sequence[float], late: Sequence[float], used: float) -> Latency:
    added = [1000 * (seconds - LATENCY_SECONDS) for seconds in taken]
    return Latency(
        p50_ms=round(percentile(added, 0.5), 2),
        p99_ms=round(percentile(added, 0.99), 2),
        cpu_ms_per_job=round(1000 * used / len(taken), 3),
        late_ms=round(1000 * percentile(late, 0.99), 2),
    )
