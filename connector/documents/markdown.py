"""Markdown tables, and their places in a page that a person writes."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeVar

from connector.errors import OperatorError

PageT = TypeVar("PageT")
"""What a page is known by: its path."""
_MARKER: Final = re.compile(r"<!-- (?P<closing>/?)table:(?P<name>[^ ]*) -->")


class MarkerError(OperatorError):
    """The page's markers are not one pair per table; the message names the table."""


def code(text: str) -> str:
    """Return a text as code, in a table's cell too."""
    return f"`{text}`"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a vertical bar in a cell is escaped, which GitHub's Markdown undoes within code too."""
    lines = [headings, ["---"] * len(headings), *rows]
    escaped = ([cell.replace("|", "\\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in escaped)


def with_tables(pages: Mapping[PageT, str], tables: Mapping[str, str]) -> dict[PageT, str]:
    """Return the pages with ``<!-- table:NAME -->`` … ``<!-- /table:NAME -->`` holding these tables.

    Raises ``MarkerError`` unless each table has exactly one such pair, on one of the pages, and each pair a table.
    """
    done: set[str] = set()
    filled = {}
    for page, text in pages.items():
        try:
            filled[page] = _filled(text, tables, done)
        except MarkerError as error:
            raise MarkerError(f"{page}: {error}") from None
    for name in tables:
        if name not in done:
            raise MarkerError(
                f"{', '.join(map(str, pages))}: there is no <!-- table:{name} --> … <!-- /table:{name} -->"
            )
    return filled


def _filled(page: str, tables: Mapping[str, str], done: set[str]) -> str:
    """Return one page with its tables, whose names are added to ``done``."""
    pieces: list[str] = []
    opened: str | None = None
    end = 0
    for marker in _MARKER.finditer(page):
        name, is_closing = marker["name"], bool(marker["closing"])
        if name not in tables:
            raise MarkerError(f"{marker[0]}: there is no such table; tables: {', '.join(tables)}")
        if is_closing != (opened is not None) or opened not in (None, name):
            raise MarkerError(f"{marker[0]}: it does not follow its pair's other half")
        if is_closing:
            pieces.append(f"\n\n{tables[name]}\n\n{marker[0]}")
            opened = None
            done.add(name)
        elif name in done:
            raise MarkerError(f"{marker[0]}: this table has a place already")
        else:
            pieces.append(page[end : marker.end()])
            opened = name
        end = marker.end()
    if opened is not None:
        raise MarkerError(f"<!-- table:{opened} --> is not closed")
    return "".join((*pieces, page[end:]))
