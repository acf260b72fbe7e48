"""JSON Schema documents as components of one AsyncAPI document: each schema stands once, under the name of its class."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from connector.documents.typed.nullable import PARTS

_SCHEMAS: Final = "#/components/schemas/"
_HEAD: Final = ("$schema", "$id", "$defs")


class TwoSchemasError(ValueError):
    """Two schemas have one name; the message gives it."""


def schema_ref(title: str) -> dict[str, str]:
    """Return a reference to a schema of the document."""
    return {"$ref": f"{_SCHEMAS}{title}"}


def schema_components(documents: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return every document and every part of one under its title. Raises ``TwoSchemasError``.

    An AsyncAPI schema is a superset of draft 7, where what stands beside a reference is ignored: here it is a description, a
    scope, or a version, which change no validation. An ``allOf`` around the reference would be one more class without a name.
    """
    components: dict[str, Any] = {}
    for document in documents:
        own = {member: value for member, value in document.items() if member not in _HEAD}
        for name, schema in ((document["title"], own), *document.get("$defs", {}).items()):
            local = _local(schema)
            if components.setdefault(name, local) != local:
                raise TwoSchemasError(f"two schemas are called {name}")
    return components


def _local(node: Any) -> Any:
    match node:
        case {"$ref": str(ref), **others}:
            return {**schema_ref(ref.removeprefix(PARTS)), **_local(others)}
        case Mapping():
            return {name: _local(child) for name, child in node.items()}
        case list():
            return [_local(child) for child in node]
        case _:
            return node
