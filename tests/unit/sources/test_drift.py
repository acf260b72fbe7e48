"""What the API's nomenclature of errors says that the connector does not know, found and told."""

import copy
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
import yaml
from structlog.testing import capture_logs

from connector.catalogue import CATALOGUE
from connector.sandbox.nomenclature import nomenclature
from connector.sources.nomenclature.drift import (
    Drift,
    DriftKind,
    NomenclatureError,
    drifts,
    read_nomenclature,
)
from connector.sources.nomenclature.published import NoNomenclatureError, fetch_nomenclature
from connector.tokens.scheduled.drift import COMPARED_AGAIN, COMPARED_EVERY, DriftCheck
from schemas.codes import CheckCode
from tests.conftest import REFERENCE

RSA = "api_particulier_v3_cnav_revenu_solidarite_active_with_civility"
AAH = "api_particulier_v3_cnav_allocation_adulte_handicape_with_civility"
PUBLISHED = REFERENCE / "2026-10" / "errors.yaml"


def found(change: Callable[[dict[str, Any]], object]) -> tuple[Drift, ...]:
    """Return what differs once a nomenclature that is known was changed."""
    document = copy.deepcopy(nomenclature())
    change(document)
    return drifts(read_nomenclature(json.dumps(document).encode()), CATALOGUE)


def add(document: dict[str, Any], operation: str, status: str, code: str, title: str) -> None:
    errors = document["endpoints"][operation]["errors"]
    errors.setdefault(status, []).append({"code": code, "title": title, "detail": "…"})


def test_the_sandboxes_own_nomenclature_is_known() -> None:
    assert found(lambda _document: None) == ()


@pytest.mark.skipif(not PUBLISHED.is_file(), reason="the reference is not beside the project")
def test_the_published_nomenclature_is_known_whole() -> None:
    published = yaml.load(PUBLISHED.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    titles = published["titles"]
    document = {
        "providers": published["providers"],
        "generic_subcodes": {code: {"title": title} for code, title in published["generic_subcodes"].items()},
        "platform_codes": published["platform_codes"],
        "endpoints": {
            name: {
                "errors": {
                    status: [{"code": code, "title": titles[f"{status} {code}"]} for code in codes]
                    for status, codes in endpoint["errors"].items()
                }
            }
            for name, endpoint in published["endpoints"].items()
        },
    }
    assert drifts(read_nomenclature(json.dumps(document).encode()), CATALOGUE) == ()


def test_a_code_that_is_added_is_named_once_with_its_endpoints_and_what_becomes_of_it() -> None:
    def change(document: dict[str, Any]) -> None:
        for operation in (RSA, AAH):
            add(document, operation, "502", "36012", "Nouvelle panne")

    assert found(change) == (
        Drift(
            kind=DriftKind.UNKNOWN_CODE,
            code="36012",
            now="Nouvelle panne",
            known="",
            statuses=("502",),
            operations=(AAH, RSA),
            means=CheckCode.UPSTREAM_ERROR,
        ),
    )


@pytest.mark.parametrize(
    ("status", "code", "means"),
    [
        ("422", "36566", CheckCode.INVALID_PARAMETER),
        ("422", "00431", CheckCode.INVALID_PARAMETER),
        ("404", "99003", CheckCode.NO_RECORD),
        ("403", "00199", CheckCode.INSUFFICIENT_SCOPE),
        ("418", "36777", CheckCode.UNEXPECTED_RESPONSE),
    ],
)
def test_a_code_may_be_new_in_any_part(status: str, code: str, means: CheckCode) -> None:
    (one,) = found(lambda document: add(document, RSA, status, code, "Nouveau"))
    assert (one.kind, one.code, one.means) == (DriftKind.UNKNOWN_CODE, code, means)


def test_a_code_of_the_platform_may_be_new() -> None:
    def change(document: dict[str, Any]) -> None:
        document["platform_codes"]["403"].append({"code": "00214", "title": "Délégation suspendue"})

    (one,) = found(change)
    assert (one.kind, one.code, one.operations) == (DriftKind.UNKNOWN_CODE, "00214", ())


def test_a_kind_that_is_new_and_one_that_changed_are_told_apart() -> None:
    def change(document: dict[str, Any]) -> None:
        document["generic_subcodes"]["011"]["title"] = "Erreur définitive du fournisseur de données"
        document["generic_subcodes"]["012"] = {"title": "Nouvelle panne"}

    changed, new = found(change)
    assert (changed.kind, changed.code, changed.known, changed.means) == (
        DriftKind.CHANGED_KIND,
        "011",
        "Erreur temporaire du fournisseur de données",
        CheckCode.PROVIDER_UNAVAILABLE,
    )
    assert (new.kind, new.code, new.now) == (DriftKind.UNKNOWN_KIND, "012", "Nouvelle panne")


def test_a_code_under_a_status_that_no_rule_fits_has_changed() -> None:
    (one,) = found(
        lambda document: add(document, RSA, "404", "36011", "Erreur temporaire du fournisseur de données")
    )
    assert (one.kind, one.code, one.statuses) == (DriftKind.CHANGED_CODE, "36011", ("404",))


def test_a_code_of_the_platform_under_another_status_has_changed() -> None:
    def change(document: dict[str, Any]) -> None:
        moved = document["platform_codes"].pop("409")
        document["platform_codes"]["425"] = moved

    (one,) = found(change)
    assert (one.kind, one.code, one.known) == (DriftKind.CHANGED_CODE, "00015", "Conflit (409)")


def test_a_code_with_another_title_has_changed() -> None:
    def change(document: dict[str, Any]) -> None:
        entry = next(one for one in document["endpoints"][RSA]["errors"]["404"] if one["code"] == "40003")
        entry["title"] = "Caisse en panne"

    (one,) = found(change)
    assert (one.kind, one.code, one.now) == (DriftKind.CHANGED_CODE, "40003", "Caisse en panne")


def test_one_odd_entry_does_not_hide_the_others() -> None:
    def change(document: dict[str, Any]) -> None:
        document["generic_subcodes"]["011"]["title"] = None
        document["providers"]["36"] = None
        document["platform_codes"]["9" * 5000] = [{"code": 214, "title": ["Nouveau"], "detail": None}]
        add(document, RSA, "502", "36012", "Nouvelle panne")
        document["generic_subcodes"]["003"] = None
        document["endpoints"][RSA]["errors"]["404"] += [None, "36003", {"code": None}]
        document["endpoints"][RSA]["errors"]["451"] = "none"
        document["endpoints"][AAH] = "the same"

    assert [(one.kind, one.code) for one in found(change)] == [
        (DriftKind.UNKNOWN_CODE, "36012"),
        (DriftKind.UNKNOWN_CODE, "00214"),
    ]


def test_case_spaces_and_apostrophes_are_no_change() -> None:
    def change(document: dict[str, Any]) -> None:
        for kind in document["generic_subcodes"].values():
            kind["title"] = kind["title"].replace("'", "’").replace(" : ", "\u00a0: ").upper()

    assert found(change) == ()


def test_a_provider_that_is_another_and_an_endpoint_that_is_gone_are_named() -> None:
    def change(document: dict[str, Any]) -> None:
        document["providers"]["36"] = "Caisse unique"
        del document["endpoints"][AAH]

    provider, endpoint = found(change)
    assert (provider.kind, provider.code, provider.now) == (DriftKind.CHANGED_PROVIDER, "36", "Caisse unique")
    assert (endpoint.kind, endpoint.code) == (DriftKind.MISSING_ENDPOINT, AAH)


def test_endpoints_that_the_catalogue_does_not_ask_are_no_drift() -> None:
    def change(document: dict[str, Any]) -> None:
        document["endpoints"]["api_particulier_v3_cnav_foyer_rsa_with_civility"] = {
            "provider": "Sécurité sociale",
            "errors": {"502": [{"code": "36012", "title": "Nouvelle panne"}]},
        }

    assert found(change) == ()


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"<html>", b"{}", b'{"message": "no"}', b'{"providers": []}', b"[" * 100_000]
)
def test_what_is_no_nomenclature_is_an_error(body: bytes) -> None:
    with pytest.raises(NomenclatureError, match="no nomenclature of errors"):
        read_nomenclature(body)


def api(response: httpx.Response | Exception) -> httpx.MockTransport:
    def answer(request: httpx.Request) -> httpx.Response:
        assert (request.url.path, "authorization" in request.headers) == ("/api/errors", False)
        if isinstance(response, Exception):
            raise response
        return response

    return httpx.MockTransport(answer)


@pytest.mark.parametrize(
    ("response", "message"),
    [
        (httpx.ConnectError("zebulon"), "does not answer"),
        (httpx.Response(404), "HTTP 404"),
        (httpx.Response(200, content=b"<html>zebulon"), "no nomenclature"),
    ],
)
async def test_an_api_that_does_not_give_it_says_so_and_shows_nothing(
    response: httpx.Response | Exception, message: str
) -> None:
    with pytest.raises(NoNomenclatureError, match=message) as caught:
        await fetch_nomenclature(api(response), "https://api.test/")
    assert "zebulon" not in str(caught.value)


async def kept() -> None:
    """Hold on to a turn."""


async def ran(document: dict[str, Any] | None) -> tuple[timedelta, list[Any]]:
    """Return when the scheduled task is due again, and what it told."""
    response = httpx.Response(503) if document is None else httpx.Response(200, json=document)
    task = DriftCheck(fetch=lambda: fetch_nomenclature(api(response), "https://api.test"))
    with capture_logs() as logs:
        due = await task.run(kept)
    return due, logs


async def test_beat_tells_everything_that_differs_as_one_incident() -> None:
    document = nomenclature()
    document["generic_subcodes"]["012"] = {"title": "Nouvelle panne"}
    add(document, RSA, "502", "36012", "Nouvelle panne")
    due, (told,) = await ran(document)
    assert due == COMPARED_EVERY
    assert (told["event"], told["log_level"]) == ("nomenclature.drift", "warning")
    assert (told["count"], told["api_codes"]) == (2, ["012", "36012"])


async def test_beat_tells_of_a_nomenclature_in_another_form_as_well() -> None:
    document = nomenclature()
    document["errors_by_endpoint"] = document.pop("endpoints")
    due, (told,) = await ran(document)
    assert due == COMPARED_EVERY
    assert (told["event"], told["count"], told["api_codes"]) == ("nomenclature.drift", 1, ["endpoints"])


async def test_beat_tells_nothing_where_all_is_known_and_asks_again_where_the_api_is_away() -> None:
    assert await ran(nomenclature()) == (COMPARED_EVERY, [])
    due, (told,) = await ran(None)
    assert (due, told["event"], told["log_level"]) == (COMPARED_AGAIN, "nomenclature.unavailable", "info")
