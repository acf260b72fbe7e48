"""API Particulier's refusals and failures, read as the contract's codes."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.outcome import ApiError, Outcome, read_errors, read_outcome
from schemas.codes import CheckCode, CheckStatus

OPENAPI = Path(__file__).parents[3] / "shared" / "reference" / "api-particulier" / "openapi-v3.yaml"
ENDPOINTS = ("/v3/dss/quotient_familial/identite", "/v3/dss/revenu_solidarite_active/identite")

UNIDENTIFIED = "Impossible d'identifier l'allocataire"
MISSING = "Le paramètre est manquant"
MALFORMED = "Le paramètre n'est pas correctement formaté"


def outcome(status: int, code: str, *, title: str = "", detail: str = "") -> Outcome:
    return read_outcome(status, ApiError(code=code, title=title, detail=detail))


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


def test_only_the_title_tells_a_failed_fund() -> None:
    detail = "Erreur inattendue"
    assert outcome(404, "35003", title="Allocataire non référencé", detail=detail).code is CheckCode.NO_RECORD
    assert outcome(404, "37003", title=detail).code is CheckCode.NO_RECORD


@pytest.mark.parametrize(
    ("code", "title", "expected"),
    [
        ("00355", UNIDENTIFIED, CheckCode.IDENTITY_UNMATCHED),
        ("00355", "Impossible d’identifier l’allocataire", CheckCode.IDENTITY_UNMATCHED),
        ("35561", "", CheckCode.IDENTITY_UNMATCHED),
        ("36001", "", CheckCode.IDENTITY_UNMATCHED),
        ("36999", "", CheckCode.IDENTITY_UNMATCHED),
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
    assert result == Outcome(CheckCode.INVALID_PARAMETER, parameter)
    assert result.status is CheckStatus.ERROR


@pytest.mark.parametrize("code", ["00203", "00210"])
def test_a_refused_recipient_is_the_tenant(code: str) -> None:
    assert outcome(422, code) == Outcome(CheckCode.INVALID_PARAMETER, "tenant")


@pytest.mark.parametrize(
    ("code", "parameter"),
    [
        ("00360", "ine"),
        ("00361", "nom_naissance"),
        ("00362", "prenoms"),
        ("00363", "date_naissance"),
        ("00364", "sexe"),
        ("00365", "lieu_naissance"),
        ("00366", "identity"),
        ("00367", "prenoms"),
        ("00368", "campaign_year"),
        ("00380", "identifiant"),
        ("00400", "lieu_naissance.code_pays"),
        ("00410", "code_etablissement"),
        ("00411", "annee_scolaire"),
        ("00420", "nom_naissance"),
        ("00426", "lieu_naissance.code_commune"),
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
        (502, "37002", CheckCode.UPSTREAM_ERROR),
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
        (409, CheckCode.PROVIDER_CONFLICT),
        (422, CheckCode.INVALID_PARAMETER),
        (429, CheckCode.RATE_LIMITED),
        (500, CheckCode.UPSTREAM_ERROR),
        (502, CheckCode.UPSTREAM_ERROR),
        (503, CheckCode.PROVIDER_UNAVAILABLE),
        (504, CheckCode.PROVIDER_TIMEOUT),
        (599, CheckCode.UPSTREAM_ERROR),
        (204, CheckCode.UNEXPECTED_RESPONSE),
        (301, CheckCode.UNEXPECTED_RESPONSE),
        (400, CheckCode.UNEXPECTED_RESPONSE),
        (403, CheckCode.UNEXPECTED_RESPONSE),
        (404, CheckCode.UNEXPECTED_RESPONSE),
    ],
)
@pytest.mark.parametrize("code", ["", "99998", "37003x"])
def test_what_no_rule_knows_is_decided_by_its_status(status: int, expected: CheckCode, code: str) -> None:
    assert outcome(status, code) == Outcome(expected, known=False)


def published_errors() -> list[tuple[str, int, dict[str, Any]]]:
    if not OPENAPI.is_file():
        pytest.skip(f"API Particulier's OpenAPI file is not at {OPENAPI}")
    paths = yaml.safe_load(OPENAPI.read_text(encoding="utf-8"))["paths"]
    return [
        (endpoint, int(status), example["value"])
        for endpoint in ENDPOINTS
        for status, response in paths[endpoint]["get"]["responses"].items()
        for content in response.get("content", {}).values()
        for example in content.get("examples", {}).values()
        if "errors" in example["value"]
    ]


def test_every_error_that_the_openapi_file_shows_is_known() -> None:
    errors = published_errors()
    assert {endpoint for endpoint, _, _ in errors} == set(ENDPOINTS)
    unknown = [
        (endpoint, status, error.code)
        for endpoint, status, value in errors
        if not read_outcome(status, error := read_errors(json.dumps(value).encode())).known
    ]
    assert unknown == []


def test_the_errors_of_the_openapi_file_are_read_as_they_are_written() -> None:
    for _, _, value in published_errors():
        first = value["errors"][0]
        error = read_errors(json.dumps(value).encode())
        assert (error.code, error.title, error.detail) == (first["code"], first["title"], first["detail"])
        assert error.meta.provider == first["meta"].get("provider")
        assert error.meta.retry_in == first["meta"].get("retry_in")


def test_the_first_error_is_read() -> None:
    errors = [{"code": "37001"}, {"code": "37002"}]
    assert read_errors(json.dumps({"errors": errors}).encode()).code == "37001"


def test_an_error_is_read_with_what_accompanies_it() -> None:
    error = read_errors(body(source=None, meta={"provider": "CNAV", "retry_in": 10, "other": []}))
    assert (error.code, error.meta.provider, error.meta.retry_in) == ("37003", "CNAV", 10)


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
