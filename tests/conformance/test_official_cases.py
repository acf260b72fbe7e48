"""Every official case of the catalogue's checks goes in as a vendor's message; its reply carries its payload.

Source: the public sandbox's cases, in ``../shared/reference/api-particulier/cases``, read where they stand.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from connector.catalogue import CATALOGUE
from connector.demo.deployment import Deployment
from connector.demo.node import RabbitNode
from connector.demo.vendor import VendorClient
from connector.sandbox.server import operation_of
from tests.conformance.conftest import CASES_RUN
from tests.conftest import REFERENCE
from tests.jobs import job

CASES = REFERENCE / "cases"
pytestmark = pytest.mark.skipif(
    not CASES.is_dir(),
    reason="the official cases are absent: no ../shared/reference beside the project",
)


@dataclass(frozen=True)
class OfficialCase:
    """One file."""

    check: str
    name: str
    params: dict[str, Any]
    status: int
    payload: dict[str, Any]


def official_cases() -> list[OfficialCase]:
    """Return the cases of every check, none where the folder is absent."""
    return [
        OfficialCase(
            check=definition.name,
            name=path.stem,
            params=document["params"],
            status=document["status"],
            payload=json.loads(document["payload"]),
        )
        for definition in CATALOGUE.values()
        for path in sorted((CASES / operation_of(definition)).glob("*.y*ml"))
        for document in [yaml.safe_load(path.read_text("utf-8"))]
    ]


def as_job(case: OfficialCase, **identity: Any) -> dict[str, Any]:
    """Return the job that asks what the case answers; ``identity`` completes a case that misses something."""
    params = case.params
    born = [params.get(f"{part}DateNaissance") for part in ("annee", "mois", "jour")]
    known = [f"{part:02}" for part in born if part is not None]
    person = {
        "nom_naissance": params["nomNaissance"],
        "nom_usage": params.get("nomUsage"),
        "prenoms": params.get("prenoms"),
        "sexe": params["sexeEtatCivil"],
        "date_naissance": "-".join(known) or None,
        "lieu_naissance": {
            "code_pays": params["codeCogInseePaysNaissance"],
            "code_commune": params.get("codeCogInseeCommuneNaissance"),
        },
    }
    own = {name: params[name] for name in ("annee", "mois") if name in params}
    return job({"check": case.check, "params": own}, identity=person | identity)


@pytest.fixture(scope="module")
def official() -> Iterator[VendorClient]:
    """A vendor beside a worker whose sandbox holds the official cases."""
    # On a node of its own: the suite's other worker would take these jobs to the shipped cases.
    with (
        RabbitNode() as own,
        Deployment(own.url(), ["--cases", str(CASES)]) as deployment,
        deployment.worker(),
        VendorClient(own.url(), "millesime") as client,
    ):
        yield client


def test_the_official_cases_are_here() -> None:
    assert len(official_cases()) >= 28


@pytest.mark.parametrize("case", official_cases(), ids=lambda case: f"{case.check}-{case.name}")
def test_the_reply_carries_the_payload_of_the_case(
    official: VendorClient,
    pytestconfig: pytest.Config,
    case: OfficialCase,
) -> None:
    # One official case misses the first names that the API itself demands: it is asked completed.
    completed = {} if "prenoms" in case.params else {"prenoms": ["JEAN"]}
    official.publish(as_job(case, **completed))

    (check,) = json.loads(next(iter(official.replies(1))).body)["checks"]

    pytestconfig.stash[CASES_RUN] = pytestconfig.stash.get(CASES_RUN, 0) + 1
    assert check["source"]["http_status"] == case.status
    if case.status == 200:
        assert check["status"] == "found"
        assert check["data"] == case.payload["data"]
        assert check["withheld"] == []
    else:
        (error,) = case.payload["errors"]
        assert check["status"] == ("not_found" if case.status == 404 else "error")
        assert check["data"] is None
        assert check["reason"]["upstream"] == {
            "http_status": case.status,
            "code": error["code"],
            "provider": error["meta"]["provider"],
        }


def test_a_case_that_misses_what_the_api_demands_gets_no_call(official: VendorClient) -> None:
    (malformed,) = [case for case in official_cases() if "prenoms" not in case.params]
    official.publish(as_job(malformed))

    (check,) = json.loads(next(iter(official.replies(1))).body)["checks"]

    assert check["source"] is None
    assert check["reason"]["code"] == "missing_parameter"
    assert check["reason"]["parameter"] == "prenoms"
