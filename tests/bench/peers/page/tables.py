"""The figures of a run as tables: for a terminal, and for a page."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich import box
from rich.console import Console
from rich.table import Table as RichTable

from tests.bench.peers.page.columns import columns, shown

Measured = Mapping[str, Any]
_WIDE_ENOUGH: Final = 240
_NOTHING: Final = "–"
_GROWTH: Final = ("of", "arm", "how many", "jobs/s", "to the first", "CPU, ms/job", "to the first")
_FEATURES: Final = ("", "CPU, ms/job", "jobs/s", "added p50 at 100/s, ms", "added p99 at 100/s, ms")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of words and figures."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 1
    """How many of the columns, the first ones, hold no figure."""


def tables(measured: Measured) -> Iterator[Table]:
    """Yield the tables of what was measured: the arms, the growths, the features."""
    if shown_columns := columns(measured):
        yield Table(
            "The arms",
            ("", *(f"{column.title}, {column.unit}" for column in shown_columns)),
            tuple(
                (title, *(shown(column, measured, arm) or _NOTHING for column in shown_columns))
                for arm, title in measured["run"]["arms"].items()
            ),
        )
    if "growth" in measured:
        yield Table("Growth", _GROWTH, tuple(_growths(measured)), words=3)
    if "features" in measured:
        yield Table("Features", _FEATURES, tuple(_features(measured)))


def _growths(measured: Measured) -> Iterator[tuple[str, ...]]:
    for what, arms in measured["growth"].items():
        for arm, grown in arms.items():
            for cell, figures in grown["cells"].items():
                yield (
                    what,
                    arm,
                    f"{int(cell):,}",
                    f"{figures['jobs_per_second']:.0f}",
                    f"{grown['jobs_per_second_to_first'][cell]:.2f}",
                    f"{figures['cpu_ms_per_job']:.2f}",
                    f"{grown['cpu_ms_per_job_to_first'][cell]:.2f}",
                )


def _features(measured: Measured) -> Iterator[tuple[str, ...]]:
    for name, figures in measured["features"].items():
        yield (
            name,
            f"{figures['throughput']['cpu_ms_per_job']:.2f}",
            f"{figures['throughput']['jobs_per_second']:.0f}",
            f"{figures['latency']['p50_ms']:.1f}",
            f"{figures['latency']['p99_ms']:.1f}",
        )


def about(run: Measured) -> str:
    """Return when and where a run was made, in a line."""
    others = max(run["others_cores"].values(), default=0.0)
    several = f"{run['runs']} runs, the last of them " if run.get("runs", 1) > 1 else ""
    return (
        f"{several}{run['at'][:10]}, {run['processor']}, {run['cores']} cores, RabbitMQ {run['rabbitmq']}, "
        f"Python {run['python']}; medians of {run['rounds']}, {run['jobs']} jobs each, "
        f"{run['seconds_of_a_rate']:g} s of each rate; other programs used {others:.1f} cores at the most"
    )


def print_tables(measured: Measured) -> None:
    """Print the tables on stderr."""
    is_terminal = sys.stderr.isatty()
    console = Console(stderr=True, width=None if is_terminal else _WIDE_ENOUGH, markup=False, highlight=False)
    for table in tables(measured):
        drawn = RichTable(title=table.title, box=box.SIMPLE, title_justify="left", pad_edge=False)
        for number, heading in enumerate(table.headings):
            drawn.add_column(heading, justify="left" if number < table.words else "right")
        for row in table.rows:
            drawn.add_row(*row)
        console.print(drawn)


def markdown(table: Table) -> str:
    """Return a table as Markdown."""
    rule = ("---" if number < table.words else "---:" for number in range(len(table.headings)))
    lines: list[Sequence[str]] = [table.headings, tuple(rule), *table.rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
