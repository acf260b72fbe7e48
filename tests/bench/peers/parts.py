"""The parts that compare the arms with each other: throughput, latency, memory; and what each of the connector's features costs."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any, Final

from tests.bench.peers.arms import Arm
from tests.bench.peers.connector_arms import ALONE, BARE, EVERYTHING
from tests.bench.peers.figures import median_of
from tests.bench.peers.ground import Ground
from tests.bench.peers.latency import latency
from tests.bench.peers.memory import memory
from tests.bench.peers.plan import Plan, in_turn, medians
from tests.bench.peers.throughput import throughput

FEATURE_RATE: Final = 100.0
_FEATURE_ARMS: Final = (BARE, *ALONE, EVERYTHING)


def throughputs(ground: Ground, plan: Plan, arms: Sequence[Arm]) -> dict[str, Any]:
    """Return each arm's CPU per job and jobs per second on a backlog."""
    cells = {arm.name: partial(throughput, ground, arm, plan.jobs, plan.warm_up) for arm in arms}
    return medians(in_turn("throughput", cells, plan.rounds))


def latencies(ground: Ground, plan: Plan, arms: Sequence[Arm], rates: Sequence[float]) -> dict[str, Any]:
    """Return what each arm adds to a call at each rate."""
    cells = {arm.name: partial(latency, ground, arm, rates, plan.seconds) for arm in arms}
    rounds = in_turn("latency", cells, plan.rounds)
    return {
        name: {
            f"{rate:g}": {
                **asdict(median_of([one[rate] for one in measured])),
                "rounds": [asdict(one[rate]) for one in measured],
            }
            for rate in rates
        }
        for name, measured in rounds.items()
    }


def memories(ground: Ground, plan: Plan) -> dict[str, Any]:
    """Return what each arm's processes hold, at rest and with jobs in hand."""
    cells = {arm.name: partial(memory, ground, arm) for arm in plan.arms}
    return {name: asdict(measured[0]) for name, measured in in_turn("memory", cells, 1).items()}


def features(ground: Ground, plan: Plan) -> dict[str, Any]:
    """Return what each of the connector's features costs alone, between none and all of them."""
    costs = throughputs(ground, plan, _FEATURE_ARMS)
    waits = latencies(ground, plan, _FEATURE_ARMS, (FEATURE_RATE,))
    return {name: {"throughput": costs[name], "latency": waits[name][f"{FEATURE_RATE:g}"]} for name in costs}


def rates_of(plan: Plan, measured: Mapping[str, Any]) -> tuple[float, ...]:
    """Return the plan's rates, and half of the slowest arm's throughput where that was measured."""
    speeds = [figures["jobs_per_second"] for figures in measured.get("throughput", {}).values()]
    half = (float(round(min(speeds) / 2)),) if speeds else ()
    return tuple(dict.fromkeys((*plan.rates, *half)))
