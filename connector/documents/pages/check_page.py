"""The page of one check: what it asks, what it gives, and what may come instead."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final
from xml.etree import ElementTree as ET

from connector.catalogue.definition import CheckDefinition, Endpoint
from connector.documents.catalogue_schemas import calls_title
from connector.documents.describe import scopes
from connector.documents.examples import example_job, example_reply
from connector.documents.forms import FRENCH, form
from connector.documents.inputs import inputs
from connector.documents.members import DataMember, Need, data_members, identity_needs, parameters_of
from connector.documents.pages.codes import expected_codes
from connector.documents.pages.html import Cell, Node, codes, el, joined, paragraphs, prose, table
from connector.documents.pages.layout import page, way_back
from connector.documents.typed.names import class_name, data_class, params_class

_NEEDS: Final = {
    Need.DEMANDED: "exigé",
    Need.DEMANDED_IN_FRANCE: "exigé pour une naissance en France",
    Need.TAKEN: "accepté",
}
MEANING: Final = "Sens (en anglais)"


def check_page(catalogue: Mapping[str, CheckDefinition], definition: CheckDefinition) -> str:
    """Return the page of a check. Raises ``ExampleError`` where it has no usable example."""
    content = (
        *_summary(definition),
        *_asked(definition),
        *_given(definition),
        *_scopes(definition),
        *_codes(definition),
        *_examples(definition),
    )
    lead = f"Vérification {definition.name}, auprès de : {definition.provider}."
    return page(definition.title, lead, content, trail=way_back(catalogue, definition.name))


def _summary(definition: CheckDefinition) -> Iterator[ET.Element]:
    yield from paragraphs(definition.summary)
    default, *others = map(str, definition.api_versions)
    essential = [pointer.removeprefix("/").replace("/", ".") for pointer in definition.essential]
    facts: tuple[tuple[str, list[Node]], ...] = (
        ("Nom", codes([definition.name])),
        ("Organisme", [definition.provider]),
        (
            "Version de la source",
            [f"{default}, sauf demande contraire" + (f" ; aussi {', '.join(others)}" if others else "")],
        ),
        ("Classes engendrées", codes(_classes(definition))),
        ("Sans quoi il n'y a pas de réponse", codes(essential)),
    )
    yield el("dl", *(part for term, nodes in facts for part in (el("dt", term), el("dd", *nodes))))
    for note in definition.notes:
        yield el("p", *prose(note))


def _classes(definition: CheckDefinition) -> tuple[str, ...]:
    question, answer = class_name(definition, "Request"), class_name(definition, "Reply")
    return question, params_class(definition), answer, data_class(definition)


def _asked(definition: CheckDefinition) -> Iterator[ET.Element]:
    yield el("h2", "Ce qu'elle demande", id="demande")
    yield table(
        "Appels",
        ("Appel", "Version", "Ce qu'il faut donner", "Identité", "Adresse à la source"),
        (_call(endpoint) for endpoint in definition.endpoints),
    )
    rows = list(_parameters(definition))
    if rows:
        headings = ("Paramètre", "Appels", "Exigé", "Forme", "Nom à la source", MEANING)
        yield table("Paramètres, dans params", headings, rows, english=len(headings) - 1)
    else:
        yield el("p", "Aucun paramètre : ", el("code", "params"), " est absent, nul ou vide.")
    if definition.params_note:
        yield el("p", *prose(definition.params_note))


def _call(endpoint: Endpoint) -> tuple[Cell, ...]:
    needs = identity_needs(endpoint.identity) if endpoint.identity else {}
    by_need = {need: [name for name, one in needs.items() if one is need] for need in Need}
    identity = joined(
        (el("span", f"{_NEEDS[need]} : ", *codes(names)) for need, names in by_need.items() if names), " ; "
    )
    return (
        codes([endpoint.call]),
        str(endpoint.api_version),
        codes(inputs(endpoint.call)),
        identity or "aucune",
        codes([endpoint.path]),
    )


def _parameters(definition: CheckDefinition) -> Iterator[tuple[Cell, ...]]:
    for parameter, endpoints in parameters_of(definition):
        is_of_all = len(endpoints) == len(definition.endpoints)
        yield (
            codes([parameter.name]),
            "tous" if is_of_all else calls_title(endpoints),
            "oui" if parameter.is_required else "non : absent, nul ou vide",
            form(parameter.schema, FRENCH),
            codes([parameter.api_name]),
            str(parameter.schema.get("description", "")),
        )


def _given(definition: CheckDefinition) -> Iterator[ET.Element]:
    yield el("h2", "Ce qu'elle donne", id="data")
    yield el(
        "p",
        *prose(
            "Dans `data`, absent n'est pas nul : absent est retenu, illisible, ou n'a pas été envoyé ; nul est la réponse de la source."
        ),
    )
    by_model: dict[Any, list[Endpoint]] = {}
    for endpoint in definition.endpoints:
        by_model.setdefault(endpoint.data, []).append(endpoint)
    for model, endpoints in by_model.items():
        versions = sorted({str(endpoint.api_version) for endpoint in endpoints})
        which = (
            f", version{'s' if len(versions) > 1 else ''} {' et '.join(versions)}"
            if len(by_model) > 1
            else ""
        )
        headings = ("Champ", "Type", "Peut être", "Scope", MEANING)
        rows = map(_member, data_members(model))
        yield table(f"Champs de data{which}", headings, rows, english=len(headings) - 1)


def _member(member: DataMember) -> tuple[Cell, ...]:
    states = (["nul"] if member.may_be_null else []) + (["absent"] if member.may_be_absent else [])
    return (
        codes([member.path]),
        form(member.schema, FRENCH),
        " ou ".join(states),
        codes([member.scope]) if member.scope else "",
        str(member.schema.get("description", "")),
    )


def _scopes(definition: CheckDefinition) -> Iterator[ET.Element]:
    yield el("h2", "Ce qui peut être retenu", id="scopes")
    yield el(
        "p",
        *prose(
            "Un bloc que le jeton du CCAS ou les droits du logiciel n'ouvrent pas est absent de `data`, et nommé dans `withheld`."
        ),
    )
    rows = (
        (codes([scope]), codes(members) if members else "l'appel lui-même")
        for scope, members in scopes(definition).items()
    )
    yield table("Scopes de l'API et ce qu'ils ouvrent", ("Scope", "Ouvre"), rows)


def _codes(definition: CheckDefinition) -> Iterator[ET.Element]:
    yield el("h2", "Ce qui peut venir à la place", id="codes")
    rows = (
        (codes([one.code]), codes([one.status]), one.title, one.detail, "oui" if one.retryable else "non")
        for one in expected_codes(definition)
    )
    headings = ("Code", "Statut", "Titre", "Ce que l'agent lit", "À redemander")
    yield table("Codes de reason", headings, rows)


def _examples(definition: CheckDefinition) -> Iterator[ET.Element]:
    yield el("h2", "Exemple", id="exemple")
    yield el("h3", "Une demande")
    yield _json(example_job(definition))
    yield el("h3", "Sa réponse")
    yield _json(example_reply(definition))


def _json(message: Mapping[str, Any]) -> ET.Element:
    return el("pre", el("code", json.dumps(message, indent=2, ensure_ascii=False)), tabindex="0")
