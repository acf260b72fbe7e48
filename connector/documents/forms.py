"""The form of a value, told from its JSON Schema in the words of a reader's language."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from schemas.base import EMPTY_TEXT

_MOST_VALUES_SHOWN: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A language's words for forms."""

    types: Mapping[str, str]
    lists: Mapping[str, str]
    between: str
    shaped: str
    length: str
    one_of: str
    known: str


ENGLISH: Final = Words(
    types={"string": "text", "integer": "integer", "number": "number", "boolean": "boolean"}
    | {"date": "date", "object": "object", "any": "any JSON"},
    lists={"string": "list of texts", "object": "list of objects"},
    between="from {} to {}",
    shaped="as {}",
    length="of {} to {} characters",
    one_of="among {}",
    known="documented: {}",
)
FRENCH: Final = Words(
    types={"string": "texte", "integer": "entier", "number": "nombre", "boolean": "booléen"}
    | {"date": "date", "object": "objet", "any": "JSON quelconque"},
    lists={"string": "liste de textes", "object": "liste d'objets"},
    between="de {} à {}",
    shaped="de forme {}",
    length="de {} à {} caractères",
    one_of="parmi {}",
    known="valeurs documentées : {}",
)


_ABSENT: Final = ({"type": "null"}, EMPTY_TEXT)
"""What counts as no value."""


def without_null(schema: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
    """Return the schema of a value that is there, and whether it may be null."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice not in _ABSENT]
    if len(choices) == len(schema.get("anyOf", ())):
        return schema, False
    others = {name: value for name, value in schema.items() if name != "anyOf"}
    return {**others, **(choices[0] if len(choices) == 1 else {"anyOf": choices})}, True


def form(schema: Mapping[str, Any], words: Words) -> str:
    """Return the form of the values that a member's schema allows, null apart."""
    value, _ = without_null(schema)
    if value.get("type") == "array":
        items, _ = without_null(value["items"])
        kind = _kind(items)
        parts = [words.lists[kind], *_limits(items, words)]
        bounds = value.get("minItems"), value.get("maxItems")
        return _joined(parts, f"({words.between.format(*bounds)})" if all(bounds) else "")
    return _joined([words.types[_kind(value)], *_limits(value, words)])


def _kind(schema: Mapping[str, Any]) -> str:
    if schema.get("format") == "date":
        return "date"
    if "$ref" in schema or "properties" in schema:
        return "object"
    choices = {choice.get("type") for choice in schema.get("anyOf", ())}
    return "number" if choices == {"integer", "number"} else str(schema.get("type", "any"))


def _limits(schema: Mapping[str, Any], words: Words) -> list[str]:
    limits = []
    if "enum" in schema:
        limits.append(words.one_of.format(_values(schema["enum"])))
    if "pattern" in schema:
        limits.append(words.shaped.format(f"`{schema['pattern']}`"))
    if "minimum" in schema and "maximum" in schema:
        limits.append(words.between.format(schema["minimum"], schema["maximum"]))
    if "minLength" in schema and "maxLength" in schema:
        limits.append(words.length.format(schema["minLength"], schema["maxLength"]))
    known = schema.get("x-extensible-enum", ())
    if 0 < len(known) <= _MOST_VALUES_SHOWN:
        limits.append(f"({words.known.format(_values(known))})")
    return limits


def _values(values: list[Any]) -> str:
    return ", ".join(f"`{value}`" for value in values)


def _joined(parts: list[str], last: str = "") -> str:
    return " ".join(part for part in (*parts, last) if part)
