"""Every code that API Particulier publishes, old and new, read as the facts say; and which codes are known by name.

The expected meanings are written here from the words of the published nomenclature, not with the connector's tables.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from connector.catalogue import CATALOGUE
from connector.catalogue.definition import Endpoint, Source
from connector.catalogue.grants import NOTHING_HIDDEN
from connector.catalogue.variants import Variant
from connector.checks.decide import decide
from connector.checks.plan import PlannedCall
from connector.sources.exchange import Answered
from connector.sources.nomenclature.table import KINDS, PLATFORM_CODES, PROVIDERS, is_named
from connector.sources.outcome import ApiError, ErrorMeta, Outcome, read_errors
from connector.sources.outcome_table import outcome_table
from connector.sources.schema_drift import DriftKind, SchemaDrift
from connector.sources.traits import Alert, Refusal, refusal_of
from schemas.codes import Call, CheckCode
from schemas.request import CheckRequest
from tests.conformance.report import NOMENCLATURE
from tests.conftest import REFERENCE

NEWEST = REFERENCE / "2026-10" / "errors.yaml"
OPENAPI = REFERENCE / "openapi-v3.yaml"
NOT_SERVED = {"api_particulier_v3_cnav_foyer_rsa_with_civility"}

BY_KIND = {
    "000": "upstream_error",
    "001": "provider_unavailable",
    "002": "provider_timeout",
    "003": "no_record",
    "004": "network_error",
    "005": "no_record",
    "006": "upstream_error",
    "008": "provider_rate_limited",
    "009": "network_error",
    "011": "provider_unavailable",
    "015": "provider_conflict",
    "020": "provider_maintenance",
    "560": "identity_unmatched",
    "561": "invalid_parameter",
    "562": "invalid_parameter",
    "563": "identity_ambiguous",
    "564": "france_connect_invalid",
    "565": "invalid_parameter",
    "999": "upstream_error",
}
OF_THE_PLATFORM = {
    "00015": "provider_conflict",
    "00100": "insufficient_scope",
    "00101": "token_invalid",
    "00103": "token_expired",
    "00105": "token_revoked",
    "00107": "ip_forbidden",
    "00108": "token_invalid",
    "00109": "token_invalid",
    "00203": "invalid_parameter",
    "00210": "invalid_parameter",
    "00212": "delegation_ambiguous",
    "00213": "delegation_missing",
    "00391": "identity_ambiguous",
    "00401": "unexpected_response",
    "00402": "unexpected_response",
    "00429": "rate_limited",
    "00501": "network_error",
}


@dataclass(frozen=True)
class Published:
    """One error that a source publishes for an endpoint of the catalogue."""

    check: str
    endpoint: Endpoint
    status: int
    error: ApiError


def expected(one: Published) -> str:
    """Return the code that the facts give to a published error."""
    code = one.error.code
    special = _exception(one)
    if special is not None:
        return special
    if not code.startswith("00"):
        return BY_KIND[code[2:]]
    if one.status == 422 and code not in OF_THE_PLATFORM:
        return "missing_parameter" if "manquant" in one.error.detail else "invalid_parameter"
    return OF_THE_PLATFORM[code]


def _exception(one: Published) -> str | None:
    """Return the code of what the facts name as an exception, in their order."""
    code, title, status = one.error.code, one.error.title, one.status
    is_by_france_connect = one.endpoint.call is Call.FRANCE_CONNECT or code.startswith(("50", "51"))
    is_eaje = one.check == "participation_familiale_eaje" and one.error.meta.provider != "SDH"
    exceptions = (
        (status == 401 and is_by_france_connect, "france_connect_invalid"),
        (code in ("35003", "36003", "40003") and title.startswith("Erreur in"), "provider_unavailable"),
        (code == "37003" and is_eaje and title.startswith("Dossier allocataire absent"), "no_record"),
        (code == "37003" and is_eaje, "not_concerned"),
        (status == 404 and code in ("30004", "30404"), "not_concerned"),
        (code == "39400", "not_concerned"),
        (status == 404 and code in ("42005", "42404"), "identity_unmatched"),
        ((status, code) == (429, "39004"), "rate_limited"),
    )
    return next((means for holds, means in exceptions if holds), None)


def read(one: Published) -> Outcome:
    """Return what the connector makes of a published error."""
    table = outcome_table(one.endpoint.source, one.endpoint.call)
    return table.outcome(one.check, one.status, one.error)


def _endpoints() -> Iterator[tuple[str, Endpoint]]:
    for check in CATALOGUE.values():
        for endpoint in check.endpoints:
            if endpoint.source is Source.API_PARTICULIER:
                yield check.name, endpoint


def nomenclature() -> list[Published]:
    """Return every code of every endpoint of the catalogue, the platform's on each of them too."""
    document = _document(NEWEST)
    titles, details = document["titles"], {**document["generic_details"], **document["details"]}
    platform = [
        (int(status), entry["code"], entry["title"], entry["detail"])
        for status, entries in document["platform_codes"].items()
        for entry in entries
    ]
    found = []
    for check, endpoint in _endpoints():
        errors = document["endpoints"][endpoint.operation]["errors"]
        own = [
            (
                int(status),
                code,
                titles[f"{status} {code}"],
                details.get(code) or details.get(code[2:], ""),
            )
            for status, codes in errors.items()
            for code in codes
        ]
        for status, code, title, detail in (*own, *platform):
            provider = document["providers"][code[:2]] if not code.startswith("00") else None
            error = ApiError(code=code, title=title, detail=detail, meta=ErrorMeta(provider=provider))
            found.append(Published(check, endpoint, status, error))
    return found


def older() -> list[Published]:
    """Return every error that the OpenAPI file of April 2026 shows for an endpoint of the catalogue."""
    paths = _document(OPENAPI)["paths"]
    return [
        Published(check, endpoint, int(status), read_errors(json.dumps(example["value"]).encode()))
        for check, endpoint in _endpoints()
        if endpoint.path in paths
        for status, response in paths[endpoint.path]["get"]["responses"].items()
        for content in response.get("content", {}).values()
        for example in content.get("examples", {}).values()
        if "errors" in example["value"]
    ]


def cases() -> list[Published]:
    """Return every error of the sandbox's published cases, the newest ones too."""
    endpoints = {endpoint.operation: (check, endpoint) for check, endpoint in _endpoints()}
    found = []
    for path in sorted((*REFERENCE.glob("cases/*/*.y*ml"), *REFERENCE.glob("2026-10/cases/*/*.y*ml"))):
        if path.parent.name not in endpoints:
            continue
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        if int(document["status"]) != 200:
            error = read_errors(document["payload"].encode())
            found.append(Published(*endpoints[path.parent.name], int(document["status"]), error))
    return found


def _document(path: Path) -> Any:
    if not path.is_file():
        pytest.skip(f"the reference is not at {path}")
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


def misread(published: list[Published]) -> list[tuple[str, int, str, str, str]]:
    """Return the errors that the connector reads otherwise than the facts, or only by their status."""
    return [
        (one.endpoint.path, one.status, one.error.code, one.error.title, str(outcome.code))
        for one in published
        if (outcome := read(one)).code != expected(one) or not outcome.known
    ]


def _tell(record: Any, published: list[Published], what: str) -> None:
    codes = {one.error.code for one in published}
    told = (
        f"{what}: {len(published)} (endpoint, status, code) of {len(codes)} codes, each read as the facts say"
    )
    record(NOMENCLATURE, told)


def test_every_code_of_the_nomenclature_means_what_the_facts_say(record_property: Any) -> None:
    published = nomenclature()
    assert len({one.endpoint.operation for one in published}) == 41
    assert misread(published) == []
    _tell(record_property, published, "nomenclature of October 2026")


def test_every_error_of_the_older_openapi_file_means_what_the_facts_say(record_property: Any) -> None:
    published = older()
    assert misread(published) == []
    _tell(record_property, published, "OpenAPI file of April 2026")


def test_every_error_of_the_published_cases_means_what_the_facts_say(record_property: Any) -> None:
    published = cases()
    assert len(published) > 60
    assert misread(published) == []
    _tell(record_property, published, "published cases")


def test_every_code_of_the_nomenclature_is_known_by_name() -> None:
    document = _document(NEWEST)
    assert {
        one.error.code for one in (*nomenclature(), *older(), *cases()) if not is_named(one.error.code)
    } == set()
    assert {digits: kind.title for digits, kind in KINDS.items()} == document["generic_subcodes"]
    assert dict(PROVIDERS) == document["providers"]
    assert {code: (status, title) for code, (status, title) in PLATFORM_CODES.items()} == {
        entry["code"]: (int(status), entry["title"])
        for status, entries in document["platform_codes"].items()
        for entry in entries
    }


@pytest.mark.parametrize("code", ["36012", "00431", "00999", "99003", "3600", "360030", "", "x6003"])
def test_another_code_is_not_known_by_name(code: str) -> None:
    assert not is_named(code)


def outcome(check: str, status: int, code: str, *, title: str = "", provider: str | None = None) -> Outcome:
    """Return what an answer to a check's first call means."""
    endpoint = CATALOGUE[check].endpoints[0]
    error = ApiError(code=code, title=title, meta=ErrorMeta(provider=provider))
    return outcome_table(endpoint.source, endpoint.call).outcome(check, status, error)


@pytest.mark.parametrize(
    ("check", "status", "code", "means"),
    [
        ("scolarite", 404, "30004", "not_concerned"),
        ("scolarite", 502, "30004", "network_error"),
        ("immatriculation_vehicule", 404, "42005", "identity_unmatched"),
        ("immatriculation_vehicule", 502, "42005", "no_record"),
        ("immatriculation_vehicule", 451, "42005", "no_record"),
    ],
)
def test_the_status_tells_the_two_meanings_of_a_code_apart(
    check: str, status: int, code: str, means: str
) -> None:
    assert outcome(check, status, code).code == means


def test_a_family_without_a_young_child_has_a_file_and_an_athlete_has_none() -> None:
    eaje = outcome(
        "participation_familiale_eaje", 404, "37003", title="Allocataire non éligible", provider="CNAV"
    )
    assert eaje.code is CheckCode.NOT_CONCERNED
    assert outcome("statut_sportif", 404, "37003", provider="SDH").code is CheckCode.NO_RECORD
    assert outcome("participation_familiale_eaje", 404, "37003", provider="SDH").code is CheckCode.NO_RECORD
    assert outcome("quotient_familial", 404, "37003", provider="CNAV").code is CheckCode.NO_RECORD


def test_a_kind_that_the_server_sends_and_lists_nowhere_is_a_failure_that_may_pass() -> None:
    assert outcome("revenu_solidarite_active", 502, "36998") == Outcome(CheckCode.UPSTREAM_ERROR)


@pytest.mark.parametrize("status", [401, 403, 429])
@pytest.mark.parametrize("code", ["", "00199", "99999", "<html>"])
@pytest.mark.parametrize("call", [Call.IDENTITE, Call.FRANCE_CONNECT, Call.INE, Call.IDENTIFIANT])
def test_every_unknown_refusal_counts_as_one(status: int, code: str, call: Call) -> None:
    unknown = outcome_table(Source.API_PARTICULIER, call).outcome("scolarite", status, ApiError(code=code))
    assert refusal_of(unknown.code) in set(Refusal)


@pytest.mark.parametrize(
    ("status", "code", "alert"),
    [
        (401, "00101", Alert.TOKEN),
        (401, "00109", Alert.TOKEN),
        (403, "00107", Alert.TOKEN),
        (403, "00213", Alert.DELEGATION),
        (422, "00212", Alert.DELEGATION),
        (422, "00203", Alert.RECORD),
        (422, "00210", Alert.RECORD),
        (400, "00401", Alert.REQUEST),
        (404, "00402", Alert.REQUEST),
        (403, "00100", None),
        (429, "00429", None),
        (404, "23003", None),
    ],
)
def test_an_outcome_says_of_what_the_operator_is_to_be_told(
    status: int, code: str, alert: Alert | None
) -> None:
    assert outcome("quotient_familial", status, code).alerts is alert


@pytest.mark.parametrize("code", ["00101", "51502", "51503", "50003"])
def test_a_refused_france_connect_token_alerts_nobody(code: str) -> None:
    table = outcome_table(Source.API_PARTICULIER, Call.FRANCE_CONNECT)
    refused = table.outcome("quotient_familial", 401, ApiError(code=code))
    assert (refused.code, refused.alerts) == (CheckCode.FRANCE_CONNECT_INVALID, None)


@pytest.mark.parametrize(("code", "word"), [("51503", "n'y change rien"), ("51502", None)])
def test_a_token_whose_scopes_do_not_suffice_is_not_asked_for_again(code: str, word: str | None) -> None:
    table = outcome_table(Source.API_PARTICULIER, Call.FRANCE_CONNECT)
    detail = table.outcome("quotient_familial", 401, ApiError(code=code)).detail
    assert (word in detail) if word and detail else detail is None


def test_a_code_that_is_a_number_has_its_zeros_again() -> None:
    assert read_errors(b'{"errors": [{"code": 203}]}').code == "00203"
    assert read_errors(b'{"errors": [{"code": 23003}]}').code == "23003"


NO_ERRORS = {
    "nothing": b"",
    "a page": b"<html>zebulon</html>",
    "a list": b"[]",
    "a text": b'"zebulon"',
    "errors that are a text": b'{"errors": "zebulon"}',
    "errors that are an object": b'{"errors": {"code": "23003"}}',
    "no errors": b'{"errors": []}',
    "errors that are null": b'{"errors": null}',
    "an error that is a text": b'{"errors": ["zebulon"]}',
    "an error without a code": b'{"errors": [{"title": "zebulon"}]}',
    "gzip that was cut short": b"\x1f\x8b\x08\x00zebulon",
    "data": b'{"data": {"nom": "zebulon"}}',
}


@pytest.mark.parametrize("body", NO_ERRORS.values(), ids=NO_ERRORS)
@pytest.mark.parametrize(
    ("status", "means"),
    [
        (400, "unexpected_response"),
        (401, "token_invalid"),
        (403, "insufficient_scope"),
        (404, "unexpected_response"),
        (409, "provider_conflict"),
        (422, "invalid_parameter"),
        (429, "rate_limited"),
        (500, "upstream_error"),
        (502, "upstream_error"),
        (503, "provider_unavailable"),
        (504, "provider_timeout"),
    ],
)
def test_an_error_that_cannot_be_read_is_decided_by_its_status_and_named_by_it(
    status: int, means: str, body: bytes
) -> None:
    definition = CATALOGUE["quotient_familial"]
    endpoint = definition.endpoints[0]
    call = PlannedCall(
        request=CheckRequest(check=definition.name),
        definition=definition,
        endpoint=endpoint,
        params=endpoint.params.model_validate({}),
        variants=(Variant((), None),),
        hidden=NOTHING_HIDDEN,
    )
    answered = Answered(http_status=status, headers={}, body=body, duration_ms=5)
    decision = decide(call, call.variants[0], answered, datetime(2026, 11, 23, 9, 0, tzinfo=UTC))
    assert decision.reply.reason is not None
    assert decision.reply.reason.code == means
    assert decision.drifts == (SchemaDrift(DriftKind.UNKNOWN_OUTCOME, f"{status} without a code"),)
    assert "zebulon" not in repr(decision) + decision.reply.model_dump_json()
