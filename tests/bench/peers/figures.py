"""What is measured, as values, and how several rounds become one figure."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

FigureT = TypeVar("FigureT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Throughput:
    """What a backlog costs: CPU of the worker's processes per job, and jobs per second."""

    cpu_ms_per_job: float
    jobs_per_second: float
    rss_mib: float
    """When the last job was answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """What a worker adds to a call, in ms, at a fixed rate of jobs."""

    p50_ms: float
    p99_ms: float
    cpu_ms_per_job: float
    late_ms: float
    """By how much the p99 of the jobs was published after its instant; it is not counted in what the worker adds."""


def percentile(values: Sequence[float], share: float) -> float:
    """Return the least value that so large a share of the values does not exceed (nearest rank). Raises ``ValueError``."""
    if not values or not 0 < share <= 1:
        raise ValueError("a percentile is of one value at the least, and a share above 0 and up to 1")
    return sorted(values)[math.ceil(share * len(values)) - 1]


def median_of(rounds: Sequence[FigureT]) -> FigureT:
    """Return the figures whose every member is the median of that member in the rounds. Raises ``ValueError``."""
    if not rounds:
        raise ValueError("there is no median of no round")
    first: Any = rounds[0]
    names = [member.name for member in fields(first)]
    medians = {name: round(statistics.median(getattr(one, name) for one in rounds), 3) for name in names}
    return type(rounds[0])(**medians)


def turns(arms: Sequence[FigureT], rounds: int) -> list[tuple[FigureT, ...]]:
    """Return the order of the arms in each round: forwards and backwards in turn, so that none always comes first."""
    return [tuple(arms) if number % 2 == 0 else tuple(reversed(arms)) for number in range(rounds)]


def ratios(values: Mapping[str, float], base: str) -> dict[str, float]:
    """Return each value as a multiple of the one that is called ``base``."""
    return {name: round(value / values[base], 3) for name, value in values.items()}
