"""What a vendor is granted: the forms' scopes as the API's page gives them, and what an operator adds."""

from typing import get_args

import pytest

from connector.catalogue import CATALOGUE
from connector.grants import require_known, scopes_of
from connector.presets import PRESETS, PresetName
from connector.registry.records import Vendor


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
