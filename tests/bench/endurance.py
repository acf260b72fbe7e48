"""Whether a worker keeps its size through many jobs while its broker connections are cut every few seconds."""

import threading
from pathlib import Path
from typing import Any, Final

from connector.demo.deployment import Deployment
from connector.demo.node import RabbitNode
from tests.chaos.collector import Collector
from tests.chaos.load import Load
from tests.chaos.proxy import TcpProxy
from tests.jobs import job

JOBS_PER_SECOND: Final = 200.0
CUT_EVERY_SECONDS: Final = 4.0
_FIRST: Final = 1000


def endurance(jobs: int) -> dict[str, Any]:
    """Measure the worker's resident memory after the first thousand answers, and after all of ``jobs``."""
    asked = [job(job_id=f"endurance-{number}") for number in range(jobs)]
    with (
        RabbitNode() as node,
        Deployment(node.url(), ["--latency", "0.05"]) as deployment,
        TcpProxy(node.port) as proxy,
        deployment.worker(settings={"CONNECTOR_BROKER_URL": proxy.in_front_of(node.url())}) as worker,
        Load(node.url(), "millesime", asked, jobs_per_second=JOBS_PER_SECOND) as load,
        Collector(node.url(), load) as collector,
    ):
        ended, cuts = threading.Event(), [0]

        def cut() -> None:
            while not ended.wait(CUT_EVERY_SECONDS):
                cuts[0] += proxy.cut() > 0

        cutting = threading.Thread(target=cut, daemon=True)
        cutting.start()
        collector.wait_for(lambda: len(collector.received) >= min(_FIRST, jobs), 60)
        first = rss_mib(worker.pid)
        load.wait()
        collector.wait_for(lambda: len({one.reply.job_id for one in collector.received}) == jobs, 60)
        last = rss_mib(worker.pid)
        ended.set()
        cutting.join()
        statuses = {one.reply.status for one in collector.received}
    if statuses != {"completed"}:
        raise AssertionError(f"the jobs ended as {statuses}")
    return {
        "jobs": jobs,
        "cuts": cuts[0],
        "rss_mib_after_1000": round(first, 1),
        "rss_mib_at_the_end": round(last, 1),
        "end_to_first": round(last / first, 3),
    }


def rss_mib(pid: int) -> float:
    """Return the resident memory of a process, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
