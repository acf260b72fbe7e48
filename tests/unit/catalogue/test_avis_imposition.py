"""The tax notice: what a job gives, and one reply whichever of its two sources is asked."""

import json
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from connector.catalogue import CATALOGUE
from connector.catalogue.definition import Source
from connector.sandbox.cases import SHIPPED
from connector.sources.reading import NoReading, Reading, read_answer
from connector.sources.schema_drift import DriftKind, SchemaDrift, take_unknown
from schemas.checks.avis_imposition import AvisImpositionData, AvisImpositionParams, SituationIrParams

DEFINITION = CATALOGUE["avis_imposition"]
IR, V2 = DEFINITION.endpoints
NUMBERS = {"numero_fiscal": "3099999999001", "reference_avis": "2599999999001"}
PARAMS = AvisImpositionParams.model_validate(NUMBERS)


def _payload(operation: str) -> dict[str, Any]:
    case = yaml.load((SHIPPED / operation / "200-exemple.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader)
    payload: dict[str, Any] = json.loads(case["payload"])
    return payload


BEAN, VERSION_2 = _payload(IR.operation), _payload(V2.operation)


def _ir(**changes: Any) -> AvisImpositionData:
    return _read(IR, BEAN | changes)


def _v2(**changes: Any) -> AvisImpositionData:
    return _read(V2, VERSION_2 | changes)


def _read(endpoint: Any, body: Any) -> AvisImpositionData:
    reading = _reading(endpoint, body)
    assert reading.unread == ()
    return _data(reading)


def _reading(endpoint: Any, body: Any) -> Reading:
    reading = read_answer(json.dumps(body).encode(), endpoint, PARAMS)
    assert isinstance(reading, Reading)
    return reading


def _data(reading: Reading) -> AvisImpositionData:
    assert isinstance(reading.data, AvisImpositionData)
    return reading.data


def _reply(data: AvisImpositionData) -> dict[str, Any]:
    return data.model_dump(mode="json", exclude_unset=True)


def _at(reply: Any, pointer: str) -> Any:
    *around, last = pointer.split("/")[1:]
    for name in around:
        reply = reply[name]
    return reply.get(last, "absent")


def test_each_source_is_asked_in_its_own_words() -> None:
    assert V2.params.model_validate(NUMBERS).model_dump(by_alias=True) == {
        "numeroFiscal": "3099999999001",
        "referenceAvis": "2599999999001",
    }
    assert IR.params.model_validate(NUMBERS).model_dump(by_alias=True) == {
        "spi": "3099999999001",
        "annrev": "2024",
    }


@pytest.mark.parametrize("model", [AvisImpositionParams, SituationIrParams])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("numero_fiscal", "309999999900"),
        ("numero_fiscal", "30999999990012"),
        ("numero_fiscal", "309999999900A"),
        ("numero_fiscal", "30 99 999 999 001"),
        ("numero_fiscal", " 3099999999001"),
        ("numero_fiscal", "3099999999001\n"),
        ("numero_fiscal", "٣٠٩٩٩٩٩٩٩٩٠٠١"),
        ("numero_fiscal", 3099999999001),
        ("numero_fiscal", None),
        ("reference_avis", "259999999900"),
        ("reference_avis", "259999999900123"),
        ("reference_avis", "A599999999001"),
        ("reference_avis", "2A99999999001"),
        ("reference_avis", "25 99 9999999 01"),
        ("reference_avis", "2599999999001 "),
        ("reference_avis", "2599999999É01"),
    ],
)
def test_a_number_that_no_notice_has_is_refused_where_it_is(
    model: type[AvisImpositionParams], name: str, value: Any
) -> None:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(NUMBERS | {name: value})
    assert [error["loc"] for error in caught.value.errors()] == [(name,)]


@pytest.mark.parametrize("reference", ["2599999999001", "25A9999999001", "25999999990012", "25abcdefghijkl"])
def test_a_reference_has_13_or_14_letters_and_digits_after_its_year(reference: str) -> None:
    params = SituationIrParams.model_validate(NUMBERS | {"reference_avis": reference})
    assert params.model_dump(by_alias=True)["annrev"] == "2024"


@pytest.mark.parametrize("missing", NUMBERS)
def test_both_numbers_are_needed(missing: str) -> None:
    given = {name: value for name, value in NUMBERS.items() if name != missing}
    with pytest.raises(ValidationError, match="Field required"):
        AvisImpositionParams.model_validate(given)


def test_both_sources_give_the_same_reply() -> None:
    assert _reply(_ir()) == _reply(_v2())


def test_the_reply_is_in_the_contract_s_form() -> None:
    assert _reply(_v2()) == {
        "declarant1": {
            "nom": "EXEMPLE",
            "nom_naissance": "ESSAI",
            "prenoms": "CAMILLE ALIX",
            "date_naissance": "1980-01-19",
        },
        "declarant2": None,
        "foyer_fiscal": {"adresse": "1 RUE DE L EXEMPLE 99999 VILLE-EXEMPLE", "annee": 2025},
        "date_recouvrement": "2025-07-31",
        "date_etablissement": "2025-07-08",
        "nombre_parts": 1.5,
        "situation_famille": "Célibataire",
        "nombre_personnes_charge": 1,
        "revenu_brut_global": 9001,
        "revenu_imposable": 9001,
        "impot_revenu_net_avant_corrections": None,
        "montant_impot": 100,
        "revenu_fiscal_reference": 9001,
        "annee_impots": "2025",
        "annee_revenus": "2024",
        "erreur_correctif": "",
        "situation_partielle": "",
    }


@pytest.mark.parametrize("amount", [float("1e400"), 10**400, -(10**400)])
def test_a_number_without_measure_names_its_place(amount: float) -> None:
    with pytest.raises(ValidationError) as caught:
        AvisImpositionData.model_validate({"montant_impot": amount})
    assert caught.value.errors(include_input=False)[0]["loc"] == ("montant_impot",)


@pytest.mark.parametrize("read", [_ir, _v2])
def test_nothing_documented_is_a_surprise(read: Any) -> None:
    assert list(take_unknown(read())) == []


def test_numbers_stay_as_they_were_written() -> None:
    as_ir, as_v2 = _ir(nbPart=2.0, rfr=9001), _v2(nombreParts=2.0, revenuFiscalReference=9001)
    for data in (as_ir, as_v2):
        text = data.model_dump_json(include={"nombre_parts", "revenu_fiscal_reference"})
        assert text == '{"nombre_parts":2.0,"revenu_fiscal_reference":9001}'


def test_a_second_declarant_is_the_same_from_both() -> None:
    as_ir = _ir(
        nmNaiDec2="MODELE", prnmDec2="DOMINIQUE", dateNaisDec2={"jour": "6", "mois": "11", "annee": "1973"}
    )
    second = {"nom": "", "nomNaissance": "MODELE", "prenoms": "DOMINIQUE", "dateNaissance": "06/11/1973"}
    as_v2 = _v2(declarant2=second)
    assert _reply(as_ir)["declarant2"] == {
        "nom": None,
        "nom_naissance": "MODELE",
        "prenoms": "DOMINIQUE",
        "date_naissance": "1973-11-06",
    }
    assert _reply(as_ir) == _reply(as_v2)


@pytest.mark.parametrize(
    "nobody",
    [
        {"nmUsaDec2": "", "nmNaiDec2": " ", "dateNaisDec2": {}},
        {"nmNaiDec2": None, "dateNaisDec2": {"jour": None, "mois": None, "annee": None}},
    ],
)
def test_an_empty_second_declarant_is_nobody(nobody: dict[str, Any]) -> None:
    assert _reply(_ir(**nobody))["declarant2"] is None
    assert _reply(_v2(declarant2=None))["declarant2"] is None
    assert _reply(_v2(declarant2={}))["declarant2"] is None


@pytest.mark.parametrize(
    "odd", [{"nom": 12}, {"nom": 12, "nomNaissance": "", "prenoms": "", "dateNaissance": ""}]
)
def test_a_second_declarant_who_cannot_be_read_is_somebody(odd: dict[str, Any]) -> None:
    reading = _reading(V2, VERSION_2 | {"declarant2": odd})
    assert [unread.pointer for unread in reading.unread] == ["/declarant2/nom"]
    assert _data(reading).declarant2 is not None


@pytest.mark.parametrize("nobody", [{"nom": "", "prenoms": " "}, {"nom": None}])
def test_a_second_declarant_with_nothing_in_it_is_nobody(nobody: dict[str, Any]) -> None:
    assert _v2(declarant2=nobody).declarant2 is None


@pytest.mark.parametrize(
    ("letter", "label"),
    [("M", "Marié(e)s"), ("C", "Célibataire"), ("D", "Divorcé(e)"), ("V", "Veuf(ve)"), ("O", "Pacsé(e)s")],
)
def test_a_letter_is_the_family_situation_that_version_2_wrote(letter: str, label: str) -> None:
    data = _ir(sitFam=letter, nmNaiDec2="")
    assert _reply(data) == _reply(_v2(situationFamille=label))
    assert list(take_unknown(data)) == []


@pytest.mark.parametrize("data", [_ir(sitFam="Z"), _v2(situationFamille="Z")])
def test_an_unknown_family_situation_is_passed_on_and_counted(data: AvisImpositionData) -> None:
    assert list(take_unknown(data)) == [SchemaDrift(DriftKind.UNKNOWN_VALUE, "situation_famille")]
    assert _reply(data)["situation_famille"] == "Z"


@pytest.mark.parametrize("amount", [0, -120, None])
def test_a_tax_that_is_not_positive_is_null(amount: int | None) -> None:
    reply = _reply(_ir(impAvImput=amount, montTotIr=amount))
    assert (reply["impot_revenu_net_avant_corrections"], reply["montant_impot"]) == (None, None)


def test_a_tax_that_the_source_leaves_out_beside_other_amounts_is_null() -> None:
    bean = {name: value for name, value in BEAN.items() if name not in ("impAvImput", "montTotIr")}
    reply = _reply(_read(IR, bean))
    assert (reply["impot_revenu_net_avant_corrections"], reply["montant_impot"]) == (None, None)


def test_where_no_amount_is_granted_nothing_is_said_of_the_tax_or_of_a_second_declarant() -> None:
    reply = _reply(_read(IR, {"aft": "1 RUE DE L'EXEMPLE"}))
    assert not {"montant_impot", "impot_revenu_net_avant_corrections", "declarant2"} & set(reply)


@pytest.mark.parametrize("letter", ["M", "O"])
def test_a_couple_s_second_declarant_that_is_left_out_is_not_nobody(letter: str) -> None:
    assert "declarant2" not in _reply(_ir(sitFam=letter))


@pytest.mark.parametrize("letter", ["C", "D", "V"])
def test_a_person_alone_has_no_second_declarant(letter: str) -> None:
    assert _reply(_ir(sitFam=letter))["declarant2"] is None


@pytest.mark.parametrize(
    ("source", "contract"),
    [
        ("aft", "foyer_fiscal"),
        ("sitFam", "situation_famille"),
        ("pac", "nombre_personnes_charge"),
        ("rfr", "revenu_fiscal_reference"),
        ("datRec", "date_recouvrement"),
    ],
)
def test_what_a_source_leaves_out_is_left_out_and_what_it_has_as_null_is_null(
    source: str, contract: str
) -> None:
    without = _read(IR, {name: value for name, value in BEAN.items() if name != source})
    assert contract not in _reply(without)
    null = _reply(_ir(**{source: None}))[contract]
    assert null == ({"adresse": None, "annee": 2025} if contract == "foyer_fiscal" else None)


def test_a_notice_without_the_first_declarant_s_civil_status_leaves_it_out() -> None:
    bean = {name: value for name, value in BEAN.items() if not name.endswith("Dec1") or "Naiss" in name}
    assert "declarant1" not in _reply(_read(IR, bean))


@pytest.mark.parametrize(
    "written",
    [
        "2025-07-31",
        pytest.param(
            "20250731",
        ),
        "31/07/2025",
        "2025-07-31T00:00:00+02:00",
        "2025-07-31 00:00:00",
    ],
)
def test_dates_are_iso_however_they_came(written: str) -> None:
    assert _reply(_ir(datRec=written))["date_recouvrement"] == "2025-07-31"


@pytest.mark.parametrize("written", ["31 juillet", "31/02/2025", "2025-02-31", "2025"])
def test_a_date_of_another_form_does_not_cost_the_notice(written: str) -> None:
    assert _reply(_ir(datRec=written))["date_recouvrement"] == written
    assert _reply(_v2(dateRecouvrement=written))["date_recouvrement"] == written


@pytest.mark.parametrize("written", ["", "0000-00-00", "00/00/0000"])
def test_a_date_of_which_nothing_is_known_is_null(written: str) -> None:
    assert _reply(_ir(datRec=written))["date_recouvrement"] is None
    assert _reply(_v2(dateRecouvrement=written))["date_recouvrement"] is None


@pytest.mark.parametrize(
    ("jour", "mois", "annee", "written"),
    [
        ("00", "01", "1980", "1980-01"),
        (None, "01", "1980", "1980-01"),
        ("", "01", "1980", "1980-01"),
        ("1", "1", "1980", "1980-01-01"),
        (1, 1, 1980, "1980-01-01"),
        ("00", "00", "1980", "1980"),
        (None, None, "1980", "1980"),
        ("00", "00", "0000", None),
        ("01", "01", None, None),
        (None, None, None, None),
        ("32", "01", "1980", "1980-01-32"),
        pytest.param(
            "05",
            None,
            "1980",
            "1980",
        ),
    ],
)
def test_a_birth_is_written_as_far_as_it_is_known(
    jour: str | int | None, mois: str | int | None, annee: str | int | None, written: str | None
) -> None:
    born = {"jour": jour, "mois": mois, "annee": annee}
    declarant = _reply(_ir(dateNaisDec1=born))["declarant1"]
    assert declarant["date_naissance"] == written


@pytest.mark.parametrize(
    ("born", "written"),
    [("19/01/1980", "1980-01-19"), ("00/00/1980", "1980"), ("00/00/0000", None), ("01/1980", "01/1980")],
)
def test_a_birth_of_version_2_is_written_as_far_as_it_is_known(born: str, written: str | None) -> None:
    declarant = _reply(_v2(declarant1={"nomNaissance": "ESSAI", "dateNaissance": born}))["declarant1"]
    assert declarant["date_naissance"] == written


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (9001, 9001),
        ("9001", 9001),
        ("9001.0", 9001),
        (" 9001 ", 9001),
        ("-12.5", -12.5),
        ("", None),
        (" ", None),
    ],
)
def test_an_amount_is_read_from_a_text_too(written: Any, read: float | None) -> None:
    assert _reply(_ir(rfr=written))["revenu_fiscal_reference"] == read
    assert _reply(_v2(revenuFiscalReference=written))["revenu_fiscal_reference"] == read


@pytest.mark.parametrize(("written", "read"), [("100", 100), ("0", None), ("-120", None), ("", None)])
def test_a_tax_written_as_a_text_is_null_too_unless_it_is_positive(written: str, read: int | None) -> None:
    reply = _reply(_ir(impAvImput=written, montTotIr=written))
    assert (reply["impot_revenu_net_avant_corrections"], reply["montant_impot"]) == (read, read)


@pytest.mark.parametrize(
    ("endpoint", "body", "pointer", "found"),
    [
        (IR, BEAN | {"rfr": "neuf mille"}, "/revenu_fiscal_reference", "string"),
        (IR, BEAN | {"rfr": True}, "/revenu_fiscal_reference", "boolean"),
        (IR, BEAN | {"montTotIr": {"montant": 1}}, "/montant_impot", "object"),
        (IR, BEAN | {"sitFam": 1}, "/situation_famille", "number"),
        (IR, BEAN | {"datRec": 20250731}, "/date_recouvrement", "number"),
        (IR, BEAN | {"aft": ["1 RUE"]}, "/foyer_fiscal/adresse", "array"),
        (IR, BEAN | {"nmNaiDec1": 1}, "/declarant1/nom_naissance", "number"),
        (IR, BEAN | {"dateNaisDec1": 1980}, "/declarant1/date_naissance", "number"),
        (IR, BEAN | {"dateNaisDec1": {"annee": [1980]}}, "/declarant1/date_naissance", "object"),
        (IR, BEAN | {"pac": {"nbPac": 1.5}}, "/nombre_personnes_charge", "number"),
        (IR, BEAN | {"pac": [1]}, "/nombre_personnes_charge", "array"),
        (V2, VERSION_2 | {"revenuFiscalReference": "neuf mille"}, "/revenu_fiscal_reference", "string"),
        (V2, VERSION_2 | {"declarant1": {"nom": 1}}, "/declarant1/nom", "number"),
        (V2, VERSION_2 | {"declarant1": "EXEMPLE"}, "/declarant1", "string"),
        (V2, VERSION_2 | {"foyerFiscal": {"annee": "2025?"}}, "/foyer_fiscal/annee", "string"),
    ],
)
def test_a_value_of_another_type_is_named_under_the_contract_s_name_and_costs_itself_alone(
    endpoint: Any, body: Any, pointer: str, found: str
) -> None:
    reading = _reading(endpoint, body)
    assert [(one.pointer, one.found) for one in reading.unread] == [(pointer, found)]
    reply = _reply(_data(reading))
    assert _at(reply, pointer) == "absent"
    assert reply["annee_impots"] == "2025"


@pytest.mark.parametrize(
    ("endpoint", "body", "place", "found"),
    [
        (IR, {}, "body", "object"),
        (IR, {"erreur": {"message": "incident"}}, "body", "object"),
        (IR, [], "body", "array"),
        (V2, [], "body", "array"),
        (V2, "avis", "body", "string"),
    ],
)
def test_what_is_no_notice_is_no_answer(endpoint: Any, body: Any, place: str, found: str) -> None:
    assert read_answer(json.dumps(body).encode(), endpoint, PARAMS) == NoReading(place, found)


@pytest.mark.parametrize("endpoint", [IR, V2])
@pytest.mark.parametrize(
    ("body", "found"), [(b"", ""), (b"<html>", ""), (b"null", "null"), (b"\xff", ""), (b"[" * 10_000, "")]
)
def test_what_is_no_json_object_is_no_answer(endpoint: Any, body: bytes, found: str) -> None:
    assert read_answer(body, endpoint, PARAMS) == NoReading("body", found)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
@pytest.mark.parametrize(("endpoint", "name"), [(IR, "rfr"), (V2, "revenuFiscalReference")])
def test_what_is_no_number_cannot_be_read(endpoint: Any, name: str, number: str) -> None:
    reading = read_answer(f'{{"{name}": {number}}}'.encode(), endpoint, PARAMS)
    assert isinstance(reading, Reading)
    assert [one.pointer for one in reading.unread] == ["/revenu_fiscal_reference"]


def test_the_reference_income_is_what_a_notice_is_asked_for() -> None:
    assert DEFINITION.essential == ("/revenu_fiscal_reference",)


def test_what_version_2_adds_is_counted_and_dropped() -> None:
    data = _v2(
        nouveau=1, declarant1={"nom": "EXEMPLE", "civilite": "M"}, declarant2={"nom": "", "civilite": ""}
    )
    kind = DriftKind.UNKNOWN_FIELD
    places = {drift.place for drift in take_unknown(data) if drift.kind is kind}
    assert places == {"nouveau", "declarant1.civilite", "declarant2.civilite"}
    assert "nouveau" not in _reply(data)


def test_what_the_dgfip_adds_is_counted_and_dropped() -> None:
    data = _ir(
        nouveau=1, pac={"nbPac": 1, "nbPacR": 0, "nbPacZ": 1}, dateNaisDec1={"annee": "1980", "heure": "9"}
    )
    places = {drift.place for drift in take_unknown(data)}
    assert places == {"nouveau", "pac.nbPacZ", "dateNaisDec1.heure"}
    assert not {"nouveau", "pac.nbPacZ"} & set(_reply(data))


def test_every_member_is_opened_by_one_of_two_scopes() -> None:
    assert DEFINITION.scopes == ("dgfip_avis_imposition", "dgfip_adresse")
    assert set(IR.blocks) == set(AvisImpositionData.model_fields)
    assert [endpoint.source for endpoint in DEFINITION.endpoints] == [
        Source.API_IMPOT_PARTICULIER,
        Source.API_PARTICULIER_V2,
    ]
    assert DEFINITION.api_versions == (1, 2)


def test_nothing_personal_shows() -> None:
    reading = _reading(V2, VERSION_2 | {"declarant1": {"nom": {"sesame": 1}, "prenoms": "CAMILLE"}})
    assert "CAMILLE" not in repr(reading)
    assert "sesame" not in repr(reading)
