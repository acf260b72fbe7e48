"""Tables that a person reads, and that a pipe can cut."""

import contextlib
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from rich import box
from rich.console import Console
from rich.progress import Progress, track
from rich.table import Table

ItemT = TypeVar("ItemT")

_WIDE_ENOUGH = 200
_ACTING = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode's categories of control and format characters, among which are those that turn the direction of a text, of
separators of lines, and of what is no character."""


def tracked(items: Iterable[ItemT], total: int, what: str) -> Iterable[ItemT]:
    """Give ``items`` on, with a progress bar on a terminal's stderr."""
    return track(
        items,
        description=what,
        total=total,
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )


@contextlib.contextmanager
def progress(total: int, what: str) -> Iterator[Callable[[object], None]]:
    """Give what moves a progress bar on by one, on a terminal's stderr."""
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(what, total=total)
        yield lambda _done: bar.advance(task)


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]], title: str | None = None) -> None:
    """Print a table, as wide as it needs where the output is not a terminal."""
    table = Table(*headings, title=title, box=box.SIMPLE, title_justify="left", pad_edge=False)
    for row in rows:
        table.add_row(*map(printable, row))
    width = None if sys.stdout.isatty() else _WIDE_ENOUGH
    Console(width=width, markup=False, highlight=False).print(table)


def printable(text: str) -> str:
    """Return a text in which nothing acts on a terminal, but for line ends: a vendor chooses some of them."""
    return "".join(
        repr(sign)[1:-1] if unicodedata.category(sign) in _ACTING and sign != "\n" else sign for sign in text
    )
