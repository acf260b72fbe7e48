"""A run: each part in turn, on one broker and one upstream; the figures are kept as they come."""

import json
import os
import platform
import resource
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from tests.bench.peers.arms import CONCURRENCY
from tests.bench.peers.ground import Ground, ground
from tests.bench.peers.growth import growth
from tests.bench.peers.parts import features, latencies, memories, rates_of, throughputs
from tests.bench.peers.plan import Part, Plan, say
from tests.bench.peers.processes import Others

Measured = dict[str, Any]
_PARTS: Final[Mapping[Part, Callable[[Ground, Plan, Measured], Measured]]] = MappingProxyType(
    {
        Part.THROUGHPUT: lambda ground, plan, _measured: throughputs(ground, plan, plan.arms),
        Part.LATENCY: lambda ground, plan, measured: latencies(
            ground, plan, plan.arms, rates_of(plan, measured)
        ),
        Part.MEMORY: lambda ground, plan, _measured: memories(ground, plan),
        Part.GROWTH: lambda ground, plan, _measured: growth(ground, plan),
        Part.FEATURES: lambda ground, plan, _measured: features(ground, plan),
    }
)


_QUIET_CORES: Final = 0.1


def peers(plan: Plan, keep: Callable[[Measured], None]) -> Measured:
    """Measure the parts of a plan; ``keep`` is given all figures so far after each."""
    _open_many_files()
    measured: Measured = {}
    with ground() as started:
        measured["run"] = _about(started, plan)
        for part in plan.parts:
            others = Others()
            measured[part.value] = _PARTS[part](started, plan, measured)
            cores = measured["run"]["others_cores"][part.value] = round(others.cores(), 2)
            if cores > _QUIET_CORES:
                say(f"{part}: other programs used {cores:.2f} cores meanwhile, which its figures suffer from")
            keep(measured)
    say("done")
    return measured


def write_json(measured: Mapping[str, Any], path: Path) -> None:
    """Write figures to a file, whole or not at all."""
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(measured, indent=2) + "\n", "utf-8")
    draft.replace(path)


def _about(started: Ground, plan: Plan) -> dict[str, Any]:
    return {
        "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}",
        "cores": os.cpu_count(),
        "processor": _processor(),
        "python": platform.python_version(),
        "rabbitmq": started.node.evaluate("list_to_binary(rabbit_misc:version())"),
        "rounds": plan.rounds,
        "jobs": plan.jobs,
        "warm_up": plan.warm_up,
        "seconds_of_a_rate": plan.seconds,
        "concurrency": CONCURRENCY,
        "others_cores": {},
        "arms": {arm.name: arm.title for arm in plan.arms},
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _open_many_files() -> None:
    """Let the upstream and the workers have as many connections as the system allows: they inherit it."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
