"""Markdown tables, and their places in a page that a person writes."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from connector.errors import OperatorError

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


def with_tables(page: str, tables: Mapping[str, str]) -> str:
    """Return a page whose ``<!-- table:NAME -->`` … ``<!-- /table:NAME -->`` hold these tables.

    Raises ``MarkerError`` unless each table has exactly one such pair, and each pair a table.
    """
    pieces: list[str] = []
    opened: str | None = None
    done: set[str] = set()
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
    missing = [name for name in tables if name not in done]
    if missing:
        raise MarkerError(f"the page has no <!-- table:{missing[0]} --> … <!-- /table:{missing[0]} -->")
    return "".join((*pieces, page[end:]))
