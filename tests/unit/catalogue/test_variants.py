"""The other ways in which a source may have written the same person."""

import pytest

from connector.catalogue.identity import Query
from connector.catalogue.variants import MOST_CALLS, variants


def person(nom: str, *prenoms: str, usage: str | None = None) -> Query:
    return (
        ("nomNaissance", nom),
        *([("nomUsage", usage)] if usage else []),
        *(("prenoms[]", prenom) for prenom in prenoms),
        ("sexeEtatCivil", "F"),
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (person("EXEMPLE", "CLAIRE"), {}),
        (
            person("EXEMPLE", "CLAIRE", usage="MODELE"),
            {"without_nom_usage": person("EXEMPLE", "CLAIRE")},
        ),
        (person("EXEMPLE", "CLAIRE", "ANNE"), {"first_prenom": person("EXEMPLE", "CLAIRE")}),
        (
            person("EXEMPLE", "CLAIRE ANNE"),
            {
                "first_prenom": person("EXEMPLE", "CLAIRE"),
                "all_prenoms": person("EXEMPLE", "CLAIRE", "ANNE"),
                "compound_with_hyphen": person("EXEMPLE", "CLAIRE-ANNE"),
            },
        ),
        (
            person("DE-L'ESSAI", "ANNE-LOU"),
            {"compound_with_space": person("DE L'ESSAI", "ANNE LOU")},
        ),
        (
            person("LE MODELE", "CLAIRE"),
            {"compound_with_hyphen": person("LE-MODELE", "CLAIRE")},
        ),
    ],
)
def test_each_variant_is_named(given: Query, expected: dict[str, Query]) -> None:
    assert dict(variants(given, 3)) == expected


def test_no_more_than_five_calls_are_made_and_none_twice() -> None:
    given = person("LE-MODELE EXEMPLE", "ANNE LOU", "ZOE-LEA", usage="D'ESSAI")
    found = dict(variants(given, 3))
    assert list(found) == ["without_nom_usage", "first_prenom", "all_prenoms", "compound_with_space"]
    assert len({given, *found.values()}) == len(found) + 1 == MOST_CALLS


def test_several_first_names_in_one_text_stay_within_what_the_endpoint_takes() -> None:
    assert dict(variants(person("EXEMPLE", "A B C D"), 3))["all_prenoms"] == person("EXEMPLE", "A", "B", "C")
    assert dict(variants(person("EXEMPLE", "A B C D"), 1))["first_prenom"] == person("EXEMPLE", "A")


def test_words_are_joined_once_whatever_stood_between_them() -> None:
    found = dict(variants(person("JEAN - PAUL", "-LOU"), 3))
    assert found["compound_with_space"] == person("JEAN PAUL", "LOU")
    assert found["compound_with_hyphen"] == person("JEAN-PAUL", "LOU")


def test_a_variant_changes_names_only() -> None:
    given = (*person("EXEMPLE", "CLAIRE ANNE"), ("nomCommuneNaissance", "LE BOURG-NEUF"))
    for _name, changed in variants(given, 3):
        assert changed[-2:] == given[-2:]
