"""What a member's text is to look like: each pattern of a job has its words."""

from collections.abc import Iterator
from typing import Any

import pytest

from connector.catalogue import CATALOGUE
from connector.checks.shapes import SHAPES, looks_like, shape_of
from schemas.base import NO_CONTROL_CHARACTERS, RequestModel
from schemas.request import VerificationRequest


def patterns(schema: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield each member that has a pattern, with it."""
    if isinstance(schema, dict):
        if isinstance(pattern := schema.get("pattern"), str):
            yield name, pattern
        for member, inner in schema.get("properties", {}).items():
            yield from patterns(inner, member)
        for key, inner in schema.items():
            if key != "properties":
                yield from patterns(inner, name if key in ("anyOf", "items") else "")
    elif isinstance(schema, list):
        for inner in schema:
            yield from patterns(inner, name)


def test_every_pattern_is_told_in_french() -> None:
    """A pattern says nothing to most people. Dates have words of their own."""
    params = [each.params for check in CATALOGUE.values() for each in check.endpoints]
    models: list[type[RequestModel]] = [VerificationRequest, *params]
    found = {pair for model in models for pair in patterns(model.model_json_schema())}
    named = {name for name, pattern in found if pattern != NO_CONTROL_CHARACTERS}
    assert named - SHAPES.keys() == {"expires_at", "date_naissance"}
    assert SHAPES.keys() <= named


@pytest.mark.parametrize("member", SHAPES)
def test_no_shape_is_a_pattern(member: str) -> None:
    assert "^" not in shape_of(member)
    assert "\\" not in shape_of(member)


@pytest.mark.parametrize(
    ("member", "value", "told"),
    [
        ("tenant", "269200236", "SIREN"),
        ("tenant", "6920023600017", "zéro de tête"),
        ("tenant", "269 200 236 00017", "espaces"),
        ("tenant", "x", None),
        ("tenant", "9" * 300, None),
        ("code_commune", "2b033", "minuscule"),
        ("code_commune", "20167", "Corse"),
        ("code_pays", "France", "un nom"),
        ("code_pays", "FRA", "ISO"),
        ("code_departement", "Nord", "un nom"),
        ("date_naissance", "1991-4-7", "un seul chiffre"),
        ("date_naissance", "7/4/1991", "JJ/MM/AAAA"),
        ("expires_at", "2026-11-23", "sans heure"),
        ("expires_at", "1795000000", "Unix"),
        ("expires_at", "2026-11-23T10:00:30+0100", "deux-points"),
        ("nom_naissance", "x", None),
        ("tenant", None, None),
        ("tenant", ["269200236"], None),
    ],
)
def test_what_a_wrong_value_looks_like(member: str, value: Any, told: str | None) -> None:
    seems = looks_like(member, value)
    assert (seems is None) if told is None else (seems is not None and told in seems)
