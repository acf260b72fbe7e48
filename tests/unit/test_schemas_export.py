"""The published JSON Schema files are those of the models, closed for requests and open for replies."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from schemas.documents import documents

PUBLISHED = Path(__file__).parents[2] / "schemas" / "json"
REQUESTS = ["verification.request.v1", "quotient_familial.params.v1", "revenu_solidarite_active.params.v1"]
REPLIES = ["verification.reply.v1", "quotient_familial.data.v1", "revenu_solidarite_active.data.v1"]


def _published(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((PUBLISHED / f"{name}.schema.json").read_text("utf-8"))
    return document


def _with_properties(node: Any, path: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """Find the schemas of objects, at every level; a free-form object has no ``properties``."""
    if isinstance(node, dict):
        if (node.get("type") == "object" and "additionalProperties" not in node) or "properties" in node:
            yield path, node
        for name, child in node.items():
            yield from _with_properties(child, f"{path}/{name}")
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from _with_properties(child, f"{path}/{index}")


def test_the_committed_files_are_those_of_the_models() -> None:
    made = {
        name: json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        for name, document in documents().items()
    }
    committed = {path.name: path.read_text("utf-8") for path in PUBLISHED.iterdir()}
    assert committed == made


def test_every_document_is_one_that_is_tested_here() -> None:
    assert {f"{name}.schema.json" for name in REQUESTS + REPLIES} == set(documents())


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_admits_no_unknown_member_at_any_level(name: str) -> None:
    objects = list(_with_properties(_published(name)))
    assert objects
    for path, schema in objects:
        assert schema.get("additionalProperties") is False, path


def test_every_part_of_a_request_is_found() -> None:
    paths = {path for path, _ in _with_properties(_published("verification.request.v1"))}
    assert {"#", "#/$defs/Identity", "#/$defs/PlaceOfBirth", "#/$defs/CheckRequest"} <= paths


def test_the_parameters_of_a_check_are_free_in_the_envelope() -> None:
    """What is wrong with them is that check's own error, and does not reject the job."""
    schema = _published("verification.request.v1")["$defs"]["CheckRequest"]["properties"]["params"]
    assert schema.get("additionalProperties") is not False


@pytest.mark.parametrize("name", REPLIES)
def test_a_reply_is_open_at_every_level(name: str) -> None:
    objects = list(_with_properties(_published(name)))
    assert objects
    for path, schema in objects:
        assert schema.get("additionalProperties", True) is not False, path


@pytest.mark.parametrize("name", REQUESTS + REPLIES)
def test_a_document_names_itself_and_its_dialect(name: str) -> None:
    document = _published(name)
    assert document["$id"] == f"urn:ccas-connector:{name}"
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
