"""API Particulier's refusals and failures, read as the contract's codes."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.catalogue.definition import Source
from connector.sources.outcome import ApiError, ErrorMeta, Outcome, read_errors, read_flat_error
from connector.sources.outcome_table import outcome_table
from schemas.codes import Call, CheckCode, CheckStatus

IDENTITE = outcome_table(Source.API_PARTICULIER, Call.IDENTITE)
FRANCE_CONNECT = outcome_table(Source.API_PARTICULIER, Call.FRANCE_CONNECT)
AVIS_V2 = outcome_table(Source.API_PARTICULIER_V2, Call.AVIS)
AVIS = outcome_table(Source.API_IMPOT_PARTICULIER, Call.AVIS)

UNIDENTIFIED = "Impossible d'identifier l'allocataire"
MISSING = "Le paramètre est manquant"
MALFORMED = "Le paramètre n'est pas correctement formaté"


CHECK = "quotient_familial"


def outcome(status: int, code: str, *, title: str = "", detail: str = "", check: str = CHECK) -> Outcome:
    return IDENTITE.outcome(check, status, ApiError(code=code, title=title, detail=detail))


def body(**members: Any) -> bytes:
    return json.dumps(
        {"errors": [{"code": "37003", "title": "Titre", "detail": "Détail"} | members]}
    ).encode()


PROVIDERS = ("10", "23", "24", "25", "26", "30", "31", "35", "37", "39", "40", "41", "42")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_provider_without_a_file_is_not_an_error(provider: str) -> None:
    result = outcome(404, f"{provider}003", title="Dossier absent")
    assert result == Outcome(CheckCode.NO_RECORD)
    assert result.status is CheckStatus.NOT_FOUND


@pytest.mark.parametrize("code", ["35003", "40003"])
@pytest.mark.parametrize("title", ["Erreur inattendue", "Erreur inatendue", "erreur inattendue"])
def test_a_fund_that_failed_is_unavailable_and_not_without_a_file(code: str, title: str) -> None:
    assert outcome(404, code, title=title) == Outcome(CheckCode.PROVIDER_UNAVAILABLE)


@pytest.mark.parametrize("code", ["35004", "35005", "37003"])
def test_a_family_without_a_file_is_told_by_the_title_whatever_the_code(code: str) -> None:
    for check in (CHECK, "participation_familiale_eaje"):
        absent = outcome(404, code, title="Dossier allocataire absent MSA", check=check)
        assert absent == Outcome(CheckCode.NO_RECORD)


def test_only_the_title_tells_a_failed_fund() -> None:
    detail = "Erreur inattendue"
    assert outcome(404, "35003", title="Allocataire non référencé", detail=detail).code is CheckCode.NO_RECORD
    assert outcome(404, "37003", title=detail).code is CheckCode.NO_RECORD


@pytest.mark.parametrize(
    ("code", "title", "expected"),
    [
        ("00355", UNIDENTIFIED, CheckCode.IDENTITY_UNMATCHED),
        ("00355", "Impossible d’identifier l’allocataire", CheckCode.IDENTITY_UNMATCHED),
        ("35560", "", CheckCode.IDENTITY_UNMATCHED),
        ("36560", "", CheckCode.IDENTITY_UNMATCHED),
        ("31563", "", CheckCode.IDENTITY_AMBIGUOUS),
        ("00391", "", CheckCode.IDENTITY_AMBIGUOUS),
    ],
)
def test_an_identity_that_does_not_match_one_person_is_not_identified(
    code: str,
    title: str,
    expected: CheckCode,
) -> None:
    result = outcome(422, code, title=title)
    assert result == Outcome(expected)
    assert result.status is CheckStatus.NOT_IDENTIFIED


@pytest.mark.parametrize(
    ("code", "parameter"),
    [
        ("00353", "annee"),
        ("00354", "mois"),
        ("00355", "annee"),
        ("00356", "annee"),
        ("35565", "annee"),
    ],
)
def test_a_refused_period_names_the_parameter(code: str, parameter: str) -> None:
    result = outcome(422, code, title="Période trop ancienne")
    assert (result.code, result.parameter) == (CheckCode.INVALID_PARAMETER, parameter)
    assert result.status is CheckStatus.ERROR
    assert result.detail
    assert "23" in result.detail


@pytest.mark.parametrize("code", ["00203", "00210"])
def test_a_refused_recipient_is_the_tenant_and_the_host_s_to_correct(code: str) -> None:
    result = outcome(422, code)
    assert (result.code, result.parameter) == (CheckCode.INVALID_PARAMETER, "tenant")
    assert result.detail
    assert "hébergeur" in result.detail


@pytest.mark.parametrize(
    ("code", "parameter"),
    [
        ("00360", "ine"),
        ("00361", "nom_naissance"),
        ("00362", "prenoms"),
        ("00363", "date_naissance"),
        ("00364", "sexe"),
        ("00365", "lieu_naissance"),
        ("00367", "prenoms"),
        ("00368", "campaign_year"),
        ("00380", "identifiant"),
        ("00400", "lieu_naissance.code_pays"),
        ("00410", "code_etablissement"),
        ("00411", "annee_scolaire"),
        ("00420", "nom_naissance"),
        ("00426", "nom_usage"),
        ("00427", "sexe"),
        ("00430", "immatriculation"),
    ],
)
@pytest.mark.parametrize(
    ("detail", "expected"),
    [(MISSING, CheckCode.MISSING_PARAMETER), (MALFORMED, CheckCode.INVALID_PARAMETER)],
)
def test_the_code_names_the_parameter_and_the_detail_tells_missing_from_malformed(
    code: str,
    parameter: str,
    detail: str,
    expected: CheckCode,
) -> None:
    assert outcome(422, code, detail=detail) == Outcome(expected, parameter)


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (401, "00101", CheckCode.TOKEN_INVALID),
        (401, "00103", CheckCode.TOKEN_EXPIRED),
        (401, "00105", CheckCode.TOKEN_REVOKED),
        (401, "00106", CheckCode.TOKEN_REVOKED),
        (403, "00100", CheckCode.INSUFFICIENT_SCOPE),
        (403, "00107", CheckCode.IP_FORBIDDEN),
        (409, "00015", CheckCode.PROVIDER_CONFLICT),
        (409, "37015", CheckCode.PROVIDER_CONFLICT),
        (410, "", CheckCode.SOURCE_WITHDRAWN),
        (410, "00410", CheckCode.SOURCE_WITHDRAWN),
        (429, "00429", CheckCode.RATE_LIMITED),
        (429, "39004", CheckCode.RATE_LIMITED),
        (502, "37999", CheckCode.UPSTREAM_ERROR),
        (502, "37000", CheckCode.UPSTREAM_ERROR),
        (502, "37002", CheckCode.PROVIDER_TIMEOUT),
        (502, "37006", CheckCode.UPSTREAM_ERROR),
        (502, "35000", CheckCode.UPSTREAM_ERROR),
        (503, "37001", CheckCode.PROVIDER_UNAVAILABLE),
        (504, "37001", CheckCode.PROVIDER_UNAVAILABLE),
        (503, "37002", CheckCode.PROVIDER_TIMEOUT),
        (504, "37002", CheckCode.PROVIDER_TIMEOUT),
        (503, "37004", CheckCode.NETWORK_ERROR),
        (504, "37004", CheckCode.NETWORK_ERROR),
        (503, "37008", CheckCode.PROVIDER_RATE_LIMITED),
        (504, "37008", CheckCode.PROVIDER_RATE_LIMITED),
        (503, "00501", CheckCode.NETWORK_ERROR),
        (504, "00501", CheckCode.NETWORK_ERROR),
        (502, "37020", CheckCode.PROVIDER_MAINTENANCE),
        (503, "37020", CheckCode.PROVIDER_MAINTENANCE),
        (504, "37020", CheckCode.PROVIDER_MAINTENANCE),
        (509, "", CheckCode.PROVIDER_RATE_LIMITED),
    ],
)
def test_the_table_of_outcomes(status: int, code: str, expected: CheckCode) -> None:
    result = outcome(status, code)
    assert result == Outcome(expected)
    assert result.status is CheckStatus.ERROR


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, CheckCode.TOKEN_INVALID),
        (403, CheckCode.INSUFFICIENT_SCOPE),
        (409, CheckCode.PROVIDER_CONFLICT),
        (422, CheckCode.INVALID_PARAMETER),
        (429, CheckCode.RATE_LIMITED),
        (500, CheckCode.UPSTREAM_ERROR),
        (502, CheckCode.UPSTREAM_ERROR),
        (503, CheckCode.PROVIDER_UNAVAILABLE),
        (504, CheckCode.PROVIDER_TIMEOUT),
        (599, CheckCode.UPSTREAM_ERROR),
        (451, CheckCode.NO_RECORD),
        (204, CheckCode.UNEXPECTED_RESPONSE),
        (301, CheckCode.UNEXPECTED_RESPONSE),
        (400, CheckCode.UNEXPECTED_RESPONSE),
        (404, CheckCode.UNEXPECTED_RESPONSE),
    ],
)
@pytest.mark.parametrize("code", ["", "99997", "37003x"])
def test_what_no_rule_knows_is_decided_by_its_status(status: int, expected: CheckCode, code: str) -> None:
    assert outcome(status, code) == Outcome(expected, known=False)


@pytest.mark.parametrize("code", ["00101", "00103", "00105", "50001", "50002", "51501", "51504", "99999", ""])
def test_a_refused_bearer_of_a_france_connect_call_is_the_person_s(code: str) -> None:
    result = FRANCE_CONNECT.outcome(CHECK, 401, ApiError(code=code))
    assert result == Outcome(CheckCode.FRANCE_CONNECT_INVALID, "france_connect_token")


@pytest.mark.parametrize(
    ("call", "parameter"),
    [
        (Call.IDENTITE, "identity"),
        (Call.FRANCE_CONNECT, "france_connect_token"),
        (Call.INE, "ine"),
        (Call.IDENTIFIANT, "identifiant"),
    ],
)
def test_a_refused_civility_is_what_named_the_person_in_this_call(call: Call, parameter: str) -> None:
    table = outcome_table(Source.API_PARTICULIER, call)
    refused = table.outcome(CHECK, 422, ApiError(code="00366"))
    assert (refused.code, refused.parameter) == (CheckCode.INVALID_PARAMETER, parameter)
    missing = table.outcome(
        CHECK, 422, ApiError(code="00366", detail="Le paramètre sexeEtatCivil est manquant.")
    )
    assert (missing.code, missing.parameter) == (CheckCode.MISSING_PARAMETER, parameter)


@pytest.mark.parametrize(
    ("status", "code", "means"),
    [
        (422, "00363", CheckCode.INVALID_PARAMETER),
        (422, "00317", CheckCode.INVALID_PARAMETER),
        (422, "36561", CheckCode.INVALID_PARAMETER),
        (422, "36564", CheckCode.FRANCE_CONNECT_INVALID),
        (404, "01003", CheckCode.NO_RECORD),
    ],
)
def test_nobody_is_asked_to_correct_an_identity_that_france_connect_gave(
    status: int, code: str, means: CheckCode
) -> None:
    result = FRANCE_CONNECT.outcome(CHECK, status, ApiError(code=code))
    assert (result.code, result.parameter) == (means, "france_connect_token")
    assert result.detail is not None
    assert "Demander avec l'identité saisie" in result.detail


def test_what_the_vendor_gives_beside_the_session_is_the_vendors_to_correct() -> None:
    result = FRANCE_CONNECT.outcome(CHECK, 422, ApiError(code="00354"))
    assert (result.code, result.parameter) == (CheckCode.INVALID_PARAMETER, "mois")


def test_a_token_of_the_other_environment_is_told_apart() -> None:
    of_production, of_staging = (outcome(401, code) for code in ("00108", "00109"))
    assert of_production.code is of_staging.code is CheckCode.TOKEN_INVALID
    assert "de production, et" in (of_production.detail or "")
    assert "de test, et" in (of_staging.detail or "")


@pytest.mark.parametrize("provider", ["CNAF\n", "\n"])
def test_a_line_break_in_a_member_does_not_hide_the_code(provider: str) -> None:
    error = ApiError(code="23003", meta=ErrorMeta(provider=provider))
    assert (
        outcome_table(Source.API_PARTICULIER, Call.IDENTITE).outcome(CHECK, 404, error).code
        is CheckCode.NO_RECORD
    )
    assert FRANCE_CONNECT.outcome(CHECK, 401, ApiError(code="1\n2")).code is CheckCode.FRANCE_CONNECT_INVALID


def test_half_a_surrogate_pair_does_not_hide_the_code() -> None:
    assert read_errors(b'{"errors": [{"code": "23003", "title": "\\ud800"}]}').code == "23003"


def test_an_identity_that_france_connect_certified_is_not_for_the_agent_to_correct() -> None:
    ambiguous = FRANCE_CONNECT.outcome(CHECK, 422, ApiError(code="37563"))
    older = FRANCE_CONNECT.outcome(CHECK, 422, ApiError(code="00355", title=UNIDENTIFIED))
    newer = FRANCE_CONNECT.outcome(CHECK, 422, ApiError(code="37560"))
    assert older == newer
    assert older.code is CheckCode.IDENTITY_UNMATCHED
    for one in (older, ambiguous):
        assert "FranceConnect" in (one.detail or "")


def test_the_rest_of_a_france_connect_call_is_read_as_any_other() -> None:
    assert FRANCE_CONNECT.outcome(CHECK, 404, ApiError(code="37003")) == Outcome(CheckCode.NO_RECORD)
    assert FRANCE_CONNECT.outcome(CHECK, 403, ApiError(code="00100")) == Outcome(CheckCode.INSUFFICIENT_SCOPE)


@pytest.mark.parametrize(
    ("status", "word", "expected"),
    [
        (401, "access_denied", CheckCode.TOKEN_INVALID),
        (404, "not_found", CheckCode.NO_RECORD),
        (410, "", CheckCode.SOURCE_WITHDRAWN),
        (500, "error", CheckCode.UPSTREAM_ERROR),
        (502, "invalid_response", CheckCode.UPSTREAM_ERROR),
        (503, "network_error", CheckCode.NETWORK_ERROR),
        (509, "rate_limited", CheckCode.PROVIDER_RATE_LIMITED),
    ],
)
def test_the_tax_notice_of_version_2_has_errors_of_its_own(
    status: int, word: str, expected: CheckCode
) -> None:
    body = json.dumps({"error": word, "reason": "Raison", "message": "Message"}).encode()
    assert AVIS_V2.outcome("avis_imposition", status, read_flat_error(body)) == Outcome(expected)


@pytest.mark.parametrize("text", [b"", b"<html>", b"[]", b'{"error": []}', b"\xff"])
def test_a_body_without_a_flat_error_is_an_empty_one(text: bytes) -> None:
    assert read_flat_error(text) == ApiError()


@pytest.mark.parametrize("status", [204, 403, 404, 410])
def test_api_impot_particulier_says_in_four_ways_that_there_is_no_notice(status: int) -> None:
    assert AVIS.outcome("avis_imposition", status, AVIS.read_error(b"whatever")) == Outcome(
        CheckCode.NO_RECORD
    )


def test_api_impot_particulier_refuses_a_token_by_its_status() -> None:
    assert AVIS.outcome("avis_imposition", 401, ApiError()) == Outcome(CheckCode.TOKEN_INVALID)


@pytest.mark.parametrize(
    ("status", "expected"),
    [(429, CheckCode.RATE_LIMITED), (500, CheckCode.UPSTREAM_ERROR), (503, CheckCode.PROVIDER_UNAVAILABLE)],
)
def test_the_rest_of_api_impot_particulier_is_read_by_its_status(status: int, expected: CheckCode) -> None:
    assert AVIS.outcome("avis_imposition", status, ApiError()) == Outcome(expected, known=False)


def test_the_first_error_is_read() -> None:
    errors = [{"code": "37001"}, {"code": "37002"}]
    assert read_errors(json.dumps({"errors": errors}).encode()).code == "37001"


def test_an_error_is_read_with_what_accompanies_it() -> None:
    error = read_errors(body(source=None, meta={"provider": "CNAV", "retry_in": 10, "other": []}))
    assert (error.code, error.meta.provider, error.meta.retry_in) == ("37003", "CNAV", 10)


@pytest.mark.parametrize(
    "odd",
    [{"detail": None}, {"title": []}, {"meta": "x"}, {"meta": None}, {"meta": {"retry_in": "bientôt"}}],
)
def test_a_member_of_another_form_does_not_hide_the_code(odd: dict[str, Any]) -> None:
    assert read_errors(body(code="00100", **odd)).code == "00100"


def test_what_follows_the_first_error_does_not_hide_it() -> None:
    errors = ["panne", {"code": "00100"}, {"code": []}]
    assert read_errors(json.dumps({"errors": errors}).encode()).code == "00100"


def test_a_wait_of_another_form_leaves_the_provider() -> None:
    error = read_errors(body(meta={"provider": "CNAV", "retry_in": "bientôt"}))
    assert (error.meta.provider, error.meta.retry_in) == ("CNAV", None)


@pytest.mark.parametrize("members", [{}, {"source": None}, {"meta": {}}, {"meta": {"provider": None}}])
def test_an_error_may_say_little(members: dict[str, Any]) -> None:
    error = read_errors(body(**members))
    assert (error.code, error.meta.provider, error.meta.retry_in) == ("37003", None, None)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"<html>502 Bad Gateway</html>",
        b"\xff",
        b"[]",
        b"null",
        b"{}",
        b'{"errors": []}',
        b'{"errors": null}',
        b'{"errors": ["panne"]}',
        b'{"errors": [{"code": []}]}',
        b"[" * 100_000,
    ],
)
def test_a_body_that_is_not_the_api_s_gives_an_empty_error(text: bytes) -> None:
    assert read_errors(text) == ApiError()


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(), values, max_size=3),
    max_leaves=6,
)
ERRORS = st.dictionaries(st.sampled_from(["code", "title", "detail", "source", "meta"]), JSON_VALUES)
BODIES = st.binary() | st.lists(ERRORS).map(lambda errors: json.dumps({"errors": errors}).encode())


@settings(deadline=None)
@given(BODIES)
def test_no_body_makes_reading_fail(text: bytes) -> None:
    assert isinstance(read_errors(text), ApiError)


@settings(deadline=None)
@given(st.integers(100, 599), st.text(), st.text(), st.text())
def test_every_refusal_has_an_outcome(status: int, code: str, title: str, detail: str) -> None:
    assert outcome(status, code, title=title, detail=detail).code in CheckCode


def test_every_status_of_an_outcome_is_one_of_the_contract() -> None:
    statuses = {Outcome(code).status for code in CheckCode}
    assert statuses == {CheckStatus.NOT_FOUND, CheckStatus.NOT_IDENTIFIED, CheckStatus.ERROR}
