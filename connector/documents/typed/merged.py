"""One schema of what several calls or versions of a check take or give, so that a generator makes one class of it.

Every member of data may be absent, and so may every parameter that only some calls take: what a call or a version does not have
is absent. The schema says exactly what the choice between theirs would.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from schemas.base import EMPTY_TEXT

VERSIONS: Final = "x-api-versions"
"""On a member of data: the versions of the source that give it, where not all do."""
_PROSE: Final = ("description", "default", "examples")

Schema = dict[str, Any]


class UnlikeMembersError(ValueError):
    """A member has another type in another version; the message names it."""


def merged_data(by_version: Mapping[int, Schema]) -> Schema:
    """Return the schema of the data of every version, the first one's prose first. Raises ``UnlikeMembersError``."""
    schemas = list(by_version.values())
    members = _members(schemas)
    for name, member in members.items():
        versions = [version for version, schema in by_version.items() if name in schema["properties"]]
        if len(versions) < len(by_version):
            members[name] = {**member, VERSIONS: versions}
    parts = _parts(schemas)
    return {**schemas[0], "properties": members, **({"$defs": parts} if parts else {})}


def merged_params(schemas: Sequence[Schema]) -> Schema:
    """Return the schema of the parameters of every call. Raises ``UnlikeMembersError``.

    One that each call demands is required. Another may be null or empty, which counts as absent.
    """
    members = _members(schemas)
    required = [name for name in members if all(name in schema.get("required", ()) for schema in schemas)]
    optional = {name: _optional(member) for name, member in members.items() if name not in required}
    return {
        **{name: value for name, value in schemas[0].items() if name != "required"},
        "properties": {**members, **optional},
        **({"required": required} if required else {}),
    }


def _members(schemas: Sequence[Schema]) -> dict[str, Schema]:
    members: dict[str, Schema] = {}
    for schema in schemas:
        for name, member in schema.get("properties", {}).items():
            known = members.setdefault(name, member)
            if _form(known) != _form(member):
                raise UnlikeMembersError(f"{name} is not the same in each version")
    return members


def _parts(schemas: Sequence[Schema]) -> dict[str, Schema]:
    parts: dict[str, Schema] = {}
    for schema in schemas:
        for name, part in schema.get("$defs", {}).items():
            if parts.setdefault(name, part) != part:
                raise UnlikeMembersError(f"{name} is not the same in each version")
    return parts


def _form(member: Schema) -> Schema:
    """Return what a value must be, whether or not a call demands it."""
    bare = {name: value for name, value in member.items() if name not in _PROSE}
    choices = [choice for choice in bare.get("anyOf", ()) if choice not in ({"type": "null"}, EMPTY_TEXT)]
    return choices[0] if len(choices) == 1 and len(bare) == 1 else bare


def _optional(member: Schema) -> Schema:
    prose: Schema = {name: member[name] for name in _PROSE if name in member}
    return {"anyOf": [_form(member), {"type": "null"}, EMPTY_TEXT], "default": None, **prose}
