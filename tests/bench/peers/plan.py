"""What a run measures, and how each measurement is repeated and told."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from tests.bench.peers.arms import Arm
from tests.bench.peers.connector_arms import BARE, EVERYTHING
from tests.bench.peers.figures import median_of, turns
from tests.bench.peers.peer_arms import PEERS

ARMS: Mapping[str, Arm] = {arm.name: arm for arm in (EVERYTHING, BARE, *PEERS)}
ResultT = TypeVar("ResultT")


class Part(StrEnum):
    """A part of the comparison."""

    THROUGHPUT = "throughput"
    LATENCY = "latency"
    MEMORY = "memory"
    GROWTH = "growth"
    FEATURES = "features"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is measured, and how often."""

    parts: tuple[Part, ...] = tuple(Part)
    arms: tuple[Arm, ...] = tuple(ARMS.values())
    rounds: int = 3
    jobs: int = 4000
    warm_up: int = 500
    rates: tuple[float, ...] = (25.0, 100.0)
    """Jobs a second at which latency is measured; half of the slowest arm's throughput is added where that is measured."""
    seconds: float = 20.0
    """How long each rate lasts."""
    growths: tuple[str, ...] = ("backlog", "tenants", "checks", "processes")


def say(text: str) -> None:
    """Tell on stderr how far a run has come."""
    print(f"{datetime.now(UTC):%H:%M:%S} {text}", file=sys.stderr, flush=True)


def in_turn(what: str, cells: Mapping[str, Callable[[], ResultT]], rounds: int) -> dict[str, list[ResultT]]:
    """Measure each cell once in each round, in an order that alternates; return the results by the cells' names."""
    results: dict[str, list[ResultT]] = {name: [] for name in cells}
    for number, order in enumerate(turns(tuple(cells), rounds), start=1):
        for name in order:
            say(f"{what}, round {number} of {rounds}: {name}")
            results[name].append(cells[name]())
    return results


def medians(rounds: Mapping[str, list[Any]]) -> dict[str, Any]:
    """Return the median of each cell's rounds, with the rounds themselves, as JSON."""
    return {
        name: {**asdict(median_of(figures)), "rounds": [asdict(one) for one in figures]}
        for name, figures in rounds.items()
    }
