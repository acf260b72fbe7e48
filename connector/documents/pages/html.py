"""HTML as a tree of elements: what is text is escaped when it is written, and every element is closed."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from xml.etree import ElementTree as ET

Node = ET.Element | str
_CODE: Final = re.compile(r"`([^`]+)`")
_WORDS: Final = re.compile(r"(?<=[_/.|])(?=[^_/.|$])")
"""The places within a name, a path or a pattern where it may go on on the next line."""
_FRENCH_SPACES: Final = re.compile(r"(?<=«) | (?=[:;»?!%])")
"""Spaces of French typography, at which no line ends."""
ENGLISH: Final = "en"


def el(tag: str, *children: Node, **attributes: str) -> ET.Element:
    """Return an element; ``class_`` and ``for_`` stand for attributes that Python reserves."""
    element = ET.Element(
        tag, {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
    )
    for child in children:
        _append(element, child)
    return element


def _append(element: ET.Element, child: Node) -> None:
    if not isinstance(child, str):
        element.append(child)
    elif len(element):
        element[-1].tail = (element[-1].tail or "") + child
    else:
        element.text = (element.text or "") + child


def code(text: str) -> ET.Element:
    """Return a text as code, which a narrow column breaks between its words."""
    element = el("code")
    for index, part in enumerate(_WORDS.split(text)):
        if index:
            element.append(el("wbr"))
        _append(element, part)
    return element


def prose(text: str) -> Iterator[Node]:
    """Yield a text with what stands in backquotes as code."""
    for index, part in enumerate(_CODE.split(text)):
        if part:
            yield code(part) if index % 2 else _FRENCH_SPACES.sub("\u00a0", part)


def paragraphs(text: str, **attributes: str) -> Iterator[ET.Element]:
    """Yield each paragraph of a text."""
    for part in text.split("\n\n"):
        yield el("p", *prose(part), **attributes)


def joined(parts: Iterable[Node], between: str = ", ") -> list[Node]:
    """Return parts with a text between each two."""
    return [node for index, part in enumerate(parts) for node in ((between, part) if index else (part,))]


def codes(names: Iterable[str]) -> list[Node]:
    """Return names as code, with commas."""
    return joined(map(code, names))


Cell = str | Sequence[Node]
"""A cell's text, with backquotes, or its nodes."""


def table(
    caption: str, headings: Sequence[str], rows: Iterable[Sequence[Cell]], *, english: int = -1
) -> ET.Element:
    """Return a table whose rows are named by their first cell, in a frame that scrolls by itself where it is too wide.

    ``english`` is the column of a text in English.
    """
    head = el("thead", el("tr", *(el("th", heading, scope="col") for heading in headings)))
    body = el("tbody", *(_row(row, english) for row in rows))
    written = el("table", el("caption", caption), head, body)
    return el("div", written, class_="frame", role="region", tabindex="0", aria_label=caption)


def _row(cells: Sequence[Cell], english: int) -> ET.Element:
    row = el("tr")
    for index, cell in enumerate(cells):
        nodes = tuple(prose(cell)) if isinstance(cell, str) else tuple(cell)
        if index == 0:
            row.append(el("th", *nodes, scope="row"))
        else:
            row.append(el("td", *nodes, **({"lang": ENGLISH} if index == english and nodes else {})))
    return row


def document(title: str, style: str, body: ET.Element) -> str:
    """Return a page, in French."""
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("title", title),
        el("style", style),
    )
    page = el("html", head, body, lang="fr")
    return f"<!DOCTYPE html>\n{ET.tostring(page, encoding='unicode', method='html')}\n"
