"""What an outage of one provider costs the jobs that ask another, and how often the provider is still asked.

One worker; in the background, jobs for high-level athletes; in front, one job after the other for the family
quotient. First with every provider up, then with the athletes' provider down, in the same run.
"""

import json
import statistics
import time
from itertools import pairwise
from typing import Any, Final

from connector.demo.deployment import Deployment
from connector.demo.node import RabbitNode
from connector.demo.vendor import VendorClient
from tests.chaos.collector import Collector
from tests.chaos.load import Load
from tests.jobs import QF, job
from tests.sandbox_control import SandboxControl

LATENCY_SECONDS: Final = 0.1
BACKGROUND_JOBS_PER_SECOND: Final = 40.0
_PROVIDER: Final = "sdh"
_SPORT: Final = {"check": "statut_sportif", "params": {"identifiant": "990000001"}}


def outage(jobs: int) -> dict[str, Any]:
    """Measure ``jobs`` jobs in front without the outage, and as many with it."""
    with (
        RabbitNode() as node,
        Deployment(node.url(), ["--latency", str(LATENCY_SECONDS)]) as deployment,
        deployment.worker() as worker,
    ):
        sandbox = SandboxControl(deployment.environment["CONNECTOR_API_PARTICULIER_URL"])
        up = _median_seconds(node, "up", jobs)
        sandbox.forget_calls()
        sandbox.fail(_PROVIDER, "503")
        down = _median_seconds(node, "down", jobs, lambda: worker.wait_for("breaker.opened"))
        probes = _probes(sandbox)
    return {
        "jobs": jobs,
        "median_seconds_up": round(up, 4),
        "median_seconds_down": round(down, 4),
        "down_to_up": round(down / up, 3),
        "probes": len(probes),
        "probed_for_seconds": round(probes[-1] - probes[0], 1),
        "least_seconds_between_probes": round(min(b - a for a, b in pairwise(probes)), 3),
    }


def _median_seconds(node: RabbitNode, name: str, jobs: int, under_way: Any = lambda: None) -> float:
    """Return the median of the jobs in front, once ``under_way`` returns."""
    behind = [job(_SPORT, job_id=f"behind-{name}-{number}") for number in range(100 * jobs)]
    with (
        Load(node.url(), "millesime", behind, jobs_per_second=BACKGROUND_JOBS_PER_SECOND) as load,
        Collector(node.url(), load),
        VendorClient(node.url(), "sonate-opus") as vendor,
    ):
        under_way()
        return statistics.median(_seconds(vendor, f"front-{name}-{number}") for number in range(jobs))


def _seconds(vendor: VendorClient, job_id: str) -> float:
    start = time.monotonic()
    vendor.publish(job(QF, job_id=job_id))
    reply = json.loads(next(iter(vendor.replies(1))).body)
    elapsed = time.monotonic() - start
    if (reply["job_id"], reply["status"]) != (job_id, "completed"):
        raise AssertionError(f"a job in front ended as {reply['status']}")
    return elapsed


def _probes(sandbox: SandboxControl) -> list[float]:
    """Return when the provider was probed: every ping, and every call later than the last of those that opened.

    A probe is a ping, which says no here, so that no call follows.
    """
    pings = [call["at"] for call in sandbox.calls(_PROVIDER, "ping")]
    calls = [call["at"] for call in sandbox.calls(_PROVIDER) if call["at"] > pings[0]]
    return sorted([*pings, *calls])
