"""Deciding what a call's result means for its check."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from connector.catalogue import CATALOGUE
from connector.catalogue.grants import NOTHING_HIDDEN, Hidden
from connector.catalogue.variants import Variant
from connector.checks.decide import MAX_ANSWER_BYTES, decide, refused, without_call
from connector.checks.plan import PlannedCall, Rejected
from connector.jobs.defects import Defect
from connector.sources.exchange import Answered, Unanswered
from connector.sources.schema_drift import DriftKind, SchemaDrift
from connector.sources.traits import Alert
from schemas.codes import Call, CheckCode, CheckStatus
from schemas.reply import CheckReply, Reason, Source, Upstream
from schemas.request import CheckRequest
from tests.garbage import GARBAGE

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
UNIX_NOW = int(NOW.timestamp())
SECRET = "Zebulon"
"""Stands for personal data that no error may repeat."""

QUOTIENT: dict[str, Any] = {
    "fournisseur": "MSA",
    "valeur": 150,
    "annee": 2026,
    "mois": 5,
    "annee_calcul": 2024,
    "mois_calcul": 12,
}
CLAIRE: dict[str, Any] = {
    "nom_naissance": "EXEMPLE",
    "nom_usage": None,
    "prenoms": "CLAIRE ANNE",
    "date_naissance": "1991-04-17",
    "sexe": "F",
}
ADRESSE: dict[str, Any] = {
    "destinataire": "Madame EXEMPLE CLAIRE",
    "complement_information": None,
    "complement_information_geographique": None,
    "numero_libelle_voie": "1 RUE MONTORGUEIL",
    "lieu_dit": None,
    "code_postal_ville": "75002 PARIS",
    "pays": "FRANCE",
}
FAMILY: dict[str, Any] = {
    "quotient_familial": QUOTIENT,
    "allocataires": [CLAIRE],
    "enfants": [],
    "adresse": ADRESSE,
}
BLOCKS = ("quotient_familial", "allocataires", "enfants", "adresse")
RSA_DATA: dict[str, Any] = {
    "est_beneficiaire": True,
    "avec_majoration": False,
    "date_debut_droit": "2026-01-01",
}


ASKED = Variant(())


def planned(
    check: str = "quotient_familial", label: str | None = None, hidden: Hidden = NOTHING_HIDDEN
) -> PlannedCall:
    definition = CATALOGUE[check]
    endpoint = definition.endpoints[0]
    params = endpoint.params.model_construct()
    request = CheckRequest(id=label, check=check)
    return PlannedCall(request, definition, endpoint, params, (ASKED,), hidden)


def answered(status: int, body: bytes, **headers: str) -> Answered:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answered(http_status=status, headers=named, body=body, duration_ms=412)


def success(data: Any) -> bytes:
    return json.dumps({"data": data, "links": {}, "meta": {}}).encode()


def failure(code: str, *, title: str = "Titre", **meta: Any) -> bytes:
    error = {"code": code, "title": title, "detail": SECRET, "source": None, "meta": meta}
    return json.dumps({"errors": [error]}).encode()


def decide_ok(data: Any, check: str = "quotient_familial", **headers: str) -> CheckReply:
    return decide(planned(check), ASKED, answered(200, success(data), **headers), NOW).reply


def decide_error(status: int, body: bytes, check: str = "quotient_familial", **headers: str) -> CheckReply:
    return decide(planned(check), ASKED, answered(status, body, **headers), NOW).reply


def reason_of(reply: CheckReply) -> Reason:
    assert reply.reason is not None
    assert reply.data is None
    return reply.reason


def source_of(reply: CheckReply) -> Source:
    assert reply.source is not None
    return reply.source


def data_of(reply: CheckReply) -> dict[str, Any]:
    assert reply.status is CheckStatus.FOUND
    assert reply.reason is None
    assert reply.data is not None
    return reply.data


def without(*blocks: str) -> dict[str, Any]:
    return {name: block for name, block in FAMILY.items() if name not in blocks}


def with_person(**changes: Any) -> dict[str, Any]:
    return FAMILY | {"allocataires": [CLAIRE | changes]}


def test_every_block_is_carried() -> None:
    reply = decide_ok(FAMILY)
    assert data_of(reply) == FAMILY
    assert reply.withheld == ()


def test_a_reply_is_labelled_by_its_request() -> None:
    exchange = answered(200, success(RSA_DATA))
    reply = decide(planned("revenu_solidarite_active", "rsa"), ASKED, exchange, NOW).reply
    assert (reply.id, reply.check) == ("rsa", "revenu_solidarite_active")
    assert decide_ok(FAMILY).id == "quotient_familial"


@pytest.mark.parametrize(
    "masked",
    [("adresse",), ("allocataires", "enfants", "adresse"), ("quotient_familial",), ("enfants",), BLOCKS],
)
def test_masked_blocks_are_withheld_in_order(masked: tuple[str, ...]) -> None:
    reply = decide_ok(without(*masked))
    assert reply.withheld == masked
    assert data_of(reply) == without(*masked)


def test_a_person_without_a_right_is_found() -> None:
    data = {"est_beneficiaire": False, "avec_majoration": None, "date_debut_droit": None}
    reply = decide_ok(data, "revenu_solidarite_active")
    assert data_of(reply) == data
    assert reply.withheld == ()


def test_a_masked_member_of_a_person_stays_absent() -> None:
    assert data_of(decide_ok({"allocataires": [{"prenoms": "CLAIRE"}]})) == {
        "allocataires": [{"prenoms": "CLAIRE"}],
    }


@pytest.mark.parametrize(
    ("written", "given"),
    [
        ("1991-04-17", "1991-04-17"),
        ("17/04/1991", "1991-04-17"),
        ("1991-04-17T00:00:00+01:00", "1991-04-17"),
        ("1991-04-00", "1991-04"),
        ("1991-00-00", "1991"),
        ("00/00/1991", "1991"),
        ("0000-00-00", None),
        ("", None),
        ("199&-04-17", "199&-04-17"),
    ],
)
def test_births_are_given_in_iso_form_as_far_as_they_are_known(written: str, given: str | None) -> None:
    reply = decide_ok(with_person(date_naissance=written))
    assert data_of(reply)["allocataires"][0]["date_naissance"] == given
    assert reply.unreadable == ()


@pytest.mark.parametrize(
    ("written", "given"),
    [("2025-12-31", "2025-12-31"), ("31/12/2025", "2025-12-31"), ("0000-00-00", None), ("", None)],
)
def test_dates_of_a_right_are_given_in_iso_form(written: str, given: str | None) -> None:
    reply = decide_ok(RSA_DATA | {"date_debut_droit": written}, "revenu_solidarite_active")
    assert data_of(reply)["date_debut_droit"] == given
    assert reply.unreadable == ()


@pytest.mark.parametrize("written", ["2026-00-00", "2026-05-00", "2026", "2026-02-30", SECRET])
def test_a_date_of_a_right_that_is_no_whole_day_is_left_out(written: str) -> None:
    reply = decide_ok(RSA_DATA | {"date_debut_droit": written}, "revenu_solidarite_active")
    assert data_of(reply) == {"est_beneficiaire": True, "avec_majoration": False}
    assert (reply.unreadable, reply.withheld) == (("/date_debut_droit",), ())


@pytest.mark.parametrize(
    ("written", "given"),
    [(412, "412"), ("412", "412"), ("412.0", "412"), (412.0, "412"), (" 412 ", "412"), ("", "null")],
)
def test_a_whole_number_is_given_as_one_however_it_came(written: Any, given: str) -> None:
    data = data_of(decide_ok({"quotient_familial": QUOTIENT | {"valeur": written}}))
    assert json.dumps(data["quotient_familial"]["valeur"]) == given


def test_fields_that_the_contract_does_not_know_are_dropped() -> None:
    data = FAMILY | {
        "surprise": SECRET,
        "quotient_familial": QUOTIENT | {"surprise": SECRET},
        "allocataires": [CLAIRE | {"surprise": SECRET}],
        "adresse": ADRESSE | {"surprise": SECRET},
    }
    reply = decide_ok(data)
    assert data_of(reply) == FAMILY


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_may_be_null(block: str) -> None:
    reply = decide_ok(FAMILY | {block: None})
    assert data_of(reply) == FAMILY | {block: None}
    assert (reply.withheld, reply.unreadable) == ((), ())


@pytest.mark.parametrize(
    "data",
    [
        FAMILY | {"quotient_familial": QUOTIENT | {"valeur": None}},
        FAMILY | {"quotient_familial": {"valeur": 1}},
        FAMILY | {"quotient_familial": {}},
        FAMILY | {"allocataires": [None, CLAIRE]},
        FAMILY | {"allocataires": [dict.fromkeys(CLAIRE)]},
        FAMILY | {"adresse": {}},
    ],
)
def test_any_member_may_be_null_or_absent(data: dict[str, Any]) -> None:
    reply = decide_ok(data)
    assert data_of(reply) == data
    assert (reply.withheld, reply.unreadable) == ((), ())


def without_member(name: str) -> dict[str, Any]:
    return {member: value for member, value in CLAIRE.items() if member != name}


@pytest.mark.parametrize(
    ("data", "pointer", "read"),
    [
        (FAMILY | {"enfants": SECRET}, "/enfants", without("enfants")),
        (FAMILY | {"enfants": {"0": SECRET}}, "/enfants", without("enfants")),
        (FAMILY | {"adresse": [SECRET]}, "/adresse", without("adresse")),
        (
            FAMILY | {"quotient_familial": QUOTIENT | {"fournisseur": 5}},
            "/quotient_familial/fournisseur",
            FAMILY
            | {"quotient_familial": {name: QUOTIENT[name] for name in QUOTIENT if name != "fournisseur"}},
        ),
        (
            with_person(date_naissance=19910417),
            "/allocataires/0/date_naissance",
            FAMILY | {"allocataires": [without_member("date_naissance")]},
        ),
        (
            with_person(sexe=[SECRET]),
            "/allocataires/0/sexe",
            FAMILY | {"allocataires": [without_member("sexe")]},
        ),
        (
            with_person(prenoms=[SECRET]),
            "/allocataires/0/prenoms",
            FAMILY | {"allocataires": [without_member("prenoms")]},
        ),
        (
            FAMILY | {"allocataires": [SECRET, CLAIRE]},
            "/allocataires/0",
            FAMILY | {"allocataires": [None, CLAIRE]},
        ),
    ],
)
def test_a_value_of_another_type_costs_itself_alone_and_is_named(
    data: dict[str, Any], pointer: str, read: dict[str, Any]
) -> None:
    reply = decide_ok(data)
    assert data_of(reply) == read
    assert (reply.unreadable, reply.withheld) == ((pointer,), ())
    assert SECRET not in reply.model_dump_json()


def test_every_value_that_cannot_be_read_is_named() -> None:
    data = FAMILY | {"enfants": [CLAIRE, CLAIRE | {"sexe": 1, "prenoms": 1}], "adresse": SECRET}
    reply = decide_ok(data)
    assert set(reply.unreadable) == {"/enfants/1/sexe", "/enfants/1/prenoms", "/adresse"}


def test_a_text_that_no_reply_can_hold_costs_itself_alone() -> None:
    body = success(FAMILY | {"adresse": ADRESSE | {"pays": "\ud800"}})
    reply = decide(planned(), ASKED, answered(200, body), NOW).reply
    assert "pays" not in json.loads(reply.model_dump_json())["data"]["adresse"]
    assert reply.unreadable == ("/adresse/pays",)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (FAMILY | {"quotient_familial": SECRET}, "quotient_familial"),
        (FAMILY | {"quotient_familial": QUOTIENT | {"valeur": SECRET}}, "quotient_familial.valeur"),
        (FAMILY | {"quotient_familial": QUOTIENT | {"valeur": 150.5}}, "quotient_familial.valeur"),
        (FAMILY | {"quotient_familial": QUOTIENT | {"valeur": True}}, "quotient_familial.valeur"),
        (FAMILY | {"quotient_familial": QUOTIENT | {"valeur": [SECRET]}}, "quotient_familial.valeur"),
        (None, "data"),
        ([SECRET], "data"),
        (SECRET, "data"),
    ],
)
def test_where_what_the_check_exists_for_cannot_be_read_its_field_is_named_and_not_its_value(
    data: Any, field: str
) -> None:
    reply = decide_ok(data)
    why = reason_of(reply)
    assert (reply.status, why.code) == (CheckStatus.ERROR, CheckCode.UNEXPECTED_RESPONSE)
    assert f"(champ : {field})" in why.detail
    assert (reply.unreadable, why.retryable) == ((), False)
    assert SECRET not in reply.model_dump_json()
    assert source_of(reply).http_status == 200


def test_what_the_check_exists_for_may_be_withheld() -> None:
    reply = decide_hiding(
        FAMILY | {"quotient_familial": SECRET}, "quotient_familial", {"quotient_familial": {}}
    )
    assert data_of(reply) == without("quotient_familial")
    assert (reply.withheld, reply.unreadable) == (("quotient_familial",), ())


def drifts(data: Any, check: str = "quotient_familial") -> set[SchemaDrift]:
    decision = decide(planned(check), ASKED, answered(200, success(data)), NOW)
    assert len(decision.drifts) == len(set(decision.drifts))
    return set(decision.drifts)


def wrong_type(place: str, found: str) -> SchemaDrift:
    return SchemaDrift(DriftKind.WRONG_TYPE, place, found)


def test_an_answer_as_it_is_documented_holds_no_surprise() -> None:
    assert drifts(FAMILY) == set()
    assert drifts(RSA_DATA, "revenu_solidarite_active") == set()


def test_a_field_that_the_api_adds_is_dropped_and_told_once_per_place() -> None:
    child = CLAIRE | {"surnom": SECRET}
    data = FAMILY | {"enfants": [child, child], "nouveau": {"a": SECRET}, "adresse": ADRESSE | {"x": 1}}
    assert drifts(data) == {
        SchemaDrift(DriftKind.UNKNOWN_FIELD, place) for place in ("nouveau", "enfants.surnom", "adresse.x")
    }
    assert SECRET not in json.dumps(data_of(decide_ok(data)))


def test_a_field_whose_name_is_no_name_is_told_without_it() -> None:
    assert drifts(FAMILY | {SECRET + " né en 1991": 1}) == {SchemaDrift(DriftKind.UNKNOWN_FIELD, "?")}


def test_a_value_that_the_api_does_not_document_is_passed_on_and_told_by_its_place() -> None:
    data = FAMILY | {"quotient_familial": QUOTIENT | {"fournisseur": SECRET}, "allocataires": [CLAIRE]}
    assert drifts(data) == {SchemaDrift(DriftKind.UNKNOWN_VALUE, "quotient_familial.fournisseur")}
    assert data_of(decide_ok(data)) == data


@pytest.mark.parametrize(
    ("value", "found"),
    [(19910417, "number"), (1.5, "number"), (True, "boolean"), ([SECRET], "array"), ({SECRET: 1}, "object")],
)
def test_a_wrong_type_is_told_by_its_place_and_by_the_type_that_was_there(value: Any, found: str) -> None:
    data = with_person(date_naissance=value)
    assert drifts(data) == {wrong_type("allocataires.date_naissance", found)}


def test_a_wrong_type_is_told_once_per_place_whatever_becomes_of_the_answer() -> None:
    child = CLAIRE | {"prenoms": 5}
    assert drifts(FAMILY | {"enfants": [child, child, SECRET]}) == {
        wrong_type("enfants.prenoms", "number"),
        wrong_type("enfants", "string"),
    }
    assert drifts(FAMILY | {"quotient_familial": QUOTIENT | {"valeur": SECRET}, "adresse": 1}) == {
        wrong_type("quotient_familial.valeur", "string"),
        wrong_type("adresse", "number"),
    }


@pytest.mark.parametrize(
    ("body", "drift"),
    [
        (b"<html>", wrong_type("body", "")),
        (b"[]", wrong_type("body", "array")),
        (b"null", wrong_type("body", "null")),
        (b"{}", wrong_type("data", "null")),
        (b'{"data": 1}', wrong_type("data", "number")),
    ],
)
def test_a_body_that_is_no_answer_is_told(body: bytes, drift: SchemaDrift) -> None:
    assert decide(planned(), ASKED, answered(200, body), NOW).drifts == (drift,)


def test_a_status_that_no_rule_knows_is_told_with_its_code() -> None:
    def told(status: int, body: bytes) -> tuple[SchemaDrift, ...]:
        return decide(planned(), ASKED, answered(status, body), NOW).drifts

    assert told(418, failure("99999")) == (SchemaDrift(DriftKind.UNKNOWN_OUTCOME, "418 99999"),)
    assert told(500, b"<html>") == (SchemaDrift(DriftKind.UNKNOWN_OUTCOME, "500 without a code"),)
    assert told(418, failure(f"{SECRET} !")) == (
        SchemaDrift(DriftKind.UNKNOWN_OUTCOME, "418 without a code"),
    )
    assert told(404, failure("37003")) == ()


@pytest.mark.parametrize(("status", "code"), [(400, "00401"), (404, "00402")])
def test_a_request_that_the_api_refuses_as_wrong_is_told_and_the_operator_alerted(
    status: int, code: str
) -> None:
    decision = decide(planned(), ASKED, answered(status, failure(code)), NOW)
    assert reason_of(decision.reply).code is CheckCode.UNEXPECTED_RESPONSE
    assert decision.drifts == (SchemaDrift(DriftKind.REFUSED_REQUEST, f"{status} {code}"),)
    assert decision.alert is Alert.REQUEST


@pytest.mark.parametrize(
    ("status", "code", "alert"),
    [
        (401, "00103", Alert.TOKEN),
        (403, "00213", Alert.DELEGATION),
        (422, "00212", Alert.DELEGATION),
        (422, "00203", Alert.RECORD),
        (403, "00100", None),
        (404, "23003", None),
        (422, "36560", None),
        (503, "37020", None),
    ],
)
def test_the_operator_is_alerted_of_what_is_theirs_to_mend(
    status: int, code: str, alert: Alert | None
) -> None:
    assert decide(planned(), ASKED, answered(status, failure(code)), NOW).alert is alert


def test_a_call_without_an_answer_alerts_as_its_code_does() -> None:
    def alert(code: CheckCode) -> Alert | None:
        return decide(planned(), ASKED, Unanswered(code=code, duration_ms=1), NOW).alert

    assert alert(CheckCode.TOKEN_INVALID) is Alert.TOKEN
    assert alert(CheckCode.NETWORK_ERROR) is None


def test_an_answer_alerts_nobody() -> None:
    assert decide(planned(), ASKED, answered(200, success(FAMILY)), NOW).alert is None


def of_month(**params: int) -> PlannedCall:
    call = planned()
    return replace(call, params=call.endpoint.params.model_validate(params))


@pytest.mark.parametrize("asked", [{}, {"annee": 2026, "mois": 5}, {"annee": 2026}, {"mois": 5}])
def test_the_quotient_of_the_month_asked_is_found(asked: dict[str, int]) -> None:
    assert decide(of_month(**asked), ASKED, answered(200, success(FAMILY)), NOW).reply.data == FAMILY


@pytest.mark.parametrize("asked", [{"annee": 2026, "mois": 4}, {"annee": 2025, "mois": 5}, {"mois": 4}])
def test_the_quotient_of_another_month_than_asked_is_unexpected(asked: dict[str, int]) -> None:
    decision = decide(of_month(**asked), ASKED, answered(200, success(FAMILY)), NOW)
    why = reason_of(decision.reply)
    assert (decision.reply.status, why.code) == (CheckStatus.ERROR, CheckCode.UNEXPECTED_RESPONSE)
    assert "un autre mois" in why.detail
    assert source_of(decision.reply).http_status == 200
    assert decision.drifts == (SchemaDrift(DriftKind.OTHER_THAN_ASKED, "quotient_familial.mois"),)


@pytest.mark.parametrize(
    "quotient", [None, QUOTIENT | {"mois": None}, QUOTIENT | {"annee": None}, QUOTIENT | {"mois": SECRET}]
)
def test_a_quotient_that_does_not_say_its_month_is_found(quotient: dict[str, Any] | None) -> None:
    body = success(FAMILY | {"quotient_familial": quotient})
    call = of_month(annee=2026, mois=5)
    assert decide(call, ASKED, answered(200, body), NOW).reply.status is CheckStatus.FOUND


def test_a_member_withheld_further_in_is_listed_by_its_path() -> None:
    data = {"statut_actuel": {"contrat_trouve": True}}
    reply = decide_ok(data, "service_civique")
    assert data_of(reply) == data
    assert reply.withheld == (
        "statut_actuel.organisme_accueil",
        "statut_actuel.date_debut_contrat",
        "statut_actuel.date_fin_contrat",
        "statut_passe",
    )


def test_a_member_that_one_of_a_list_lacks_is_withheld() -> None:
    whole = {
        "date_debut": "2025-09-01",
        "date_fin": "2026-08-31",
        "est_inscrit": True,
        "regime_formation": {"libelle": "formation initiale", "code": "RF1"},
        "code_cog_insee_commune": "69383",
        "etablissement_etudes": {"uai": "0990001Z", "nom": "Université"},
    }
    lacking = {name: value for name, value in whole.items() if name != "est_inscrit"}
    assert decide_ok({"identite": None}, "statut_etudiant").withheld == ("admissions",)
    reply = decide_ok({"admissions": [whole, lacking]}, "statut_etudiant")
    assert reply.withheld == ("identite", "admissions.est_inscrit")
    assert decide_ok({"admissions": []}, "statut_etudiant").withheld == ("identite",)


def decide_hiding(data: Any, check: str, hidden: Hidden) -> CheckReply:
    return decide(planned(check, hidden=hidden), ASKED, answered(200, success(data)), NOW).reply


def test_a_block_outside_of_the_grant_is_removed_though_the_source_sent_it() -> None:
    reply = decide_hiding(FAMILY, "quotient_familial", {"adresse": {}})
    assert data_of(reply) == without("adresse")
    assert reply.withheld == ("adresse",)


def test_what_the_token_and_the_grant_withhold_is_listed_once_in_the_order_of_the_blocks() -> None:
    data = without("allocataires", "adresse")
    reply = decide_hiding(data, "quotient_familial", {"adresse": {}, "quotient_familial": {}})
    assert data_of(reply) == {"enfants": []}
    assert reply.withheld == ("quotient_familial", "allocataires", "adresse")


def test_a_null_block_outside_of_the_grant_is_withheld_like_another() -> None:
    reply = decide_hiding(FAMILY | {"adresse": None}, "quotient_familial", {"adresse": {}})
    assert data_of(reply) == without("adresse")
    assert reply.withheld == ("adresse",)


def test_a_nested_block_outside_of_the_grant_is_removed_from_each_item() -> None:
    admission = {"date_debut": "2025-09-01", "date_fin": None, "est_inscrit": True}
    hidden = {"admissions": {"est_inscrit": NOTHING_HIDDEN}, "identite": NOTHING_HIDDEN}
    reply = decide_hiding({"admissions": [admission, admission]}, "statut_etudiant", hidden)
    kept = {"date_debut": "2025-09-01", "date_fin": None}
    assert data_of(reply) == {"admissions": [kept, kept]}
    assert reply.withheld[:2] == ("identite", "admissions.est_inscrit")
    nothing = decide_hiding({"admissions": []}, "statut_etudiant", hidden)
    assert (data_of(nothing), nothing.withheld) == ({"admissions": []}, ("identite",))


@pytest.mark.parametrize("change", [{"surprise": SECRET}, {"pays": 33}])
def test_a_surprise_in_a_block_outside_of_the_grant_is_told_all_the_same(change: dict[str, Any]) -> None:
    data = FAMILY | {"adresse": ADRESSE | change}
    call = planned(hidden={"adresse": {}})
    assert len(decide(call, ASKED, answered(200, success(data)), NOW).drifts) == 1


@pytest.mark.parametrize("adresse", [SECRET, ADRESSE | {"pays": 33}])
def test_what_cannot_be_read_outside_of_the_grant_is_withheld_and_not_named(adresse: Any) -> None:
    reply = decide_hiding(FAMILY | {"adresse": adresse}, "quotient_familial", {"adresse": {}})
    assert data_of(reply) == without("adresse")
    assert (reply.withheld, reply.unreadable) == (("adresse",), ())


def test_what_is_withheld_from_the_items_of_a_list_is_listed_beside_one_that_cannot_be_read() -> None:
    data = {"admissions": [SECRET, {"date_debut": "2025-09-01", "est_inscrit": True}]}
    hidden = {"admissions": {"est_inscrit": NOTHING_HIDDEN}}
    reply = decide_hiding(data, "statut_etudiant", hidden)
    assert data_of(reply) == {"admissions": [None, {"date_debut": "2025-09-01"}]}
    assert reply.unreadable == ("/admissions/0",)
    assert "admissions.est_inscrit" in reply.withheld


def test_a_block_that_a_call_never_returns_is_not_withheld() -> None:
    definition = CATALOGUE["statut_etudiant"]
    (by_france_connect,) = (one for one in definition.endpoints if one.call is Call.FRANCE_CONNECT)
    call = replace(planned("statut_etudiant"), endpoint=by_france_connect)
    reply = decide(call, ASKED, answered(200, success({"admissions": []})), NOW).reply
    assert reply.withheld == ()


@pytest.mark.parametrize("body", [b"", b"<html></html>", b"\xff", b"[" * 100_000, b"[]", b"null", b'"texte"'])
def test_an_answer_that_is_no_json_object_is_unexpected(body: bytes) -> None:
    why = reason_of(decide_error(200, body))
    assert why.code is CheckCode.UNEXPECTED_RESPONSE
    assert "(champ : body)" in why.detail
    assert why.upstream == Upstream(http_status=200, code=None, provider=None)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, success(FAMILY | {"allocataires": [CLAIRE] * 1000})),
        (200, success({**FAMILY, "enfants": [{"nom_naissance": 0}] * 1000})),
        (404, failure("37" + "0" * 50_000)),
        (502, failure("37999", provider="x" * 50_000)),
    ],
)
def test_an_answer_that_could_not_come_back_through_the_broker_is_unexpected(
    status: int, body: bytes
) -> None:
    """A job travels with the answers that it has, twenty at the most, in one message."""
    decision = decide(planned(), ASKED, answered(status, body), NOW)
    assert reason_of(decision.reply).code is CheckCode.UNEXPECTED_RESPONSE
    assert len(decision.reply.model_dump_json()) <= MAX_ANSWER_BYTES
    assert decision.drifts == (SchemaDrift(DriftKind.TOO_LONG, "answer"),)


def test_the_longest_family_is_found() -> None:
    """Two parents and twenty children, however long their names."""
    children = [CLAIRE | {"nom_naissance": "É" * 128, "prenoms": "É" * 128}] * 20
    data = data_of(decide_ok(FAMILY | {"allocataires": children[:2], "enfants": children}))
    assert len(data["enfants"]) == 20


@pytest.mark.parametrize("body", [b"{}", b'{"data": null}', b'{"data": []}', b'{"errors": []}'])
def test_an_answer_without_data_is_unexpected(body: bytes) -> None:
    why = reason_of(decide_error(200, body))
    assert why.code is CheckCode.UNEXPECTED_RESPONSE
    assert "(champ : data)" in why.detail


@pytest.mark.parametrize("fournisseur", ["CNAF", "MSA"])
def test_the_data_says_which_fund_provided_it(fournisseur: str) -> None:
    reply = decide_ok({"quotient_familial": QUOTIENT | {"fournisseur": fournisseur}})
    assert source_of(reply).provider == fournisseur


def test_where_the_data_does_not_say_the_provider_is_the_catalogue_s() -> None:
    assert source_of(decide_ok(without("quotient_familial"))).provider == "CNAV"
    assert source_of(decide_ok(RSA_DATA, "revenu_solidarite_active")).provider == "CNAV"


def test_the_source_tells_where_an_answer_comes_from() -> None:
    assert source_of(decide_ok(FAMILY)).model_dump() == {
        "api": "api_particulier",
        "api_version": 3,
        "endpoint": "/v3/dss/quotient_familial/identite",
        "provider": "MSA",
        "variant": None,
        "http_status": 200,
        "attempts": 1,
        "duration_ms": 412,
        "cached": False,
    }


@pytest.mark.parametrize(
    ("header", "cached"),
    [("true", True), ("True", True), ("1", True), ("false", False), ("0", False), ("", False)],
)
def test_an_answer_out_of_the_api_s_cache_says_so(header: str, *, cached: bool) -> None:
    assert source_of(decide_ok(FAMILY, x_response_cached=header)).cached is cached


@pytest.mark.parametrize(
    ("check", "word"),
    [("quotient_familial", "premier week-end"), ("revenu_solidarite_active", "30 jours")],
)
def test_no_file_tells_the_agent_what_is_known_of_this_source(check: str, word: str) -> None:
    reply = decide_error(404, failure("23003", provider="CNAF"), check)
    why = reason_of(reply)
    assert (reply.status, why.code) == (CheckStatus.NOT_FOUND, CheckCode.NO_RECORD)
    assert word in why.detail
    assert not why.retryable
    assert why.upstream == Upstream(http_status=404, code="23003", provider="CNAF")
    assert source_of(reply).provider == "CNAF"


def test_a_person_whom_the_question_does_not_concern_is_not_found_and_the_agent_reads_why() -> None:
    reply = decide_error(404, failure("37003", provider="CNAV"), "participation_familiale_eaje")
    why = reason_of(reply)
    assert (reply.status, why.code) == (CheckStatus.NOT_FOUND, CheckCode.NOT_CONCERNED)
    assert "aucun enfant de moins de 7 ans" in why.detail
    assert not why.retryable


def test_the_code_of_who_is_not_concerned_means_no_file_for_another_check() -> None:
    reply = decide_error(404, failure("37003", provider="CNAV"))
    assert (reply.status, reason_of(reply).code) == (CheckStatus.NOT_FOUND, CheckCode.NO_RECORD)


@pytest.mark.parametrize(
    ("code", "title"),
    [
        ("00355", "Impossible d'identifier l'allocataire"),
        ("35560", "Titre"),
        ("36560", "Titre"),
    ],
)
def test_an_unmatched_identity_is_not_identified(code: str, title: str) -> None:
    reply = decide_error(422, failure(code, title=title))
    assert (reply.status, reason_of(reply).code) == (
        CheckStatus.NOT_IDENTIFIED,
        CheckCode.IDENTITY_UNMATCHED,
    )


@pytest.mark.parametrize(
    ("code", "parameter"), [("00354", "mois"), ("35561", "identity"), ("36561", "identity")]
)
def test_a_refused_parameter_is_named(code: str, parameter: str) -> None:
    why = reason_of(decide_error(422, failure(code)))
    assert (why.code, why.parameter, why.retryable) == (CheckCode.INVALID_PARAMETER, parameter, False)


def test_the_api_s_own_sentence_is_not_repeated() -> None:
    assert SECRET not in decide_error(422, failure("00366")).model_dump_json()


def test_a_body_that_is_not_the_api_s_leaves_the_status_alone() -> None:
    reply = decide_error(502, b"<html>Bad Gateway</html>")
    why = reason_of(reply)
    assert (why.code, why.retryable) == (CheckCode.UPSTREAM_ERROR, True)
    assert why.upstream == Upstream(http_status=502, code=None, provider=None)


@pytest.mark.parametrize(
    "code",
    [CheckCode.NETWORK_ERROR, CheckCode.PROVIDER_TIMEOUT, CheckCode.EXPIRED],
)
def test_a_call_that_got_no_answer(code: CheckCode) -> None:
    reply = decide(planned(), ASKED, Unanswered(code=code, duration_ms=30), NOW).reply
    why = reason_of(reply)
    assert (reply.status, why.code, why.retryable) == (CheckStatus.ERROR, code, True)
    source = source_of(reply)
    assert (source.http_status, source.duration_ms, source.cached) == (None, 30, False)


def test_a_check_that_got_no_call_has_no_source() -> None:
    request = CheckRequest(id="qf", check="quotient_familial")
    defect = Defect(CheckCode.INVALID_PARAMETER, "mois", "Un mois à venir.")
    reply = refused(Rejected(request, defect))
    why = reason_of(reply)
    assert (reply.id, reply.status, reply.source) == ("qf", CheckStatus.ERROR, None)
    assert (why.code, why.parameter, why.detail) == (
        CheckCode.INVALID_PARAMETER,
        "mois",
        "Un mois à venir.",
    )


def test_a_defect_without_a_sentence_gets_its_code_s() -> None:
    reply = refused(Rejected(CheckRequest(check="inconnue"), Defect(CheckCode.UNKNOWN_CHECK, "check")))
    assert "catalogue" in reason_of(reply).detail


@pytest.mark.parametrize(
    "check",
    [planned(), Rejected(CheckRequest(check="quotient_familial"), Defect(CheckCode.UNKNOWN_CHECK))],
)
def test_a_call_not_made_for_the_job_s_reason_has_no_source(check: PlannedCall | Rejected) -> None:
    reply = without_call(check, CheckCode.EXPIRED)
    assert reply.source is None
    assert (reason_of(reply).code, reason_of(reply).retryable) == (CheckCode.EXPIRED, True)


def test_a_refused_quota_says_when_to_ask_again() -> None:
    why = reason_of(decide_error(429, failure("00429"), ratelimit_reset=str(UNIX_NOW + 45)))
    assert (why.code, why.retryable, why.retry_after_seconds) == (CheckCode.RATE_LIMITED, True, 45)


def test_a_maintenance_lasts_what_the_api_says_whatever_the_quota() -> None:
    body = failure("37020", provider="CNAV", retry_in=3600)
    why = reason_of(decide_error(503, body, ratelimit_reset=str(UNIX_NOW + 1)))
    assert (why.code, why.retry_after_seconds) == (CheckCode.PROVIDER_MAINTENANCE, 3600)


@pytest.mark.parametrize(("status", "code"), [(403, "00100"), (404, "23003"), (422, "00366")])
def test_an_answer_that_waiting_does_not_change_gives_no_wait(status: int, code: str) -> None:
    why = reason_of(decide_error(status, failure(code), ratelimit_reset=str(UNIX_NOW + 1)))
    assert (why.retryable, why.retry_after_seconds) == (False, None)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=8), values, max_size=3),
    max_leaves=6,
)
MEMBERS = st.dictionaries(st.sampled_from([*BLOCKS, *RSA_DATA, *QUOTIENT, *CLAIRE]), JSON_VALUES, max_size=4)
ERRORS = st.dictionaries(
    st.sampled_from(["code", "title", "detail", "meta"]),
    JSON_VALUES | st.dictionaries(st.sampled_from(["provider", "retry_in"]), JSON_VALUES),
)
BODIES = (
    st.binary()
    | (MEMBERS | JSON_VALUES).map(success)
    | st.lists(ERRORS, max_size=2).map(lambda errors: json.dumps({"errors": errors}).encode())
)
WAIT_HEADERS = st.dictionaries(
    st.sampled_from(["retry-after", "ratelimit-reset", "x-response-cached"]),
    st.text(max_size=40) | st.integers().map(str) | st.sampled_from(GARBAGE),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(100, 599), BODIES, WAIT_HEADERS, st.sampled_from(sorted(CATALOGUE)))
@example(status=429, body=b"", headers={"retry-after": GARBAGE[-1]}, check="quotient_familial")
def test_no_answer_of_the_api_makes_deciding_fail(
    status: int,
    body: bytes,
    headers: dict[str, str],
    check: str,
) -> None:
    exchange = Answered(http_status=status, headers=headers, body=body, duration_ms=1)
    reply = decide(planned(check), ASKED, exchange, NOW).reply
    assert (reply.status is CheckStatus.FOUND) == (reply.data is not None) == (reply.reason is None)
    assert json.loads(reply.model_dump_json())["id"] == check
