"""What may have kept a person from being identified: possibilities, the likeliest first, and no more than is known."""

from typing import Any

import pytest

from connector.catalogue.identity import CNOUS, DSS, GIP_MDS, MESRI, IdentityProfile, identity_query
from connector.checks.identity_hints import MOST_HINTS, commune_hint, identity_hints
from schemas.identity import Identity
from tests.jobs import identity

LIKE_A_POSTAL_CODE = "ressemble à un code postal : si c'en est un"
IS_A_POSTAL_CODE = "est donnée par un code postal"


def query_of(profile: IdentityProfile = DSS, **changes: Any) -> tuple[tuple[str, str], ...]:
    given = {name: value for name, value in identity(**changes).items() if value is not None}
    return identity_query(profile, Identity.model_validate(given))


def hints(*tried: str, profile: IdentityProfile = DSS, **changes: Any) -> tuple[str, ...]:
    return identity_hints(profile, query_of(profile, **changes), tried)


def born_in(commune: str, date_naissance: str | None = "1991-04-17") -> str | None:
    place = {"code_pays": "99100", "code_commune": commune}
    return commune_hint(query_of(lieu_naissance=place, date_naissance=date_naissance))


@pytest.mark.parametrize("commune", ["92140", "97400", "06000", "69003", "69009", "13001", "13016", "13100"])
def test_what_may_be_a_postal_code_is_told_as_a_possibility(commune: str) -> None:
    """Each may be INSEE's too: 69003 is Albigny-sur-Saône, 13001 Aix-en-Provence, 77170 was Épisy."""
    assert LIKE_A_POSTAL_CODE in (born_in(commune) or "")


@pytest.mark.parametrize(
    "commune",
    [
        "92023",
        "69383",
        "69123",
        "13055",
        "13201",
        "75056",
        "75101",
        "75116",
        "75120",
        "13210",
        "2A120",
        "13017",
    ],
)
def test_what_is_no_postal_code_is_not_told(commune: str) -> None:
    """75116 is both, for the same arrondissement."""
    assert born_in(commune) is None


@pytest.mark.parametrize(
    ("born", "told"),
    [
        ("1968", IS_A_POSTAL_CODE),
        ("1991-04-17", IS_A_POSTAL_CODE),
        ("1967-12-31", LIKE_A_POSTAL_CODE),
        (None, LIKE_A_POSTAL_CODE),
    ],
)
@pytest.mark.parametrize("commune", ["75001", "75009", "75010", "75015", "75020"])
def test_a_postal_code_of_paris_is_one_since_the_seine_was_split(
    commune: str, born: str | None, told: str
) -> None:
    """Before, communes of the département Seine had such codes of INSEE's."""
    hint = born_in(commune, born) or ""
    assert told in hint
    assert "75101 à 75120" in hint


def test_an_identity_that_says_everything_leaves_nothing_to_tell() -> None:
    assert hints() == ()


def test_the_likeliest_comes_first_and_three_are_enough() -> None:
    place = {"code_pays": "99100", "code_commune": "92140"}
    told = hints(lieu_naissance=place, prenoms=["JEAN PIERRE"], nom_usage="B", date_naissance="1991")
    assert len(told) == MOST_HINTS
    assert ["code postal" in told[0], "Un prénom" in told[1], "nom d'usage" in told[2]] == [True] * 3


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"prenoms": ["JEANNE STEPHANIE"]}, "si ce sont plusieurs prénoms"),
        ({"nom_usage": "B"}, "nom d'usage"),
        ({"lieu_naissance": {"code_pays": "99100"}}, "commune de naissance n'est pas donnée"),
        ({"date_naissance": "1991-04"}, "date de naissance n'est pas complète"),
        ({"date_naissance": None}, "date de naissance n'est pas complète"),
    ],
)
def test_what_else_may_be_the_reason(changes: dict[str, Any], word: str) -> None:
    (told,) = hints(**changes)
    assert word in told


def test_a_hyphen_keeps_a_compound_name_together() -> None:
    assert hints(prenoms=["JEAN-PIERRE"]) == ()


def test_what_the_variants_have_tried_is_not_the_reason() -> None:
    assert hints("without_nom_usage", "all_prenoms", nom_usage="B", prenoms=["JEAN PIERRE"]) == ()


def test_what_an_endpoint_is_not_sent_is_not_the_reason() -> None:
    """A name in use and a place go to those that take them."""
    assert hints(profile=CNOUS, nom_usage="B") == ()
    assert hints(profile=GIP_MDS, lieu_naissance={"code_pays": "99100", "code_commune": "92140"}) == ()
    assert hints(profile=MESRI, prenoms=["CLAIRE", "JEAN PIERRE"]) == ()


def test_who_was_born_abroad_lacks_no_commune() -> None:
    assert hints(lieu_naissance={"code_pays": "99352"}) == ()


@pytest.mark.parametrize("place", [{"nom_commune": "Clamart", "code_departement": "92"}])
def test_a_commune_by_its_name_is_a_commune(place: dict[str, str]) -> None:
    assert hints(lieu_naissance=place) == ()
