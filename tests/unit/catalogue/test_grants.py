"""What a vendor is granted: the forms' scopes as the API's page gives them, and what an operator adds."""

from typing import get_args

import pytest

from connector.catalogue import CATALOGUE
from connector.catalogue.definition import scoped_members
from connector.catalogue.grants import Hidden, grant_of, hidden_blocks, paths, require_known, scopes_of
from connector.catalogue.presets import PRESETS, PresetName
from connector.jobs.records import Vendor


def _vendor(preset: str, *extra_scopes: str) -> Vendor:
    return Vendor(name="v", product="V", publisher="É", preset=preset, extra_scopes=extra_scopes)


def test_the_presets_are_those_of_the_contract() -> None:
    assert set(PRESETS) == set(get_args(PresetName)) == {"millesime", "sonate-opus", "ccas", "all"}


def test_millesime_asks_for_five_scopes_and_not_for_the_caf_address() -> None:
    assert scopes_of(_vendor("millesime")) == {
        "dgfip_avis_imposition",
        "dgfip_adresse",
        "cnaf_quotient_familial",
        "cnaf_allocataires",
        "cnaf_enfants",
    }


def test_sonate_opus_asks_for_the_quotient_and_the_notice_alone() -> None:
    assert scopes_of(_vendor("sonate-opus")) == {"dgfip_avis_imposition", "cnaf_quotient_familial"}


def test_all_is_every_scope_of_the_catalogue() -> None:
    every = {scope for check in CATALOGUE.values() for scope in check.scopes}
    assert scopes_of(_vendor("all")) == every


@pytest.mark.parametrize("preset", PRESETS)
def test_a_form_names_scopes_of_the_catalogue_each_once(preset: str) -> None:
    named = (*PRESETS[preset].scopes, *PRESETS[preset].declined)
    require_known(named)
    assert len(set(named)) == len(named)


def test_an_operator_adds_scopes_and_an_unknown_preset_grants_nothing_else() -> None:
    added = scopes_of(_vendor("sonate-opus", "prime_activite"))
    assert added == scopes_of(_vendor("sonate-opus")) | {"prime_activite"}
    assert scopes_of(_vendor("of-another-version", "prime_activite")) == {"prime_activite"}


def test_an_unknown_scope_is_refused_with_those_close_to_it() -> None:
    require_known(["prime_activite"])
    with pytest.raises(ValueError, match=r"'cnaf_adress' is no scope.*close to it: cnaf_adresse"):
        require_known(["prime_activite", "cnaf_adress"])
    with pytest.raises(ValueError, match="none is close to it"):
        require_known(["zzz"])


def _hidden(check: str, *scopes: str) -> Hidden | None:
    return hidden_blocks(CATALOGUE[check], frozenset(scopes))


def test_millesime_may_ask_the_quotient_without_the_address_and_the_whole_notice() -> None:
    assert grant_of(_vendor("millesime")).hidden == {
        "quotient_familial": {"adresse": {}},
        "avis_imposition": {},
    }


def test_sonate_opus_may_ask_the_quotient_alone_and_the_notice_without_its_address() -> None:
    assert grant_of(_vendor("sonate-opus")).hidden == {
        "quotient_familial": {"allocataires": {}, "enfants": {}, "adresse": {}},
        "avis_imposition": {"foyer_fiscal": {}},
    }


def test_the_use_case_of_a_ccas_opens_its_checks_and_neither_addresses_nor_contacts_nor_numbers() -> None:
    assert grant_of(_vendor("ccas")).hidden == {
        "quotient_familial": {"adresse": {}},
        "etudiant_boursier": {"ine": {}, "email": {}},
        "statut_etudiant": {},
        "scolarite": {},
        "statut_demandeur_emploi": {"contact": {}, "adresse": {}},
        "indemnites_france_travail": {},
        "prime_activite": {},
        "revenu_solidarite_active": {},
        "complementaire_sante_solidaire": {},
        "allocation_adulte_handicape": {},
        "allocation_soutien_familial": {},
    }


def test_all_opens_every_check_and_hides_nothing() -> None:
    assert grant_of(_vendor("all")).hidden == {name: {} for name in CATALOGUE}


def test_a_scope_that_an_operator_adds_opens_its_check_and_its_block_alone() -> None:
    assert grant_of(_vendor("sonate-opus", "revenu_solidarite_active", "cnaf_enfants")).hidden == {
        "quotient_familial": {"allocataires": {}, "adresse": {}},
        "avis_imposition": {"foyer_fiscal": {}},
        "revenu_solidarite_active": {"avec_majoration": {}},
    }


def test_a_registry_with_an_unknown_scope_or_preset_still_makes_a_grant() -> None:
    assert grant_of(_vendor("of-another-version", "of_another_version")).hidden == {}
    assert "avis_imposition" in grant_of(_vendor("millesime", "of_another_version")).hidden


def test_a_nested_block_is_closed_by_itself_or_with_the_block_around_it() -> None:
    assert _hidden("statut_etudiant", "mesri_admissions", "mesri_admission_inscrit") == {
        "identite": {},
        "admissions": {"regime_formation": {}, "code_cog_insee_commune": {}, "etablissement_etudes": {}},
    }
    assert _hidden("statut_etudiant", "mesri_identite", "mesri_admission_inscrit") == {"admissions": {}}


def test_a_nested_block_opens_nothing_by_itself() -> None:
    assert _hidden("statut_etudiant", "mesri_admission_inscrit") is None
    assert _hidden("service_civique", "gip_mds_service_civique_dates") is None


def test_a_scope_that_opens_the_call_alone_opens_the_check_without_a_block() -> None:
    hidden = _hidden("etudiant_boursier", "cnous_statut_bourse")
    assert hidden is not None
    assert {"statut_boursier", "est_boursier", "email"} <= set(hidden)


def test_the_national_number_of_a_student_is_opened_by_a_scope_of_its_own() -> None:
    hidden = _hidden("etudiant_boursier", "cnous_statut_boursier", "cnous_ine")
    assert hidden is not None
    assert not {"statut_boursier", "est_boursier", "ine"} & set(hidden)
    assert {"email", "identite"} <= set(hidden)


def test_a_block_has_one_scope_whichever_version_is_asked_and_each_check_has_some() -> None:
    for check in CATALOGUE.values():
        named = {named for endpoint in check.endpoints for named in scoped_members(endpoint.data)}
        assert len({path for path, _scope in named}) == len(named)
        assert check.scopes


def test_hidden_blocks_are_named_as_withheld_names_them() -> None:
    hidden = _hidden("statut_etudiant", "mesri_admissions", "mesri_admission_inscrit")
    assert hidden is not None
    assert paths(hidden)[:2] == ("identite", "admissions.regime_formation")
    assert paths({}) == ()
