"""Word the defects of a job's members in French, from pydantic's error types. A value's form is told, never the value."""

import re
from collections.abc import Mapping
from functools import reduce
from operator import getitem
from types import MappingProxyType
from typing import Any, Final

from pydantic_core import ErrorDetails

from connector.checks.nearest import unknown_member
from connector.checks.shapes import INSTANT_EXAMPLE, looks_like, shape_of

NO_OBJECT: Final = "Un objet est attendu."
_TOO_LONG: Final = "Trop d'éléments (au plus {max_length})."
NOTHING: Final = object()
"""Stands for what a job does not have."""
_INSTANT: Final = f"Un instant RFC 3339 avec décalage horaire est attendu, comme {INSTANT_EXAMPLE}."
_DETAILS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "missing": "Ce champ est obligatoire.",
        "string_type": "Une chaîne de caractères est attendue.",
        "string_too_short": "Cette valeur est trop courte ({min_length} caractère au moins).",
        "string_too_long": "Cette valeur est trop longue ({max_length} caractères au plus).",
        "string_pattern_mismatch": "Cette valeur n'a pas la forme attendue : {shape}.",
        "int_type": "Un nombre entier est attendu.",
        "greater_than_equal": "Un nombre d'au moins {ge} est attendu.",
        "less_than_equal": "Un nombre d'au plus {le} est attendu.",
        "bool_type": "Un booléen est attendu.",
        "dict_type": NO_OBJECT,
        "model_type": NO_OBJECT,
        "tuple_type": "Un tableau est attendu.",
        "too_short": "Au moins un élément est attendu.",
        "too_long": _TOO_LONG,
        "literal_error": "Cette valeur n'est pas l'une de celles admises : {expected}.",
        "siret": "Ce n'est pas un SIRET valide : la clé de contrôle de ses 14 chiffres est fausse, l'un au moins est mal recopié.",
        "partial_date": "Une date réelle est attendue : AAAA, AAAA-MM ou AAAA-MM-JJ.",
        "name_character": "Le caractère {character} n'est pas admis dans un nom.",
        "name_empty": "Un nom contient au moins une lettre.",
        "duplicate_check_id": "Deux vérifications portent le même id : « {label} ». Donner à chacune un « id » différent.",
        "timezone_aware": f"L'instant doit porter son décalage horaire (RFC 3339), comme {INSTANT_EXAMPLE}.",
        "datetime_type": _INSTANT,
        "datetime_parsing": _INSTANT,
        "datetime_from_date_parsing": _INSTANT,
    },
)
_OTHER: Final = "Cette valeur n'est pas admise."
_ANOTHER_TYPE: Final = frozenset(
    {"string_type", "int_type", "bool_type", "dict_type", "model_type", "tuple_type", "datetime_type"}
)
_NUMBERS_ADMITTED: Final = re.compile(r"[\d, or]+")
_A_NUMBER: Final = re.compile(r"\s*[0-9]{1,20}\s*", re.ASCII)
_NUMBER: Final = "un nombre"
_TEXT: Final = "un texte"
_TYPES: Final[Mapping[type, str]] = MappingProxyType(
    {
        str: _TEXT,
        bool: "un booléen",
        int: _NUMBER,
        float: "un nombre à virgule",
        list: "un tableau",
        dict: "un objet",
        type(None): "null",
    }
)
_CODES: Final = frozenset(
    {"tenant", "code_pays", "code_commune", "code_departement", "numero_fiscal", "reference_avis"}
)
"""Texts of digits, which a number writes without the zeros that it begins with."""
_OF_THE_MEMBER: Final[Mapping[tuple[str, str], str]] = MappingProxyType(
    {
        ("tuple_type", "prenoms"): " Donner un prénom par élément du tableau.",
        ("literal_error", "sexe"): " F pour une femme, M pour un homme, en majuscule.",
        ("name_character", "prenoms"): " Plusieurs prénoms se donnent un par élément du tableau.",
        ("too_long", "checks"): " Répartir les vérifications sur plusieurs demandes.",
    }
)
"""What else helps, by the kind of defect and the member."""


class _Context(dict[str, Any]):
    def __missing__(self, _name: str) -> str:
        return "…"


def json_type(value: Any) -> str:
    """Return the JSON type of a value, in French."""
    return _TYPES[type(value)]


def received_at(place: tuple[int | str, ...], document: Any) -> Any:
    """Return what a document has at a place, ``NOTHING`` where it has nothing."""
    try:
        return reduce(getitem, place, document)
    except (LookupError, TypeError):
        return NOTHING


def too_long(member: str, most: int) -> str:
    """Return what to do of a list with more than ``most`` elements."""
    return _TOO_LONG.format(max_length=most) + _OF_THE_MEMBER.get(("too_long", member), "")


def explain(defect: ErrorDetails, received: Any = NOTHING) -> str:
    """Return what is expected instead of ``received``, what that looks like, and how to mend it."""
    kind, location = defect["type"], defect["loc"]
    if kind == "extra_forbidden":
        return unknown_member(location)
    member = next((part for part in reversed(location) if isinstance(part, str)), "")
    # What pydantic lists in English.
    context = {
        name: value.replace(" or ", " ou ") if isinstance(value, str) else value
        for name, value in defect.get("ctx", {}).items()
    }
    if kind == "name_character" and "Œ" in context["character"].upper():
        context["character"] += ", à écrire OE,"
    expected = _DETAILS.get(kind, _OTHER).format_map(_Context(context, shape=shape_of(member)))
    return (
        expected + _OF_THE_MEMBER.get((kind, member), "") + _what_was_received(defect, member, received, kind)
    )


def _what_was_received(defect: ErrorDetails, member: str, received: Any, kind: str) -> str:
    if received is NOTHING:
        return ""
    if _is_of_another_type(defect, received):
        return f" Reçu : {json_type(received)}{_repair(defect, member, received)}."
    # A name's characters and a SIRET's key are told already.
    seems = None if kind in ("name_character", "siret") else looks_like(member, received)
    return f" Reçu : {seems}." if seems else ""


def _is_of_another_type(defect: ErrorDetails, received: Any) -> bool:
    if defect["type"] != "literal_error":
        return defect["type"] in _ANOTHER_TYPE
    wants_number = _wants_number(defect)
    return json_type(received) != (_NUMBER if wants_number else _TEXT)


def _wants_number(defect: ErrorDetails) -> bool:
    if defect["type"] == "literal_error":
        return bool(_NUMBERS_ADMITTED.fullmatch(defect["ctx"]["expected"]))
    return defect["type"] == "int_type"


def _repair(defect: ErrorDetails, member: str, received: Any) -> str:
    """Return how the right value of a wrong type is written."""
    if defect["type"] == "string_type" and type(received) is int:
        zeros = ", avec ses zéros de tête" if member in _CODES else ""
        return f" ; l'écrire entre guillemets{zeros}"
    if not isinstance(received, str):
        return ""
    if _wants_number(defect) and _A_NUMBER.fullmatch(received):
        return " ; l'écrire sans guillemets"
    return " ; écrire true ou false, sans guillemets" if defect["type"] == "bool_type" else ""
