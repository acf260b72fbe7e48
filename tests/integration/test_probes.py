"""A worker answers where the manifests of Kubernetes, and Prometheus, ask it."""

import asyncio

import httpx
import pytest

from connector.jobs.records import Lane
from tests.manifests import BASE, PRODUCTION, of_kind
from workers.health import Health, State

WORKERS = [one for one in of_kind(BASE, "Deployment") if one.component.startswith("worker-")]


async def answers(state: State, path: str) -> int:
    """Return the status that a worker answers a path with."""
    health = Health(port=0, state=state)
    address = await health.start()
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            return (await client.get(f"{address}{path}")).status_code
    finally:
        await health.stop()


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("probe", ["startupProbe", "livenessProbe", "readinessProbe"])
def test_a_worker_without_a_broker_is_not_ready_and_is_not_started_again(probe: str, state: State) -> None:
    paths = {one.container[probe]["httpGet"]["path"] for one in WORKERS}
    assert len(WORKERS) == len(Lane)
    [path] = paths
    is_well = probe != "readinessProbe" or state is State.READY
    assert asyncio.run(answers(state, path)) == (200 if is_well else 503)


def test_prometheus_asks_for_the_path_that_there_is() -> None:
    [monitor] = of_kind(PRODUCTION, "PodMonitor")
    [endpoint] = monitor.spec["podMetricsEndpoints"]
    assert asyncio.run(answers(State.READY, endpoint["path"])) == 200
