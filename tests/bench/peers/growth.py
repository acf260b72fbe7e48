"""How the connector's worker, everything on, bears more of something: jobs that wait, tenants, checks of a job, processes."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from tests.bench.peers.connector_arms import CAMPAIGN, EVERYTHING
from tests.bench.peers.figures import Throughput, ratios
from tests.bench.peers.ground import Ground
from tests.bench.peers.peer_arms import FASTSTREAM_AIOHTTP
from tests.bench.peers.plan import Plan, in_turn, medians
from tests.bench.peers.throughput import throughput
from tests.servers.redis_node import RedisNode
from tests.town import sirets

BACKLOGS: Final = (1000, 10_000, 100_000)
TENANTS: Final = (10, 100, 1000, 5000)
CHECKS: Final = (1, 4, 12)
PROCESSES: Final = (1, 2)
_WINDOW: Final = 800
"""Jobs of a backlog that are counted: fewer than the least of them, whose last jobs have the worker to themselves."""
_LEAST_JOBS: Final = 300
_BOTH: Final = (EVERYTHING, FASTSTREAM_AIOHTTP)

Cells = Mapping[str, Callable[[], Throughput]]


def _growth(name: str, cells: Cells, rounds: int) -> dict[str, Any]:
    """Measure; return each median, and the jobs per second and the CPU as multiples of the first cell's."""
    measured = medians(in_turn(f"growth, {name}", cells, rounds))
    first = next(iter(measured))
    return {
        "cells": measured,
        **{
            f"{figure}_to_first": ratios({cell: one[figure] for cell, one in measured.items()}, first)
            for figure in ("jobs_per_second", "cpu_ms_per_job")
        },
    }


def _backlog(ground: Ground, plan: Plan) -> dict[str, Any]:
    return {
        arm.name: _growth(
            f"backlog of {arm.name}",
            {
                f"{waiting}": partial(throughput, ground, arm, _WINDOW, plan.warm_up, backlog=waiting)
                for waiting in BACKLOGS
            },
            plan.rounds,
        )
        for arm in (CAMPAIGN, *_BOTH)
    }


def _tenants(ground: Ground, plan: Plan) -> dict[str, Any]:
    cells = {
        f"{count}": partial(
            throughput, ground, EVERYTHING, plan.jobs, plan.warm_up, tenants=tuple(sirets(count))
        )
        for count in TENANTS
    }
    return {EVERYTHING.name: _growth("tenants", cells, plan.rounds)}


def _checks(ground: Ground, plan: Plan) -> dict[str, Any]:
    cells = {
        f"{count}": partial(
            throughput,
            ground,
            EVERYTHING,
            max(plan.jobs // count, _LEAST_JOBS),
            plan.warm_up // count,
            checks=count,
        )
        for count in CHECKS
    }
    return {EVERYTHING.name: _growth("checks", cells, plan.rounds)}


def _processes(ground: Ground, plan: Plan) -> dict[str, Any]:
    with RedisNode() as redis:
        return {
            arm.name: _growth(
                f"processes of {arm.name}",
                {
                    f"{count}": partial(
                        throughput,
                        ground,
                        arm,
                        plan.jobs,
                        plan.warm_up,
                        processes=count,
                        redis_url=redis.url(),
                    )
                    for count in PROCESSES
                },
                plan.rounds,
            )
            for arm in _BOTH
        }


GROWTHS: Final[Mapping[str, Callable[[Ground, Plan], dict[str, Any]]]] = MappingProxyType(
    {"backlog": _backlog, "tenants": _tenants, "checks": _checks, "processes": _processes}
)


def growth(ground: Ground, plan: Plan) -> dict[str, Any]:
    """Return each chosen growth: by arm, what was measured with more and more of it."""
    return {name: GROWTHS[name](ground, plan) for name in plan.growths}
