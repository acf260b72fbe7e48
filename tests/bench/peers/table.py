"""The figures of a run as tables that a person reads, on stderr."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from tests.bench.peers.columns import columns, shown

Measured = Mapping[str, Any]
_WIDE_ENOUGH = 240


def print_tables(measured: Measured) -> None:
    """Print a table of the arms, one of the growths and one of the features, of what was measured."""
    console = Console(
        stderr=True, width=None if sys.stderr.isatty() else _WIDE_ENOUGH, markup=False, highlight=False
    )
    for title, headings, rows in _tables(measured):
        table = Table(*headings, title=title, box=box.SIMPLE, title_justify="left", pad_edge=False)
        for column in table.columns[1:]:
            column.justify = "right"
        for row in rows:
            table.add_row(*row)
        console.print(table)


def _tables(measured: Measured) -> Iterator[tuple[str, Sequence[str], Sequence[Sequence[str]]]]:
    run = measured["run"]
    shown_columns = columns(measured)
    if shown_columns:
        yield (
            f"{run['at']}, {run['cores']} cores, RabbitMQ {run['rabbitmq']}, Python {run['python']}",
            ["", *(f"{column.title}\n{column.unit}" for column in shown_columns)],
            [
                [title, *(shown(column, measured, arm) for column in shown_columns)]
                for arm, title in run["arms"].items()
            ],
        )
    if "growth" in measured:
        yield (
            "Growth",
            ["of", "arm", "how many", "jobs/s", "to first", "CPU ms/job", "to first"],
            [*_growths(measured)],
        )
    if "features" in measured:
        headings = ["The connector's features", "CPU ms/job", "jobs/s", "p50 at 100/s", "p99 at 100/s"]
        yield "Features", headings, [*_features(measured)]


def _growths(measured: Measured) -> Iterator[Sequence[str]]:
    for what, arms in measured["growth"].items():
        for arm, grown in arms.items():
            for cell, figures in grown["cells"].items():
                yield (
                    what,
                    arm,
                    cell,
                    f"{figures['jobs_per_second']:.0f}",
                    f"{grown['jobs_per_second_to_first'][cell]:.2f}",
                    f"{figures['cpu_ms_per_job']:.2f}",
                    f"{grown['cpu_ms_per_job_to_first'][cell]:.2f}",
                )


def _features(measured: Measured) -> Iterator[Sequence[str]]:
    for name, figures in measured["features"].items():
        yield (
            name,
            f"{figures['throughput']['cpu_ms_per_job']:.2f}",
            f"{figures['throughput']['jobs_per_second']:.0f}",
            f"{figures['latency']['p50_ms']:.1f}",
            f"{figures['latency']['p99_ms']:.1f}",
        )
