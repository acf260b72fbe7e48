"""The examples, the AsyncAPI document and the guide's tables say what the connector does."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker  # type: ignore[import-untyped]

from connector.catalogue import CATALOGUE
from connector.catalogue.definition import CheckDefinition
from connector.catalogue.identity import (
    CNOUS,
    DSNJ,
    DSS,
    GIP_MDS,
    MEN,
    MESRI,
    IdentityProfile,
    identity_defect,
    identity_query,
)
from connector.cli import command_line
from connector.cli.vendor.jobs_file import read_jobs
from connector.clock import utc_now
from connector.demo.connection_file import VendorConnection
from connector.demo.workbench import TENANTS
from connector.documents.asyncapi import asyncapi_document
from connector.documents.catalogue_schemas import schema_documents
from connector.documents.check_pages import check_pages
from connector.documents.components import TwoSchemasError, schema_components
from connector.documents.examples import ExampleError, example_job, example_reply
from connector.documents.forms import without_null
from connector.documents.guide import IDENTITY_NAMES, tables
from connector.documents.markdown import MarkerError, table, with_tables
from connector.documents.members import Need, data_members, identity_needs, parameters_of
from schemas.codes import CheckCode, JobCode
from schemas.identity import Identity
from schemas.request import VerificationRequest

SCHEMAS = schema_documents()
PROFILES = [DSS, CNOUS, MESRI, MEN, DSNJ, GIP_MDS]
WHOLE: dict[str, Any] = {
    "nom_naissance": "EXEMPLE",
    "nom_usage": "MODELE",
    "prenoms": ["CLAIRE"],
    "sexe": "F",
    "date_naissance": "1991-04-17",
    "lieu_naissance": {"code_pays": "99100", "code_commune": "69383"},
}
BY_NAME = {"code_pays": "99100", "nom_commune": "Lyon", "code_departement": "69"}


def _complaints(name: str, instance: object) -> list[str]:
    validator = Draft202012Validator(SCHEMAS[name], format_checker=FormatChecker())
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(instance)]


@pytest.mark.parametrize("name", CATALOGUE)
def test_an_example_job_fits_its_schemas(name: str) -> None:
    job = example_job(CATALOGUE[name])
    assert _complaints("verification.request.v1", job) == []
    assert _complaints(f"{name}.params.v1", job["checks"][0].get("params", {})) == []


@pytest.mark.parametrize("name", CATALOGUE)
def test_an_example_reply_fits_its_schemas(name: str) -> None:
    reply = example_reply(CATALOGUE[name])
    assert _complaints("verification.reply.v1", reply) == []
    (check,) = reply["checks"]
    assert (reply["status"], check["status"]) == ("completed", "found")
    assert (check["withheld"], check["unreadable"]) == ([], [])
    assert check["data"]
    assert _complaints(f"{name}.data.v1", check["data"]) == []


def test_an_example_without_its_case_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(ExampleError, match=r"200-exemple\.yaml"):
        example_reply(CATALOGUE["quotient_familial"], tmp_path)


@pytest.mark.parametrize(
    "payload",
    [
        '{"data": {"quotient_familial": {"valeur": "beaucoup"}}}',
        '{"data": {"adresse": 1}}',
        '{"data": {"surprise": 1}}',
        "[]",
    ],
)
def test_an_example_that_the_contract_does_not_know_is_an_error(tmp_path: Path, payload: str) -> None:
    definition = CATALOGUE["quotient_familial"]
    folder = tmp_path / definition.endpoints[0].operation
    folder.mkdir()
    (folder / "200-exemple.yaml").write_text(json.dumps({"status": 200, "payload": payload}))
    with pytest.raises(ExampleError):
        example_reply(definition, tmp_path)


def _references(node: Any) -> set[str]:
    if isinstance(node, list):
        return {ref for child in node for ref in _references(child)}
    if not isinstance(node, dict):
        return set()
    inner = {ref for child in node.values() for ref in _references(child)}
    return inner | ({node["$ref"]} if isinstance(node.get("$ref"), str) else set())


def test_the_asyncapi_document_refers_to_itself_alone() -> None:
    document = asyncapi_document()
    for reference in _references(document):
        target = document
        assert reference.startswith("#/"), reference
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]


def test_the_asyncapi_document_shows_every_check_and_code() -> None:
    document = asyncapi_document()
    for message in document["components"]["messages"].values():
        assert [example["name"] for example in message["examples"]] == list(CATALOGUE)
    assert list(document["x-checks"]) == list(CATALOGUE)
    assert list(document["x-check-codes"]) == [code.value for code in CheckCode]
    assert list(document["x-job-codes"]) == [code.value for code in JobCode]
    assert document["x-check-codes"]["expired"]["retryable"] is True


def test_the_asyncapi_document_tells_its_version_and_what_each_check_exists_for() -> None:
    document = asyncapi_document()
    assert document["info"]["version"] == "1.1.0"
    assert document["x-checks"]["quotient_familial"]["essential"] == ["/quotient_familial/valeur"]
    assert all(check["essential"] for check in document["x-checks"].values())


def test_the_examples_of_the_asyncapi_document_fit_its_own_schemas() -> None:
    """The AsyncAPI parser does not look at the examples of a version 3 document."""
    document = asyncapi_document()
    components = document["components"]

    def complaints(schema: dict[str, Any], instance: object) -> list[str]:
        validator = Draft7Validator({**schema, "components": components})
        return [error.json_path for error in validator.iter_errors(instance)]

    for message in components["messages"].values():
        for example in message["examples"]:
            assert complaints(message["payload"], example["payload"]) == []
    for example in components["messages"]["verification.reply.v1"]["examples"]:
        check = document["x-checks"][example["name"]]
        (answer,) = example["payload"]["checks"]
        assert complaints(check["data"][str(answer["source"]["api_version"])], answer["data"]) == []
    assert complaints(components["messages"]["verification.reply.v1"]["payload"], {"status": "fine"})


def test_a_schema_is_a_component_under_its_title_once() -> None:
    part: dict[str, Any] = {"type": "object"}
    first: dict[str, Any] = {"$id": "urn:a", "title": "A", "$defs": {"B": part}}
    first["properties"] = {"b": {"$ref": "#/$defs/B", "x-scope": "s"}}
    assert schema_components([first, {"title": "C", "$defs": {"B": part}}]) == {
        "A": {"title": "A", "properties": {"b": {"$ref": "#/components/schemas/B", "x-scope": "s"}}},
        "B": {"type": "object"},
        "C": {"title": "C"},
    }
    with pytest.raises(TwoSchemasError, match="B"):
        schema_components([first, {"title": "C", "$defs": {"B": {"type": "string"}}}])


def test_every_schema_survives_as_a_component() -> None:
    components = asyncapi_document()["components"]["schemas"]
    assert {document["title"] for document in SCHEMAS.values()} <= set(components)
    assert not any({"$id", "$schema", "$defs"} & set(schema) for schema in components.values())


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("member", ["nom_naissance", "prenoms", "sexe", "date_naissance", "lieu_naissance"])
def test_the_documented_needs_are_those_of_planning(profile: IdentityProfile, member: str) -> None:
    identity = Identity.model_validate_json(json.dumps({**WHOLE, member: None}))
    defect = identity_defect(profile, identity, utc_now().date())
    needs = identity_needs(profile)
    demanded = any(need is Need.DEMANDED for name, need in needs.items() if name.split(".")[0] == member)
    assert (defect is not None) == demanded


@pytest.mark.parametrize(
    ("profile", "place"),
    [
        *((profile, WHOLE["lieu_naissance"]) for profile in PROFILES),
        *((profile, BY_NAME) for profile in PROFILES if profile is not DSNJ),
    ],
)
def test_the_documented_names_are_those_that_are_sent(
    profile: IdentityProfile, place: dict[str, str]
) -> None:
    identity = Identity.model_validate_json(json.dumps({**WHOLE, "lieu_naissance": place}))
    given = {*WHOLE, *(f"lieu_naissance.{name}" for name in place)}
    taken = [member for member in identity_needs(profile) if member in given]
    wanted = {name for member in taken for name in IDENTITY_NAMES[member].split(", ")}
    assert {name for name, _ in identity_query(profile, identity)} == wanted


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_data_member_may_be_null_or_absent(name: str) -> None:
    for endpoint in CATALOGUE[name].endpoints:
        members = list(data_members(endpoint.data))
        assert [one.path for one in members if not (one.may_be_null and one.may_be_absent)] == []


def test_data_members_inherit_the_scope_of_their_block() -> None:
    members = {member.path: member for member in data_members(CATALOGUE["service_civique"].endpoints[0].data)}
    assert members["statut_actuel"].scope == "gip_mds_service_civique_statut_actuel"
    assert members["statut_actuel.contrat_trouve"].scope == members["statut_actuel"].scope
    assert members["statut_actuel.date_fin_contrat"].scope == "gip_mds_service_civique_dates"


def test_the_members_of_a_list_s_items_are_told_under_its_path() -> None:
    members = {member.path for member in data_members(CATALOGUE["statut_etudiant"].endpoints[0].data)}
    assert {"admissions", "admissions.est_inscrit", "admissions.regime_formation.code"} <= members


@pytest.mark.parametrize(
    ("choices", "value", "may_be_absent"),
    [
        ([{"type": "integer"}, {"type": "null"}], {"type": "integer"}, True),
        (
            [{"type": "string", "minLength": 1}, {"type": "null"}, {"type": "string", "maxLength": 0}],
            {"type": "string", "minLength": 1},
            True,
        ),
        (
            [{"type": "integer"}, {"type": "string"}],
            {"anyOf": [{"type": "integer"}, {"type": "string"}]},
            False,
        ),
    ],
)
def test_the_form_of_a_member_is_that_of_a_value_which_is_neither_null_nor_an_empty_text(
    choices: list[dict[str, Any]], value: dict[str, Any], *, may_be_absent: bool
) -> None:
    assert without_null({"anyOf": choices}) == (value, may_be_absent)


def test_the_guide_has_a_table_of_every_check_and_code() -> None:
    written = tables()
    for name in CATALOGUE:
        assert f"[`{name}`]({name}.md)" in written["verifications"]
    assert "| `etudiant_boursier` | ine (versions 3, 4, 5) | `ine` | `ine` | oui |" in written["parametres"]
    assert "| `identity.sexe` | `sexeEtatCivil` |" in written["noms"]
    for code in CheckCode:
        assert f"| `{code}` |" in written["codes-verification"]
    for job_code in JobCode:
        assert f"| `{job_code}` |" in written["codes-demande"]


@pytest.mark.parametrize("definition", CATALOGUE.values(), ids=CATALOGUE)
def test_a_check_has_a_page_with_all_that_its_definition_says(definition: CheckDefinition) -> None:
    page = check_pages()[definition.name]
    assert page.startswith(f"# {definition.title}\n\n`{definition.name}` · ")
    assert definition.summary in page
    for note in definition.notes:
        assert f"- {note}" in page
    for endpoint in definition.endpoints:
        assert f"| `{endpoint.call}` |" in page
        for member in data_members(endpoint.data):
            assert f"| `{member.path}` |" in page
    for parameter, _ in parameters_of(definition):
        assert f"| `params.{parameter.name}` | `{parameter.api_name}` |" in page
    job, data = (json.loads(block.split("\n```")[0]) for block in page.split("```json\n")[1:])
    assert job == example_job(definition)
    assert data == example_reply(definition)["checks"][0]["data"]


def test_a_check_s_page_says_what_cannot_be_lost_of_it() -> None:
    assert "Si `quotient_familial.valeur` ne se lit pas" in check_pages()["quotient_familial"]


def test_a_vertical_bar_stays_in_its_cell() -> None:
    assert table(("a",), [("1|2",)]).splitlines()[-1] == r"| 1\|2 |"


@pytest.mark.parametrize(
    ("page", "complaint"),
    [
        ("", "no <!-- table:a -->"),
        ("<!-- table:a -->", "not closed"),
        ("<!-- table:b --><!-- /table:b -->", "no such table"),
        ("<!-- /table:a -->", "other half"),
        ("<!-- table:a --><!-- table:a -->", "other half"),
        ("<!-- table:a --><!-- /table:a --><!-- table:a --><!-- /table:a -->", "a place already"),
    ],
)
def test_markers_come_in_pairs_one_per_table(page: str, complaint: str) -> None:
    with pytest.raises(MarkerError, match=complaint):
        with_tables({"page": page}, {"a": "| x |"})


def test_tables_that_are_in_place_stay() -> None:
    before = {"page": "avant <!-- table:a --> vieux <!-- /table:a --> après", "other": "rien"}
    filled = with_tables(before, {"a": "| x |"})
    assert filled == {"page": "avant <!-- table:a -->\n\n| x |\n\n<!-- /table:a --> après", "other": "rien"}
    assert with_tables(filled, {"a": "| x |"}) == filled


def _commands(page: str) -> list[str]:
    """Return the connector's commands that a page shows, in its blocks of shell and its tables."""
    text = (Path(__file__).parents[3] / page).read_text("utf-8")
    shown = re.findall(r"^(ccas-connector [^\n#]*)", text, re.MULTILINE)
    return [*shown, *re.findall(r"`(ccas-connector [^`]*)`", text)]


@pytest.mark.parametrize("command", _commands("schemas/README.md"))
def test_a_command_of_the_guide_is_one_of_the_connector_s(command: str) -> None:
    _program, *arguments = shlex.split(command)
    found: click.Command = command_line
    while isinstance(found, click.Group) and arguments and not arguments[0].startswith("-"):
        named = found.get_command(click.Context(found), arguments.pop(0))
        assert named is not None, command
        found = named
    if "--help" not in arguments:
        found.make_context(found.name, arguments)


def test_the_guide_s_sandbox_is_the_one_of_the_command() -> None:
    guide = (Path(__file__).parents[3] / "schemas" / "README.md").read_text("utf-8")
    section = guide.split("### Un bac à sable")[1].split("### Publier")[0] + guide.split("## 8.")[1]
    for tenant in TENANTS:
        assert tenant.siret in section
        for code in re.findall(r"[a-z]+_[a-z]+", tenant.shows):
            assert f"`{code}`" in section
    for member in re.findall(r"`([a-z_]+)`", section.split("`connection.json` | ")[1].split(". ")[0]):
        assert member in VendorConnection.model_fields


def test_the_guide_s_campaign_is_read(tmp_path: Path) -> None:
    guide = (Path(__file__).parents[3] / "schemas" / "README.md").read_text("utf-8")
    (tmp_path / "campagne.csv").write_text(guide.split("```csv\n")[1].split("```")[0], "utf-8")
    jobs = read_jobs(tmp_path / "campagne.csv")
    assert [job.job_id for job in jobs] == ["campagne-1", "campagne-2"]
    for job in jobs:
        VerificationRequest.model_validate_json(job.body)


def test_a_table_stands_on_one_page_alone() -> None:
    pair = "<!-- table:a --><!-- /table:a -->"
    with pytest.raises(MarkerError, match=r"second: .* has a place already"):
        with_tables({"first": pair, "second": pair}, {"a": "| x |"})
