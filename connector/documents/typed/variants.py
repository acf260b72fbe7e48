"""The checks of a job and of its reply, told apart by ``check``: one schema per check of the catalogue, and one for the others."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from connector.catalogue.definition import CheckDefinition
from connector.documents.typed.names import class_name, data_class, params_class
from connector.documents.typed.nullable import PARTS

DISCRIMINATOR: Final = "check"
OTHER: Final = "Other"
_ANY_OBJECT: Final = {"type": ["object", "null"], "additionalProperties": True}

Schema = dict[str, Any]


def with_reply_variants(
    reply: Schema, catalogue: Mapping[str, CheckDefinition], data: Mapping[str, Schema]
) -> Schema:
    """Return the schema of a reply whose checks have the data of the catalogue's; ``data`` is the merged one of each.

    The last variant is for a check that these documents do not have: ``unknown_check``, or one that was added later.
    """
    definitions = catalogue.values()
    base = reply["$defs"]["CheckReply"]
    described = base["properties"]["data"]["description"]
    variants = {
        class_name(definition, "Reply"): _variant(
            base,
            class_name(definition, "Reply"),
            f"{definition.title}: the answer to `{definition.name}`.",
            {
                "check": _name(definition),
                "data": _nullable(data_class(definition), described),
            },
        )
        for definition in definitions
    }
    other = _variant(
        base,
        f"{OTHER}CheckReply",
        "The answer to a check that is not of this document: one that no catalogue has (`unknown_check`), or a newer one.",
        {
            "check": _other_name(base, catalogue),
            "data": {**_ANY_OBJECT, "description": described},
        },
    )
    parts = _parts_and_choice(reply, "CheckReply", {**variants, other["title"]: other})
    return {**reply, "$defs": {**parts, **_with_their_parts(data)}}


def with_request_variants(
    request: Schema, catalogue: Mapping[str, CheckDefinition], params: Mapping[str, Schema]
) -> Schema:
    """Return the schema of a job whose checks have the parameters of the catalogue's.

    The last variant is for a check that these documents do not have: its answer is ``unknown_check`` until the connector has it.
    """
    definitions = catalogue.values()
    base = request["$defs"]["CheckRequest"]
    described = base["properties"]["params"]["description"]
    variants = {
        class_name(definition, "Request"): _variant(
            base,
            class_name(definition, "Request"),
            f"{definition.title}: a question of `{definition.name}`. {_OWN_ERROR}",
            {
                "check": _name(definition),
                "call": {
                    **base["properties"]["call"],
                    "x-extensible-enum": list(dict.fromkeys(one.call.value for one in definition.endpoints)),
                },
                "api_version": {
                    **base["properties"]["api_version"],
                    "x-extensible-enum": list(definition.api_versions),
                },
                "params": _nullable(params_class(definition), described),
            },
        )
        for definition in definitions
    }
    other = _variant(
        base,
        f"{OTHER}CheckRequest",
        "A question of a check that is not of this document. Its answer is `unknown_check` where the connector has none such.",
        {
            "check": _other_name(base, catalogue),
            "params": {**_ANY_OBJECT, "description": described},
        },
    )
    parts = _parts_and_choice(request, "CheckRequest", {**variants, other["title"]: other})
    return {**request, "$defs": {**parts, **_with_their_parts(params)}}


_OWN_ERROR: Final = "What is wrong with its `call`, `api_version` or `params` is that check's own error."


def _variant(base: Schema, title: str, description: str, members: Mapping[str, Schema]) -> Schema:
    return {
        **base,
        "title": title,
        "description": description,
        "properties": {**base["properties"], **members},
    }


def _nullable(part: str, description: str) -> Schema:
    return {"anyOf": [{"$ref": f"{PARTS}{part}"}, {"type": "null"}], "description": description}


def _name(definition: CheckDefinition) -> Schema:
    return {"type": "string", "const": definition.name, "title": class_name(definition, "Name")}


def _other_name(base: Schema, catalogue: Iterable[str]) -> Schema:
    return {**base["properties"]["check"], "not": {"title": "KnownName", "enum": list(catalogue)}}


def _parts_and_choice(document: Schema, name: str, variants: Mapping[str, Schema]) -> dict[str, Schema]:
    base = document["$defs"][name]
    choice = {
        "title": name,
        "description": f"{base['description']} `{DISCRIMINATOR}` tells which.",
        "oneOf": [{"$ref": f"{PARTS}{variant}"} for variant in variants],
    }
    return {**document["$defs"], name: choice, **variants}


def _with_their_parts(schemas: Mapping[str, Schema]) -> dict[str, Schema]:
    """Return schemas beside their parts, as parts of one document."""
    parts = {name: part for schema in schemas.values() for name, part in schema.get("$defs", {}).items()}
    return {
        **{
            name: {
                member: value for member, value in schema.items() if member not in ("$defs", "$schema", "$id")
            }
            for name, schema in schemas.items()
        },
        **parts,
    }
