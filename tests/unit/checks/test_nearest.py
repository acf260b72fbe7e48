"""What an unknown name was meant to be."""

import pytest

from connector.catalogue import CATALOGUE
from connector.checks.nearest import API_NAMES, LONGEST_NAME_READ, nearest_check, unknown_member
from connector.documents.guide import IDENTITY_NAMES


@pytest.mark.parametrize(
    ("written", "check"),
    [
        ("quotientFamilial", "quotient_familial"),
        ("quotient-familial", "quotient_familial"),
        ("QUOTIENT FAMILIAL", "quotient_familial"),
        ("quotient_familiale", "quotient_familial"),
        ("quotien_familial", "quotient_familial"),
        ("qoutient_familial", "quotient_familial"),
        ("statut_étudiant", "statut_etudiant"),
        ("étudiant_boursier", "etudiant_boursier"),
        ("AAH", "allocation_adulte_handicape"),
        ("c2s", "complementaire_sante_solidaire"),
        ("complementaire_sante", "complementaire_sante_solidaire"),
        # Two checks begin so.
        ("allocation", None),
        ("statut", None),
        # Two slips, or another word: a guess would lead astray.
        ("qoutient_familail", None),
        ("permis_de_conduire", None),
        ("", None),
        ("x", None),
        ("quotient_familial" * 4, None),
    ],
)
def test_the_check_that_was_meant(written: str, check: str | None) -> None:
    assert nearest_check(written) == check


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_name_s_own_slip_leads_back_to_it(name: str) -> None:
    """A letter too few, too many, another, or two that have changed places: at each place of the name."""
    for at in range(1, len(name) - 1):
        if name[at] == "_" or name[at + 1] == "_":
            continue
        swapped = name[:at] + name[at + 1] + name[at] + name[at + 2 :]
        for written in (
            name[:at] + name[at + 1 :],
            name[:at] + "q" + name[at:],
            name[:at] + "q" + name[at + 1 :],
            swapped,
        ):
            assert nearest_check(written) == name, written


@pytest.mark.parametrize(
    ("location", "told"),
    [
        (("jobId",), "; il s'écrit « job_id »."),
        (("identity", "prénoms"), "; il s'écrit « prenoms »."),
        (("identity", "date_naisance"), "; le plus proche est « date_naissance »."),
        (("nomNaissance",), "ici : le donner dans « identity », sous le nom « nom_naissance »."),
        (("identity", "job_id"), "ici : le donner à la racine de la demande."),
        (("checks", 7, "annee"), "ici : le donner dans « params » de la vérification."),
        (("call",), "ici : le donner dans un élément de « checks »."),
        (
            ("identity", "codeCogInseeCommuneNaissance"),
            "« identity.lieu_naissance », sous le nom « code_commune ».",
        ),
        (("recipient",), "; il s'écrit « tenant »."),
        (("identity", "telephone"), ": le retirer."),
        (("x" * (LONGEST_NAME_READ + 1),), ": le retirer."),
        (("",), ": le retirer."),
        (("identity", "nom_naissance", "a"), ": le retirer."),
    ],
)
def test_what_an_unknown_member_was_meant_to_be(location: tuple[int | str, ...], told: str) -> None:
    assert unknown_member(location).endswith(told)


def test_the_api_s_names_are_known_as_the_guide_has_them() -> None:
    """Those that are ours but for the writing need no entry."""
    named = {
        api: ours.rpartition(".")[2] for ours, names in IDENTITY_NAMES.items() for api in names.split(", ")
    }
    for api, ours in named.items():
        holder = (
            ("identity", "lieu_naissance") if ours.startswith(("code_", "nom_commune")) else ("identity",)
        )
        assert unknown_member((*holder, api)).endswith(f"« {ours} »."), api
    assert API_NAMES.keys() - named.keys() == {"recipient"}
