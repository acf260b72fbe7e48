"""Every official case goes in as a vendor's message; its reply carries its payload."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from connector.demo.vendor import VendorClient
from tests.conformance import report
from tests.conformance.cases import CASES, COUNT, DAY, OfficialCase, as_job, official_cases, snake, together
from tests.conftest import REFERENCE
from tests.deployments import Deployment

pytestmark = pytest.mark.skipif(
    not CASES.is_dir(),
    reason="the official cases are absent: no ../shared/reference beside the project",
)

MALFORMED = {
    # They miss a parameter that the API demands: no call is made.
    "v3_cnav_participation_familiale_eaje_with_civility/404": ("error", "missing_parameter", "prenoms"),
    "v3_cnav_quotient_familial_with_civility/404": ("error", "missing_parameter", "prenoms"),
    "v3_cnous_etudiant_boursier_with_civility/404": ("error", "missing_parameter", "prenoms"),
    "v3_cnous_etudiant_boursier_with_ine/404": ("error", "missing_parameter", "ine"),
    "v3_mesri_statut_etudiant_with_civility/404": ("error", "missing_parameter", "nom_naissance"),
    "v3_men_scolarites_with_civility/504": ("error", "missing_parameter", "sexe"),
    # It has a commune without a country, which the contract completes: nobody is found under these exact parameters.
    "v3_cnav_complementaire_sante_solidaire_with_civility/200-giraud-ines-feminin-enfant": (
        "not_found",
        "no_record",
        None,
    ),
    # It misspells the year of birth, which the API then does not know: nobody is found.
    "v3_cnav_complementaire_sante_solidaire_with_civility/"
    "beneficiaire_sans_participation_financiere_homme_200": ("not_found", "no_record", None),
}
ANSWERED_ALL_THE_SAME = {
    # These misspell a date too; an unknown person is what they are about.
    "v3_cnav_revenu_solidarite_active_with_civility/404",
    "v3_cnav_revenu_solidarite_active_with_france_connect/404",
    # First names as a text: one first name.
    "v3_cnous_etudiant_boursier_with_france_connect/fake_france_connect_cnous",
}
STATUSES = {200: "found", 404: "not_found"}
UNMATCHED = "35560"
"""Nobody matches this identity: the newer cases say so under 422."""
FRENCH_DATE = re.compile(r"(\d{2})/(\d{2})/(\d{4})")


@pytest.fixture(scope="module")
def official(own_broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VendorClient]:
    """A vendor beside a worker whose sandbox holds the official cases."""
    cases = together(tmp_path_factory.mktemp("cases"))
    with (
        Deployment(own_broker, ["--cases", str(cases), "--today", DAY], preset="all") as deployment,
        deployment.start(sys.executable, "-m", "tests.conformance.worker") as worker,
        VendorClient(own_broker, "millesime") as client,
    ):
        worker.wait_for("worker.ready")
        yield client


@pytest.fixture(scope="module")
def blocks() -> dict[str, set[str]]:
    """The blocks of data that the OpenAPI file documents, by path."""
    paths = yaml.load((REFERENCE / "openapi-v3.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader)["paths"]
    return {
        path: set(
            operations["get"]["responses"]["200"]["content"]["application/json"]["schema"]["properties"][
                "data"
            ]["properties"]
        )
        for path, operations in paths.items()
    }


def test_every_case_is_here_and_the_malformed_ones_among_them() -> None:
    names = [case.name for case in official_cases()]
    assert len(names) == len(set(names)) == COUNT
    assert set(MALFORMED) | ANSWERED_ALL_THE_SAME <= set(names)


@pytest.mark.parametrize("case", official_cases(), ids=lambda case: case.name)
def test_the_reply_carries_the_payload_of_the_case(
    official: VendorClient,
    blocks: dict[str, set[str]],
    record_property: Callable[[str, object], None],
    case: OfficialCase,
) -> None:
    # The worker's clock stands at the day of the cases: a deadline counts from there.
    official.publish(as_job(case), timestamp=None)

    reply = json.loads(next(iter(official.replies(1))).body)

    if case.name in MALFORMED:
        assert outcome_of(reply) == MALFORMED[case.name]
        record_property(report.MALFORMED, f"{case.name}: {' '.join(filter(None, MALFORMED[case.name]))}")
        return
    (check,) = reply["checks"]
    assert check["source"]["http_status"] == case.status
    assert check["source"]["endpoint"] == case.endpoint.path
    assert check["status"] == expected_status(case)
    if case.status == 200:
        assert check["reason"] is None
        expected = expected_data(case)
        assert check["data"] == expected
        documented = blocks.get(case.endpoint.path, set(expected))
        assert {block for block in check["withheld"] if "." not in block} == documented - set(expected)
    else:
        assert check["data"] is None
        assert check["reason"]["upstream"] == expected_error(case)
    if case.name in ANSWERED_ALL_THE_SAME:
        record_property(report.MALFORMED, f"{case.name}: answered as the case says")
    else:
        record_property(report.ANSWERED, case.name)


def expected_status(case: OfficialCase) -> str:
    """Return the status that a case's answer has for a vendor."""
    errors = case.payload.get("errors", [])
    if errors and errors[0]["code"] == UNMATCHED:
        return "not_identified"
    return STATUSES.get(case.status, "error")


def outcome_of(reply: dict[str, Any]) -> tuple[str, str, str | None]:
    """Return the status of a reply, its code, and what it points at."""
    if reply["status"] == "rejected":
        (error,) = reply["errors"]
        return "rejected", error["code"], error["pointer"]
    (check,) = reply["checks"]
    assert (check["source"] is None) == (check["status"] == "error")
    return check["status"], check["reason"]["code"], check["reason"]["parameter"]


def expected_data(case: OfficialCase) -> Any:
    """Return the case's data under the contract's names, with ISO dates."""
    if "data" in case.payload:
        return contract_form(case.payload["data"])
    data = contract_form(case.payload)
    # Version 2 says with empty texts that there is no second declarant, and no remark on the notice.
    nobody = not any(data["declarant2"].values())
    return data | {"declarant2": None if nobody else data["declarant2"]}


def contract_form(value: Any) -> Any:
    """Return JSON with names in snake_case and dates in ISO form."""
    match value:
        case dict():
            return {snake(name): contract_form(item) for name, item in value.items()}
        case list():
            return [contract_form(item) for item in value]
        case str() if found := FRENCH_DATE.fullmatch(value):
            return "-".join(reversed(found.groups()))
        case _:
            return value


def expected_error(case: OfficialCase) -> dict[str, Any]:
    """Return what the reply says of the case's error."""
    if "errors" not in case.payload:
        return {"http_status": case.status, "code": case.payload["error"], "provider": None}
    (error,) = case.payload["errors"]
    return {
        "http_status": case.status,
        "code": error["code"],
        "provider": error["meta"].get("provider"),
    }
