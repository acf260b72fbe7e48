"""Every check of the catalogue through a real broker, worker and sandbox: its documented example, and its defects."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.catalogue import CATALOGUE
from connector.catalogue.definition import CheckDefinition
from connector.demo.vendor import VendorClient
from connector.documents.examples import example_job, example_reply
from connector.sandbox.france_connect import issue_france_connect_token
from schemas.codes import Call
from tests.jobs import QF, RSA, identity, job

INE = "0990000001A"
AVIS = {"numero_fiscal": "3099999999001", "reference_avis": "2599999999001"}


def ask(client: VendorClient, body: dict[str, Any]) -> list[dict[str, Any]]:
    """Publish a job; return the answers of its checks."""
    client.publish(body)
    reply = json.loads(next(iter(client.replies(1))).body)
    assert reply["errors"] == []
    return list(reply["checks"])


@pytest.mark.parametrize("definition", CATALOGUE.values(), ids=CATALOGUE)
def test_the_documented_example_is_what_the_connector_answers(
    millesime: VendorClient, definition: CheckDefinition
) -> None:
    body = example_job(definition)
    (documented,) = example_reply(definition)["checks"]
    if definition.name == "quotient_familial":
        # The sandbox sends it, and millesime's form leaves it out.
        del documented["data"]["adresse"]
        documented["withheld"] = ["adresse"]

    (check,) = ask(millesime, body | {"job_id": f"example-{definition.name}"})

    measured = {"duration_ms"}
    assert {**check, "source": kept(check["source"], measured)} == {
        **documented,
        "source": kept(documented["source"], measured),
    }
    assert check["status"] == "found"


def kept(source: dict[str, Any], left_out: set[str]) -> dict[str, Any]:
    """Return a source without what differs between two runs."""
    return {name: value for name, value in source.items() if name not in left_out}


def test_every_check_of_the_catalogue_fits_one_job(millesime: VendorClient) -> None:
    checks = [
        {
            "check": definition.name,
            "call": definition.endpoints[0].call,
            "params": dict(definition.example_params),
        }
        for definition in CATALOGUE.values()
    ]

    answers = ask(millesime, job(*checks, france_connect_token="exemple"))

    assert len(answers) == 19
    assert [(answer["check"], answer["status"]) for answer in answers] == [
        (name, "found") for name in CATALOGUE
    ]


BAD_INPUT = [
    (QF | {"params": {"ine": INE}}, {}, "ine"),
    ({"check": "statut_etudiant", "params": {"campaign_year": 2025}}, {}, "campaign_year"),
    (QF | {"call": "ine"}, {}, "call"),
    ({"check": "scolarite", "call": "france_connect"}, {"france_connect_token": "exemple"}, "call"),
    (QF, {"france_connect_token": "exemple"}, "call"),
    ({"check": "etudiant_boursier", "params": {"ine": INE}}, {}, "call"),
    (QF | {"params": {"annee": datetime.now(UTC).year + 1}}, {}, "annee"),
    (QF | {"params": {"annee": datetime.now(UTC).year - 3}}, {}, "annee"),
    (QF | {"params": {"annee": "2026"}}, {}, "annee"),
    ({"check": "scolarite", "params": {"annee_scolaire": "2025-2026"}}, {}, "code_etablissement"),
    ({"check": "scolarite", "params": {"code_etablissement": "0990001Z"}}, {}, "annee_scolaire"),
    (QF | {"call": "france_connect"}, {}, "france_connect_token"),
    (QF | {"call": "france_connect"}, {"france_connect_token": "jeton-é"}, "france_connect_token"),
    ({"check": "avis_imposition", "params": AVIS | {"numero_fiscal": "309999999900"}}, {}, "numero_fiscal"),
    ({"check": "avis_imposition", "params": AVIS | {"reference_avis": "25-1"}}, {}, "reference_avis"),
    ({"check": "statut_sportif"}, {}, "identifiant"),
    ({"check": "etudiant_boursier", "params": {"campaign_year": 2020}}, {}, "campaign_year"),
    ({"check": "service_national"}, {"identity": identity(date_naissance="1991")}, "date_naissance"),
]


@pytest.mark.parametrize(
    ("check", "changes", "parameter"),
    BAD_INPUT,
    ids=[f"{check['check']}-{parameter}-{number}" for number, (check, _, parameter) in enumerate(BAD_INPUT)],
)
def test_bad_input_is_the_check_s_own_error_without_a_call(
    millesime: VendorClient, check: dict[str, Any], changes: dict[str, Any], parameter: str
) -> None:
    wrong, right = ask(millesime, job(check, RSA | {"call": "identite"}, **changes))

    assert wrong["status"] == "error"
    assert wrong["reason"]["code"] in ("missing_parameter", "invalid_parameter")
    assert wrong["reason"]["parameter"] == parameter
    assert wrong["source"] is None
    assert right["source"]["http_status"] in (200, 404)


@pytest.mark.parametrize("age", [timedelta(seconds=-1), timedelta(minutes=-10)])
def test_an_expired_france_connect_token_is_the_person_s_to_renew(
    millesime: VendorClient, age: timedelta
) -> None:
    expired = issue_france_connect_token(
        {"nomNaissance": "EXEMPLE"}, frozenset(CATALOGUE["quotient_familial"].scopes), datetime.now(UTC) + age
    )

    (check,) = ask(
        millesime, job(QF | {"call": Call.FRANCE_CONNECT}, identity=None, france_connect_token=expired)
    )

    assert (check["status"], check["reason"]["code"]) == ("error", "france_connect_invalid")
    assert check["reason"]["parameter"] == "france_connect_token"
    assert check["source"]["http_status"] == 401


def test_both_sources_of_the_tax_notice_give_the_same_data(millesime: VendorClient) -> None:
    first, second = ask(
        millesime,
        job(
            {"check": "avis_imposition", "params": AVIS},
            {"id": "v2", "check": "avis_imposition", "api_version": 2, "params": AVIS},
        ),
    )

    assert first["status"] == second["status"] == "found"
    assert first["data"] == second["data"]
    assert first["source"]["api"] == "api_impot_particulier"
    assert second["source"]["api"] == "api_particulier"
    assert AVIS["numero_fiscal"] not in json.dumps(first["source"])
