"""CPU of a worker process per job, beside FastStream in the same run.

The workload: jobs of one check that wait in a quorum queue, an upstream that answers in 100 ms, 200 jobs in
hand, everything on this machine. Machines differ and are noisy: the ratio is what carries over.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from kombu import Connection, Queue

from connector.demo.deployment import CLAMART, PROGRAM, Deployment
from connector.demo.jobs import demo_jobs
from connector.demo.node import RabbitNode
from connector.demo.program import Program
from connector.demo.vendor import VendorClient

CONCURRENCY: Final = 200
_TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")
_POLL_SECONDS: Final = 0.02
_STALLED_SECONDS: Final = 30.0


@dataclass(frozen=True, kw_only=True)
class Figures:
    """One measurement of a worker process."""

    worker: str
    cpu_ms_per_job: float
    jobs_per_second: float
    rss_mib: float


def measure(worker: str, pid: int, depth: Callable[[], int], jobs: int, warm_up: int) -> Figures:
    """Measure from the reply number ``warm_up`` to the last one."""
    _until(depth, warm_up)
    start_jobs, start_cpu, start = depth(), _cpu_seconds(pid), time.monotonic()
    _until(depth, jobs)
    cpu, elapsed = _cpu_seconds(pid) - start_cpu, time.monotonic() - start
    return Figures(
        worker=worker,
        cpu_ms_per_job=round(1000 * cpu / (jobs - start_jobs), 3),
        jobs_per_second=round((jobs - start_jobs) / elapsed, 1),
        rss_mib=round(_rss_kib(pid) / 1024, 1),
    )


def bench_connector(node: RabbitNode, upstream_url: str, jobs: int, warm_up: int) -> Figures:
    """Measure this project's worker, every feature on."""
    with Deployment(node.url()) as deployment, VendorClient(node.url(), "millesime") as vendor:
        deployment.command("topology", "declare")
        publish_jobs(vendor, jobs)
        worker = deployment.worker(
            "--lane",
            "interactive",
            "--concurrency",
            str(CONCURRENCY),
            settings={"CONNECTOR_API_PARTICULIER_URL": upstream_url},
        )
        with worker:
            figures = measure(
                "ccas-connector",
                worker.pid,
                lambda: vendor.depth("replies.millesime"),
                jobs,
                warm_up,
            )
        check_replies(vendor)
        return figures


def bench_faststream(node: RabbitNode, upstream_url: str, jobs: int, warm_up: int) -> Figures:
    """Measure FastStream as documented, on the same job."""
    with Connection(node.url()) as connection, VendorClient(node.url(), "millesime") as vendor:
        channel = connection.default_channel
        for name in ("bench.jobs", "bench.replies"):
            Queue(name, queue_arguments={"x-queue-type": "quorum"}).bind(channel).declare()
        Queue("bench.jobs").bind(channel).bind_to("verifications", "bench.*")
        publish_jobs(vendor, jobs, routing_key="bench.jobs")
        environment = {**os.environ, "BENCH_BROKER_URL": node.url(), "BENCH_UPSTREAM_URL": upstream_url}
        command = [sys.executable, "-m", "faststream", "run", "tests.bench.faststream_worker:app"]
        with Program(command, environment) as worker:
            return measure(
                "faststream",
                worker.pid,
                lambda: vendor.depth("bench.replies"),
                jobs,
                warm_up,
            )


def publish_jobs(vendor: VendorClient, jobs: int, routing_key: str | None = None) -> None:
    """Publish so many jobs of one check."""
    body = demo_jobs("bench")[0].body
    if not isinstance(body, dict):
        raise TypeError("the first job of the demonstration is JSON")
    for number in range(jobs):
        job = body | {"job_id": f"bench-{number}", "tenant": CLAMART, "checks": body["checks"][:1]}
        vendor.publish(job, routing_key=routing_key, correlation_id=f"bench-{number}")


def check_replies(vendor: VendorClient) -> None:
    """Raise ``AssertionError`` unless the jobs end as they should."""
    reply = json.loads(next(iter(vendor.replies(1))).body)
    if reply["status"] != "completed":
        raise AssertionError(f"the benchmark's jobs end as {reply['status']}")


def _until(depth: Callable[[], int], count: int) -> None:
    seen, since = depth(), time.monotonic()
    while (reached := depth()) < count:
        if reached > seen:
            seen, since = reached, time.monotonic()
        if time.monotonic() - since > _STALLED_SECONDS:
            raise TimeoutError(f"stalled at {reached} of {count} replies")
        time.sleep(_POLL_SECONDS)


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND


def _rss_kib(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


def compare(jobs: int, warm_up: int) -> dict[str, Any]:
    """Measure both workers on one node, in turn."""
    with ExitStack() as stack:
        node = stack.enter_context(RabbitNode())
        upstream = stack.enter_context(Program([PROGRAM[0], "-m", "tests.bench.upstream"], os.environ))
        url = f"http://127.0.0.1:{upstream.wait_for('upstream ready').split()[-1]}"
        ours = bench_connector(node, url, jobs, warm_up)
        theirs = bench_faststream(node, url, jobs, warm_up)
    return {
        "results": [asdict(ours), asdict(theirs)],
        "cpu_ratio": round(ours.cpu_ms_per_job / theirs.cpu_ms_per_job, 3),
    }
