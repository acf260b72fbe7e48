"""A backlog: what it costs to answer jobs that wait.

The worker first answers jobs that are not counted. Then its processes are stopped, the backlog is published, and they go on:
a worker of two hops would else have made the first of them before the count.
"""

import time
from typing import Any, Final

from tests.bench.campaign import publish
from tests.bench.peers.arms import Arm, Order
from tests.bench.peers.figures import Throughput
from tests.bench.peers.ground import Ground
from tests.bench.peers.jobs import jobs
from tests.bench.peers.processes import cpu_seconds, rss_mib, stopped
from tests.bench.peers.replies import replies_of

_STOPPED_SECONDS: Final = 3.0
"""For how long a worker stands still at least."""


def throughput(
    ground: Ground,
    arm: Arm,
    count: int,
    warm_up: int,
    *,
    backlog: int | None = None,
    checks: int = 1,
    **order: Any,
) -> Throughput:
    """Measure ``count`` jobs of a backlog of so many or more. ``order`` is what the arm is started with beside.

    Raises ``TimeoutError`` when the worker stalls, ``AssertionError`` when it is not what it is said to be.
    """
    waiting = max(backlog or count, count)
    with ground.host() as host, replies_of(host.url, arm.replies) as replies:
        asked = Order(broker_url=host.url, upstream_url=ground.upstream_url, **order)
        with arm.start(asked) as running:

            def send(number: int, first: int) -> None:
                made = jobs(number, first, checks=checks, tenants=asked.tenants)
                publish(host.node.port, arm.publisher, arm.lane, made, virtual_host=host.name)

            send(warm_up, 0)
            replies.wait_for(warm_up)
            with stopped(running.pids):
                begun = time.monotonic()
                send(waiting, warm_up)
                # A lane that fills while a worker reads it is another thing: it must see that it has stood still.
                time.sleep(max(0.0, _STOPPED_SECONDS - (time.monotonic() - begun)))
                before = replies.count()
            begun, used = time.monotonic(), cpu_seconds(running.pids)
            with running.watched():
                answered = replies.wait_for(warm_up + count) - before
                elapsed, used = time.monotonic() - begun, cpu_seconds(running.pids) - used
                rss = rss_mib(running.pids)
            replies.check()
            if waiting == count:
                running.finish(warm_up + count, checks * (warm_up + count))
    return Throughput(
        cpu_ms_per_job=round(1000 * used / answered, 3),
        jobs_per_second=round(answered / elapsed, 1),
        rss_mib=round(rss, 1),
    )
