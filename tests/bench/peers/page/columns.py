"""The figures of a run as columns, one row for each arm: what the table and the picture show."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Measured = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """A figure of every arm."""

    title: str
    unit: str
    value: Callable[[Measured, str], float]
    """Return it of the figures of a run and an arm's name. Raises ``KeyError`` where it was not measured."""
    form: str = ".1f"


def _throughput(member: str) -> Callable[[Measured, str], float]:
    return lambda measured, arm: float(measured["throughput"][arm][member])


def _latency(rate: str, member: str) -> Callable[[Measured, str], float]:
    return lambda measured, arm: float(measured["latency"][arm][rate][member])


def _held(asked: int) -> Callable[[Measured, str], float]:
    def value(measured: Measured, arm: str) -> float:
        held = {one["asked"]: one for one in measured["memory"][arm]["held"]}
        # A worker that does not take so many is no cheaper for it.
        if held[asked]["in_hand"] < asked:
            raise KeyError(asked)
        return float(held[asked]["rss_mib"])

    return value


def _idle(measured: Measured, arm: str) -> float:
    return float(measured["memory"][arm]["idle_mib"])


def columns(measured: Measured) -> tuple[Column, ...]:
    """Return the columns of what was measured."""
    rates = sorted({rate for arm in measured.get("latency", {}).values() for rate in arm}, key=float)
    waits = [
        Column(f"added {name} at {rate}/s", "ms", _latency(rate, f"{name}_ms"))
        for rate in rates
        for name in ("p50", "p99")
    ]
    every = (
        Column("CPU", "ms/job", _throughput("cpu_ms_per_job"), ".2f"),
        Column("throughput", "jobs/s", _throughput("jobs_per_second"), ".0f"),
        *waits,
        Column("RSS at rest", "MiB", _idle, ".0f"),
        Column("RSS, 1,000 in hand", "MiB", _held(1000), ".0f"),
        Column("RSS, 10,000 in hand", "MiB", _held(10_000), ".0f"),
    )
    arms = measured["run"]["arms"]
    return tuple(column for column in every if any(shown(column, measured, arm) for arm in arms))


def shown(column: Column, measured: Measured, arm: str) -> str:
    """Return an arm's figure as it is written, nothing where there is none."""
    value = figure(column, measured, arm)
    return "" if value is None else format(value, column.form)


def figure(column: Column, measured: Measured, arm: str) -> float | None:
    """Return an arm's figure, None where it was not measured or cannot be."""
    try:
        return column.value(measured, arm)
    except KeyError:
        return None
