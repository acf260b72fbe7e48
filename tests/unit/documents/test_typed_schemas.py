"""The published schemas are such that a code generator makes of each one class with a name, and types it."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from connector.catalogue import CATALOGUE
from connector.documents.asyncapi import asyncapi_document
from connector.documents.catalogue_schemas import REPLY, REQUEST, schema_documents
from connector.documents.examples import example_job, example_reply
from connector.documents.typed.merged import UnlikeMembersError, merged_data, merged_params
from connector.documents.typed.nullable import MixedNullError, with_null_in_types

DOCUMENTS = schema_documents()
ASYNCAPI = asyncapi_document()
COMPONENTS: dict[str, Any] = ASYNCAPI["components"]["schemas"]
CLASS = re.compile(r"[A-Z][A-Za-z0-9]{1,63}")
"""A class name in Java, C#, TypeScript, PHP and Python."""
NULL = {"type": "null"}
ABSENT_OF_PROPERTIES = ("properties", "examples", "default", "const", "enum")


def _schemas(node: Any, path: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the schemas within one, each with its place; values and members named like a keyword are none."""
    if isinstance(node, list):
        for index, child in enumerate(node):
            yield from _schemas(child, f"{path}/{index}")
    if isinstance(node, dict):
        yield path, node
        for keyword, child in node.items():
            if keyword in ("properties", "$defs"):
                for name, schema in child.items():
                    yield from _schemas(schema, f"{path}/{keyword}/{name}")
            elif keyword not in ABSENT_OF_PROPERTIES and not keyword.startswith("x-") and keyword != "not":
                yield from _schemas(child, f"{path}/{keyword}")


def _all() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, document in (*DOCUMENTS.items(), *COMPONENTS.items()):
        yield from _schemas(document, name)


def test_null_is_a_type_and_never_a_choice() -> None:
    choices = [path for path, schema in _all() if "anyOf" in schema or NULL in schema.get("oneOf", ())]
    assert choices == []


def test_whatever_becomes_a_class_has_a_name_that_is_legal_in_every_language() -> None:
    named = [
        (path, schema)
        for path, schema in _all()
        if {"properties", "enum", "oneOf"} & set(schema) or isinstance(schema.get("const"), str)
    ]
    assert len(named) > len(COMPONENTS)
    for path, schema in named:
        assert CLASS.fullmatch(schema.get("title", "")), path


def test_a_component_is_called_by_its_title_and_no_two_alike() -> None:
    assert [name for name, schema in COMPONENTS.items() if schema["title"] != name] == []
    assert len({name.lower() for name in COMPONENTS}) == len(COMPONENTS)


def test_a_title_means_one_schema_in_all_documents() -> None:
    """The root of a document apart, which is the same without the null that its place allows."""
    seen: dict[str, str] = {}
    for document in DOCUMENTS.values():
        for name, part in document.get("$defs", {}).items():
            assert seen.setdefault(name, json.dumps(part)) == json.dumps(part), name
            assert part["title"] == name


@pytest.mark.parametrize(
    ("document", "choice", "member"), [(REQUEST, "CheckRequest", "params"), (REPLY, "CheckReply", "data")]
)
def test_each_check_is_a_variant_whose_name_tells_it(document: str, choice: str, member: str) -> None:
    parts = DOCUMENTS[document]["$defs"]
    variants = [parts[variant["$ref"].removeprefix("#/$defs/")] for variant in parts[choice]["oneOf"]]
    *known, other = variants
    assert [variant["properties"]["check"]["const"] for variant in known] == list(CATALOGUE)
    classes = [variant["properties"][member]["$ref"] for variant in known]
    assert len(set(classes)) == len(CATALOGUE)
    assert other["properties"]["check"]["not"] == {"title": "KnownName", "enum": list(CATALOGUE)}
    assert other["properties"][member]["type"] == ["object", "null"]
    assert COMPONENTS[choice]["discriminator"] == "check"
    assert "check" in COMPONENTS[choice]["properties"]
    assert COMPONENTS[choice]["required"] == ["check"]


def _reply(check: dict[str, Any]) -> dict[str, Any]:
    reply = example_reply(CATALOGUE["quotient_familial"])
    return {**reply, "checks": [{**reply["checks"][0], **check}]}


def test_a_reply_to_a_check_that_the_catalogue_does_not_have_fits() -> None:
    validator = Draft202012Validator(DOCUMENTS[REPLY])
    unknown = {"check": "cadastre", "status": "error", "data": None}
    assert validator.is_valid(_reply(unknown))
    assert validator.is_valid(_reply({**unknown, "data": {"parcelles": [1]}})), "a newer check"
    assert not validator.is_valid(_reply({"check": 1}))


def test_data_of_a_check_are_those_of_that_check_and_stay_open() -> None:
    validator = Draft202012Validator(DOCUMENTS[REPLY])
    assert validator.is_valid(_reply({"data": {"nouveau": 1}, "nouveau": 1}))
    assert not validator.is_valid(_reply({"data": {"quotient_familial": {"valeur": "beaucoup"}}}))
    assert validator.is_valid(_reply({"check": "service_civique", "data": None}))


@pytest.mark.parametrize("name", [name for name, one in CATALOGUE.items() if len(one.api_versions) > 1])
def test_data_in_the_envelope_are_those_of_every_version(name: str) -> None:
    definition = CATALOGUE[name]
    title = "".join(map(str.capitalize, name.split("_"))) + "Data"
    every = COMPONENTS[title]["properties"]
    for version in definition.api_versions:
        one = COMPONENTS[f"{title}Api{version}"]["properties"]
        assert set(one) <= set(every)
        for member in set(every) - set(one):
            assert version not in every[member]["x-api-versions"]
        for member in one:
            assert version in every[member].get("x-api-versions", [version])


def test_a_job_s_parameters_are_those_of_its_check() -> None:
    validator = Draft202012Validator(DOCUMENTS[REQUEST])
    job = example_job(CATALOGUE["quotient_familial"])
    for params, fits in (({"mois": 5}, True), ({"mois": None}, True), (None, True), ({"mois": 13}, False)):
        assert validator.is_valid({**job, "checks": [{**job["checks"][0], "params": params}]}) == fits
    assert validator.is_valid({**job, "checks": [{"check": "cadastre", "params": {"x": 1}}]})


def test_versions_that_contradict_each_other_cannot_be_one_class() -> None:
    one, two = ({"properties": {"a": {"type": type_}}} for type_ in ("string", "integer"))
    with pytest.raises(UnlikeMembersError, match="a is not the same"):
        merged_data({3: one, 4: two})
    with pytest.raises(UnlikeMembersError, match="a is not the same"):
        merged_params([one, two])


def test_a_part_cannot_be_null_in_one_place_and_not_in_another() -> None:
    reference = {"$ref": "#/$defs/A"}
    document = {
        "properties": {"a": reference, "b": {"anyOf": [reference, NULL]}},
        "$defs": {"A": {"type": "object"}},
    }
    with pytest.raises(MixedNullError, match="A"):
        with_null_in_types(document)


@pytest.mark.parametrize(
    ("member", "written"),
    [
        ({"type": "string", "pattern": "^a|b$"}, {"type": ["string", "null"], "pattern": "^(?:a|b)?$"}),
        ({"type": "string", "minLength": 1, "maxLength": 9}, {"type": ["string", "null"], "maxLength": 9}),
        (
            {"type": "string", "enum": ["F", "M"]},
            {"type": ["string", "null"], "pattern": "^(?:F|M)?$", "x-values": ["F", "M"]},
        ),
        ({"type": "integer", "minimum": 1}, {"type": ["integer", "null"], "minimum": 1}),
    ],
)
def test_what_may_be_absent_is_null_or_for_a_text_empty(
    member: dict[str, Any], written: dict[str, Any]
) -> None:
    empty = {"type": "string", "maxLength": 0}
    assert with_null_in_types({"properties": {"a": {"anyOf": [member, NULL, empty]}}}) == {
        "properties": {"a": written}
    }


def test_an_enumeration_that_may_be_null_has_null_among_its_values() -> None:
    schema = with_null_in_types({"properties": {"a": {"anyOf": [{"type": "string", "enum": ["x"]}, NULL]}}})
    assert schema["properties"]["a"] == {"type": ["string", "null"], "enum": ["x", None]}
