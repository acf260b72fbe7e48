"""JSON Schema documents as components of one AsyncAPI document: references stay inside it."""

from collections.abc import Mapping
from typing import Any, Final

_SCHEMAS: Final = "#/components/schemas/"
_PARTS: Final = "#/$defs/"


def schema_ref(name: str) -> dict[str, str]:
    """Return a reference to a schema of the document."""
    return {"$ref": f"{_SCHEMAS}{name}"}


def schema_components(documents: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return every document, and every part of one as ``<document>.<part>``.

    An AsyncAPI schema is a superset of draft 7, where what stands beside a reference is ignored: such a
    reference is put into an ``allOf``. The documents use nothing else that is newer than draft 7.
    """
    components: dict[str, Any] = {}
    for name, document in documents.items():
        own = {
            member: value for member, value in document.items() if member not in ("$schema", "$id", "$defs")
        }
        components[name] = _local(own, name)
        for part, schema in document.get("$defs", {}).items():
            components[f"{name}.{part}"] = _local(schema, name)
    return components


def _local(node: Any, document: str) -> Any:
    match node:
        case {"$ref": str(ref), **others}:
            local = schema_ref(f"{document}.{ref.removeprefix(_PARTS)}")
            return {"allOf": [local], **_local(others, document)} if others else local
        case Mapping():
            return {name: _local(child, document) for name, child in node.items()}
        case list():
            return [_local(child, document) for child in node]
        case _:
            return node
