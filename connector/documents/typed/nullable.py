"""Null in the published schemas, written in the one form that code generators type.

pydantic writes a nullable member as a choice with null; of such a choice, generators make a class without a name, or no type at
all. Here a type is ``["string", "null"]``, and an object that may be null wherever it stands says so itself.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from schemas.base import EMPTY_TEXT

PARTS: Final = "#/$defs/"
VALUES: Final = "x-values"
"""On a text that may be empty: the values that it has otherwise."""
_NULL: Final[Mapping[str, Any]] = {"type": "null"}
_OWN_FORM: Final = ("string", "integer", "number", "boolean", "array", "object")

Schema = dict[str, Any]


class MixedNullError(ValueError):
    """A part may be null in one place and not in another; the message names it."""


def with_null_in_types(document: Schema) -> Schema:
    """Return a document that says the same without a choice between a value and null.

    Of what counts as absent, an empty text in the place of a number or a list is left out: a program with types never writes one.
    Raises ``MixedNullError``.
    """
    parts = _inlined_texts(document)
    found = list(_references(document))
    nullable = {name for name, may_be_null in found if may_be_null}
    mixed = nullable & {name for name, may_be_null in found if not may_be_null}
    if mixed:
        raise MixedNullError(f"null in one place and not in another: {', '.join(sorted(mixed))}")
    own = {name: value for name, value in document.items() if name != "$defs"}
    written = {
        name: _nullable(_folded(part, parts)) if name in nullable else _folded(part, parts)
        for name, part in document.get("$defs", {}).items()
        if name not in parts
    }
    return {**_folded(own, parts), **({"$defs": written} if written else {})}


def _inlined_texts(document: Schema) -> dict[str, Schema]:
    """Return the parts that are open texts: a class around one text is of no use."""
    return {
        name: part
        for name, part in document.get("$defs", {}).items()
        if part.get("type") == "string" and "enum" not in part
    }


def _references(node: Any, *, may_be_null: bool = False) -> Iterator[tuple[str, bool]]:
    match node:
        case {"$ref": str(ref)}:
            yield ref.removeprefix(PARTS), may_be_null
        case {"anyOf": [*choices], **others}:
            for choice in choices:
                yield from _references(choice, may_be_null=_NULL in choices)
            yield from _references(others)
        case Mapping():
            for child in node.values():
                yield from _references(child)
        case list():
            for child in node:
                yield from _references(child)
        case _:
            pass


def _folded(node: Any, inlined: Mapping[str, Schema]) -> Any:
    match node:
        case {"$ref": str(ref), **others} if ref.removeprefix(PARTS) in inlined:
            return {**inlined[ref.removeprefix(PARTS)], **others}
        case {"anyOf": [*choices], **others}:
            return _choice(choices, others, inlined)
        case Mapping():
            return {name: _folded(child, inlined) for name, child in node.items()}
        case list():
            return [_folded(child, inlined) for child in node]
        case _:
            return node


def _choice(choices: list[Any], others: Mapping[Any, Any], inlined: Mapping[str, Schema]) -> Schema:
    values = [_folded(choice, inlined) for choice in choices if choice not in (_NULL, EMPTY_TEXT)]
    if len(values) != 1:
        return {"anyOf": [_folded(choice, inlined) for choice in choices], **others}
    value: Schema = {**values[0], **others}
    if EMPTY_TEXT in choices:
        value = _may_be_empty(value)
    return _nullable(value) if _NULL in choices else value


def _nullable(schema: Schema) -> Schema:
    """Let a value be null; a reference stays as it is, since its target says so."""
    if schema.get("type") not in _OWN_FORM:
        return schema
    values = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return {**schema, "type": [schema["type"], "null"], **values}


def _may_be_empty(schema: Schema) -> Schema:
    """Let a text be empty: a pattern says it of a text of certain values too, which would need a value without a name."""
    if schema.get("type") != "string":
        return schema
    text = {name: value for name, value in schema.items() if name not in ("minLength", "enum")}
    if "enum" in schema:
        return {**text, "pattern": f"^(?:{'|'.join(schema['enum'])})?$", VALUES: schema["enum"]}
    if "pattern" in schema:
        text["pattern"] = f"^(?:{schema['pattern'].removeprefix('^').removesuffix('$')})?$"
    return text
