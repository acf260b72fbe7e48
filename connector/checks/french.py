"""What is wrong with a member of a job, in French, from pydantic's error types; of a value, its JSON type alone is told."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from pydantic_core import ErrorDetails

UNKNOWN_MEMBER: Final = "Ce champ n'existe pas."
NO_OBJECT: Final = "Un objet est attendu."
TOO_LONG: Final = "Trop d'éléments (au plus {max_length})."
_DETAILS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "missing": "Ce champ est obligatoire.",
        "extra_forbidden": UNKNOWN_MEMBER,
        "string_type": "Une chaîne de caractères est attendue.",
        "string_too_short": "Cette valeur est trop courte.",
        "string_too_long": "Cette valeur est trop longue.",
        "string_pattern_mismatch": "Cette valeur n'a pas la forme attendue : {pattern}.",
        "int_type": "Un nombre entier est attendu.",
        "greater_than_equal": "Un nombre d'au moins {ge} est attendu.",
        "less_than_equal": "Un nombre d'au plus {le} est attendu.",
        "bool_type": "Un booléen est attendu.",
        "dict_type": NO_OBJECT,
        "model_type": NO_OBJECT,
        "tuple_type": "Un tableau est attendu.",
        "too_short": "Au moins un élément est attendu.",
        "too_long": TOO_LONG,
        "literal_error": "Cette valeur n'est pas l'une de celles admises : {expected}.",
        "siret": "Ce n'est pas un SIRET valide : 14 chiffres, dont la clé de contrôle.",
        "partial_date": "Une date réelle est attendue : AAAA, AAAA-MM ou AAAA-MM-JJ.",
        "name_character": "Le caractère {character} n'est pas admis dans un nom.",
        "name_empty": "Un nom contient au moins une lettre.",
        "duplicate_check_id": "Deux vérifications portent le même id : « {label} ».",
        "timezone_aware": "L'instant doit porter son décalage horaire (RFC 3339).",
        "datetime_type": "Un instant RFC 3339 avec décalage horaire est attendu.",
        "datetime_parsing": "Un instant RFC 3339 avec décalage horaire est attendu.",
        "datetime_from_date_parsing": "Un instant RFC 3339 avec décalage horaire est attendu.",
    },
)
_OTHER: Final = "Cette valeur n'est pas admise."
_ANOTHER_TYPE: Final = frozenset(
    {"string_type", "int_type", "bool_type", "dict_type", "model_type", "tuple_type", "datetime_type"}
)
_NUMBERS_ADMITTED: Final = re.compile(r"[\d, or]+")
_NUMBER: Final = "un nombre"
_TEXT: Final = "un texte"
_TYPES: Final[Mapping[type, str]] = MappingProxyType(
    {
        str: _TEXT,
        bool: "un booléen",
        int: _NUMBER,
        float: _NUMBER,
        list: "un tableau",
        dict: "un objet",
        type(None): "null",
    }
)


class _Context(dict[str, Any]):
    def __missing__(self, _name: str) -> str:
        return "…"


def json_type(value: Any) -> str:
    """Return the JSON type of a value, in French."""
    return _TYPES[type(value)]


def explain(defect: ErrorDetails, received: str | None = None) -> str:
    """Return a sentence that says what is expected, and where it is another type, which ``json_type`` was received."""
    # What pydantic lists in English.
    context = {
        name: value.replace(" or ", " ou ") if isinstance(value, str) else value
        for name, value in defect.get("ctx", {}).items()
    }
    sentence = _DETAILS.get(defect["type"], _OTHER).format_map(_Context(context))
    if received is None or not _is_of_another_type(defect, received):
        return sentence
    return f"{sentence} Reçu : {received}."


def _is_of_another_type(defect: ErrorDetails, received: str) -> bool:
    if defect["type"] != "literal_error":
        return defect["type"] in _ANOTHER_TYPE
    are_numbers = _NUMBERS_ADMITTED.fullmatch(defect["ctx"]["expected"])
    return received != (_NUMBER if are_numbers else _TEXT)
