"""Tables that a person reads, and that a pipe can cut."""

import sys
from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table

_WIDE_ENOUGH = 200


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]], title: str | None = None) -> None:
    """Print a table, as wide as it needs where the output is not a terminal."""
    table = Table(*headings, title=title, box=box.SIMPLE, title_justify="left", pad_edge=False)
    for row in rows:
        table.add_row(*row)
    width = None if sys.stdout.isatty() else _WIDE_ENOUGH
    Console(width=width, markup=False, highlight=False).print(table)
