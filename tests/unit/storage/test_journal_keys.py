"""Hashes of persons: found again in another spelling, by nobody without the key, in nobody else's records."""

from typing import Any

import pytest
from pydantic import SecretStr

from connector.storage.journal.keys import JournalKeyError, JournalKeys, new_key
from connector.storage.journal.person import identifier_of, likely_persons, person_of, plain_identifier
from schemas.checks.parametres import IdentifiantParams, IneParams, NoParams
from schemas.identity import Identity
from tests.registry import BOURG, CLAMART


def keys(*texts: str) -> JournalKeys:
    return JournalKeys(SecretStr(", ".join(texts)))


def identity(**changes: Any) -> Identity:
    given = {"nom_naissance": "LEFÈVRE", "prenoms": ("CLAIRE", "ANNE"), "date_naissance": "1991-04-17"}
    return Identity.model_validate({**given, **changes})


def test_a_hash_is_of_its_tenant_its_kind_and_its_value() -> None:
    own = keys(new_key())
    hashes = {
        own.hashed(tenant, kind, value)
        for tenant in (CLAMART, BOURG)
        for kind in ("person", "ine")
        for value in ("A", "B")
    }
    assert len(hashes) == 8
    assert own.hashed(CLAMART, "ine", "A") == own.hashed(CLAMART, "ine", "A")
    assert all(each.startswith(f"{own.names[0]}:") for each in hashes)


def test_the_first_key_hashes_and_a_search_tries_each() -> None:
    former, new = new_key(), new_key()
    before, after = keys(former), keys(new, former)
    assert after.hashed(CLAMART, "ine", "A") == keys(new).hashed(CLAMART, "ine", "A")
    assert before.hashed(CLAMART, "ine", "A") in after.every_hash(CLAMART, "ine", "A")
    assert before.hashed(CLAMART, "ine", "A") != after.hashed(CLAMART, "ine", "A")


@pytest.mark.parametrize(
    "text",
    ["", "s3same", new_key()[:-4], new_key() + ",", "é" * 32, "===="],
    ids=["empty", "a word", "cut short", "one too few", "not ASCII", "nothing"],
)
def test_what_is_no_key_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(JournalKeyError, match="CONNECTOR_JOURNAL_KEY: not a key; make one with") as caught:
        JournalKeys(SecretStr(text))
    assert "s3same" not in str(caught.value)


def test_without_a_key_it_is_said_what_to_do() -> None:
    with pytest.raises(JournalKeyError, match="ccas-connector journal new-key"):
        JournalKeys(None)


@pytest.mark.parametrize(
    "spelt",
    [
        {"nom_naissance": "Lefevre"},
        {"nom_naissance": "Lefe\u0300vre"},
        {"nom_naissance": "LE FEVRE"},
        {"nom_naissance": "Le-Fèvre"},
        {"prenoms": ("claire",)},
        {"nom_usage": "MARTIN", "sexe": "F"},
    ],
)
def test_a_small_difference_in_spelling_is_the_same_person(spelt: dict[str, Any]) -> None:
    assert person_of(identity(**spelt)) == person_of(identity())


@pytest.mark.parametrize(
    "other",
    [{"nom_naissance": "LEFORT"}, {"prenoms": ("ANNE", "CLAIRE")}, {"date_naissance": "1991-04-18"}],
)
def test_another_name_or_date_is_another_person(other: dict[str, Any]) -> None:
    assert person_of(identity(**other)) != person_of(identity())


def test_ligatures_are_their_letters() -> None:
    assert person_of(identity(nom_naissance="LEBOEUF")) == "LEBOEUF|CLAIRE|1991-04-17"
    assert likely_persons("Lebœuf", ["Claire"], "1991-04-17")[0] == "LEBOEUF|CLAIRE|1991-04-17"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"date_naissance": "1991-04"},
        {"date_naissance": "1991"},
        {"date_naissance": None},
        {"prenoms": ("CLAIRE ANNE",)},
        {"prenoms": ("CLAIRE-ANNE",)},
        {"prenoms": ("CLAIRE", "ANNE", "MARIE")},
        {"prenoms": ("ANNE", "CLAIRE")},
    ],
)
@pytest.mark.parametrize("sought", [["Claire", "Anne"], ["Claire Anne"], ["Claire-Anne"], ["anne", "claire"]])
def test_a_search_finds_what_was_asked_with_less_or_written_together(
    given: dict[str, Any], sought: list[str]
) -> None:
    assert person_of(identity(**given)) in likely_persons("Lefèvre", sought, "1991-04-17")


def test_two_first_names_that_were_given_as_one_are_found() -> None:
    assert person_of(identity(prenoms=("CLAIREANNE",))) in likely_persons(
        "Lefèvre", ["Claire", "Anne", "Marie"], "1991-04-17"
    )


@pytest.mark.parametrize("known", ["1991", "1991-04"])
def test_a_search_with_a_part_of_the_date_finds_all_its_days(known: str) -> None:
    for given in ("1991-04-17", "1991-04", "1991", None):
        assert person_of(identity(date_naissance=given)) in likely_persons("Lefèvre", ["Claire"], known)
    assert person_of(identity(date_naissance="1992-04-17")) not in likely_persons(
        "Lefèvre", ["Claire"], known
    )
    # A database takes some tens of thousands of values in one question.
    assert len(likely_persons("Lefèvre", ["Claire", "Anne", "Marie"], known)) < 4000


def test_nobody_is_hashed_without_a_name() -> None:
    assert person_of(None) is None
    assert person_of(identity(nom_naissance=None)) is None
    assert person_of(identity(prenoms=None)) is None


def test_an_identifier_is_of_its_kind() -> None:
    assert identifier_of(IneParams(ine="0000000000A")) == ("ine", "0000000000A")
    assert identifier_of(IdentifiantParams(identifiant="camille.exemple00")) == (
        "identifiant",
        "camille.exemple00",
    )
    assert identifier_of(NoParams()) is None
    assert plain_identifier("immatriculation", "aa 000-zz ") == "AA000ZZ"
    assert plain_identifier("identifiant", " Camille ") == "Camille"
