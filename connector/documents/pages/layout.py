"""The frame of every page: its head, the way back, the list of the checks."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from connector.catalogue.definition import CheckDefinition
from connector.documents.pages.html import Node, document, el

INDEX: Final = "index.html"
_STYLE: Final = Path(__file__).with_name("style.css")


def address(name: str) -> str:
    """Return the file of a check's page."""
    return f"{name}.html"


def page(title: str, lead: str, content: Iterable[Node], *, trail: ET.Element | None = None) -> str:
    """Return a whole page under a title; ``trail`` leads elsewhere."""
    header = el("header", el("a", "Aller au contenu", href="#contenu", class_="skip"))
    if trail is not None:
        header.append(trail)
    header.append(el("h1", title))
    header.append(el("p", lead, class_="lead"))
    footer = el(
        "footer",
        el(
            "p",
            "Contrat de vérification, version 1. Page écrite par ",
            el("code", "ccas-connector schemas export --html"),
            ".",
        ),
    )
    body = el("body", header, el("main", *content, id="contenu"), footer)
    return document(f"{title} · Contrat de vérification", _STYLE.read_text(encoding="utf-8"), body)


def way_back(catalogue: Mapping[str, CheckDefinition], name: str) -> ET.Element:
    """Return the way from a check's page to the overview, and to the checks before and after it."""
    names = list(catalogue)
    place = names.index(name)
    near = [("Précédente : ", names[place - 1])] if place else []
    near += [("Suivante : ", names[place + 1])] if place + 1 < len(names) else []
    links = [el("a", "Le contrat", href=INDEX)]
    links += [el("a", f"{label}{catalogue[other].title}", href=address(other)) for label, other in near]
    return el("nav", *_apart(links), class_="trail", aria_label="Navigation")


def _apart(links: list[ET.Element]) -> Iterable[Node]:
    for index, link in enumerate(links):
        if index:
            yield " · "
        yield link
