"""How far it is: a bar with its rate on a terminal's stderr, else a line for each tenth."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import Final

import click

_TENTHS: Final = 10


@contextlib.contextmanager
def shown(total: int, done: int, now: Callable[[], int]) -> Iterator[Callable[[], None]]:
    """Give what shows how many of ``total`` there are ``now``; ``done`` were there before."""
    if sys.stderr.isatty():
        with _bar(total, done, now) as show:
            yield show
    else:
        yield _lines(total, done, now)


@contextlib.contextmanager
def _bar(total: int, done: int, now: Callable[[], int]) -> Iterator[Callable[[], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    started = time.monotonic()
    columns = (
        TextColumn("réponses"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:.0f}/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total, completed=done, rate=0.0)

        def show() -> None:
            count = now()
            elapsed = max(time.monotonic() - started, 0.001)
            bar.update(task, completed=count, rate=(count - done) / elapsed)

        yield show


def _lines(total: int, done: int, now: Callable[[], int]) -> Callable[[], None]:
    step = max(1, total // _TENTHS)
    told = done // step

    def show() -> None:
        nonlocal told
        count = now()
        if count // step > told:
            told = count // step
            click.echo(f"{count} réponses sur {total}", err=True)

    return show
