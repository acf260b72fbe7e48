"""The published files are those of the models, closed for requests and open for replies."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from connector.catalogue import CATALOGUE
from connector.checks.parsing import read_job
from connector.cli import command_line
from connector.documents import files
from connector.documents.catalogue_schemas import schema_documents
from schemas.codes import CheckCode
from schemas.request import VerificationRequest

PUBLISHED = Path(__file__).parents[3] / "schemas"
DOCUMENTS = schema_documents()
REQUESTS = ["verification.request.v1", *(f"{name}.params.v1" for name in CATALOGUE)]
REPLIES = [name for name in DOCUMENTS if name not in REQUESTS]
DATA = [name for name in REPLIES if name != "verification.reply.v1"]


def _published(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((PUBLISHED / "json" / f"{name}.schema.json").read_text("utf-8"))
    return document


def _nodes(node: Any, path: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """Find the schemas in a schema; members named after a keyword do no harm."""
    if isinstance(node, dict):
        yield path, node
        for name, child in node.items():
            yield from _nodes(child, f"{path}/{name}")
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from _nodes(child, f"{path}/{index}")


def _with_properties(node: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Find the schemas of objects, at every level; a free-form object has no ``properties``."""
    for path, schema in _nodes(node):
        if "object" in schema.get("type", ()) and (
            "additionalProperties" not in schema or "properties" in schema
        ):
            yield path, schema


def test_the_committed_files_are_those_of_the_models() -> None:
    for path, text in files.published_files(PUBLISHED).items():
        assert path.read_text("utf-8") == text, f"{path} is stale; run: ccas-connector schemas export"
    assert {path.name for path in (PUBLISHED / "json").iterdir()} == {
        f"{name}.schema.json" for name in DOCUMENTS
    }


def test_every_check_has_its_parameters_and_its_data_in_each_version() -> None:
    assert set(DOCUMENTS) >= {f"{name}.params.v1" for name in CATALOGUE} | {
        f"{name}.data.v1" for name in CATALOGUE
    }
    assert {name for name in DOCUMENTS if ".api-" in name} == {
        "etudiant_boursier.data.v1.api-5",
        "etudiant_boursier.data.v1.api-3",
        "scolarite.data.v1.api-4",
        "scolarite.data.v1.api-3",
        "avis_imposition.data.v1.api-2",
    }


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_a_schema_that_names_itself_and_its_dialect(name: str) -> None:
    document = _published(name)
    Draft202012Validator.check_schema(document)
    assert document["$id"] == f"urn:ccas-connector:{name}"
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert document["title"]
    assert document["description"]
    assert "``" not in json.dumps(document)


def test_titles_tell_documents_apart() -> None:
    assert len({document["title"] for document in DOCUMENTS.values()}) == len(DOCUMENTS)


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_admits_no_unknown_member_at_any_level(name: str) -> None:
    objects = list(_with_properties(_published(name)))
    assert objects
    for path, schema in objects:
        assert schema.get("additionalProperties") is False, path


def test_every_part_of_a_request_is_found() -> None:
    paths = {path for path, _ in _with_properties(_published("verification.request.v1"))}
    assert {"#", "#/$defs/Identity", "#/$defs/PlaceOfBirth", "#/$defs/QuotientFamilialRequest"} <= paths


@pytest.mark.parametrize("name", REPLIES)
def test_a_reply_is_open_at_every_level(name: str) -> None:
    objects = list(_with_properties(_published(name)))
    assert objects
    for path, schema in objects:
        assert schema.get("additionalProperties", True) is not False, path


def test_a_reply_tells_its_codes_and_refuses_no_other() -> None:
    parts = _published("verification.reply.v1")["$defs"]
    code = parts["Reason"]["properties"]["code"]
    assert code["x-extensible-enum"] == [code.value for code in CheckCode]
    assert "enum" not in code | parts["JobError"]["properties"]["code"]
    assert parts["CheckStatus"]["enum"] == ["found", "not_found", "not_identified", "error"]


def test_every_member_of_a_reply_is_required_but_those_that_earlier_replies_lack() -> None:
    parts = _published("verification.reply.v1")["$defs"]
    envelope = {f"#/$defs/{name}" for name in parts if name.endswith("Reply")} | {
        f"#/$defs/{name}" for name in ("Reason", "Source", "Upstream", "JobError")
    }
    found = [
        one for one in _with_properties(_published("verification.reply.v1")) if one[0] in {"#", *envelope}
    ]
    assert len(found) == len(CATALOGUE) + 6
    for path, schema in found:
        first = [name for name, member in schema["properties"].items() if "x-since" not in member]
        assert schema["required"] == first, path


def test_what_could_not_be_read_is_of_a_later_version_of_the_documents() -> None:
    members = _published("verification.reply.v1")["$defs"]["QuotientFamilialReply"]["properties"]
    later = {name: member["x-since"] for name, member in members.items() if "x-since" in member}
    assert later == {"unreadable": "1.1"}
    assert (members["unreadable"]["type"], members["unreadable"]["items"]) == ("array", {"type": "string"})


@pytest.mark.parametrize("name", REPLIES)
def test_what_may_be_absent_has_no_default(name: str) -> None:
    assert [path for path, schema in _nodes(_published(name)) if "default" in schema] == []


def _may_be_null(schema: dict[str, Any], parts: dict[str, Any]) -> bool:
    target = parts[schema["$ref"].removeprefix("#/$defs/")] if "$ref" in schema else schema
    return "null" in target["type"] and None in target.get("enum", [None])


@pytest.mark.parametrize("name", DATA)
def test_every_member_of_data_and_every_item_of_its_lists_may_be_null_or_absent(name: str) -> None:
    document = _published(name)
    parts = document.get("$defs", {})
    for path, schema in _with_properties(document):
        assert "required" not in schema, path
        for member, described in schema["properties"].items():
            assert _may_be_null(described, parts), f"{path}/{member}"
    for path, schema in _nodes(document):
        if "array" in schema.get("type", ()):
            assert _may_be_null(schema["items"], parts), path


def test_a_nullable_block_still_names_its_scope_and_its_form() -> None:
    members = _published("quotient_familial.data.v1")["properties"]
    assert members["quotient_familial"] == {
        "$ref": "#/$defs/QuotientFamilial",
        "x-scope": "cnaf_quotient_familial",
    }
    validator = Draft202012Validator(_published("quotient_familial.data.v1"))
    assert validator.is_valid({"quotient_familial": None, "allocataires": [None], "adresse": {"pays": None}})
    assert not validator.is_valid({"quotient_familial": {"valeur": "412"}})


def test_a_whole_date_has_the_format_of_one_and_a_birth_a_pattern() -> None:
    parts = _published("etudiant_boursier.data.v1")["$defs"]
    whole = parts["StatutBoursier"]["properties"]["date_radiation"]
    birth = parts["IdentiteBoursier"]["properties"]["date_naissance"]
    assert (whole["type"], whole["format"]) == (["string", "null"], "date")
    assert birth == {"type": ["string", "null"], "pattern": "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"}


def test_the_national_number_of_a_student_is_of_version_5_alone() -> None:
    of_version = {
        name: _published(name)["properties"].get("ine")
        for name in DATA
        if name.startswith("etudiant_boursier")
    }
    assert {name for name, member in of_version.items() if member} == {"etudiant_boursier.data.v1.api-5"}
    assert of_version["etudiant_boursier.data.v1.api-5"]["x-scope"] == "cnous_ine"


def test_the_parameters_of_every_call_are_one_class_which_says_what_each_call_takes_and_demands() -> None:
    schema = _published("etudiant_boursier.params.v1")
    assert [(call["calls"], call["demands"]) for call in schema["x-calls"]] == [
        ("identite, france_connect (versions 4, 5)", []),
        ("ine (versions 4, 5)", ["ine"]),
        ("identite, france_connect (version 3)", []),
        ("ine (version 3)", ["ine"]),
    ]
    validator = Draft202012Validator(schema)
    assert validator.is_valid({"ine": "0000000000A", "campaign_year": 2025})
    assert validator.is_valid({"ine": "", "campaign_year": None})
    assert not validator.is_valid({"ine": "0"})
    assert not validator.is_valid({"surprise": 1})


def test_what_every_call_demands_is_demanded_of_all() -> None:
    schema = _published("scolarite.params.v1")
    assert schema["required"] == ["annee_scolaire"]
    assert [call["demands"] for call in schema["x-calls"]] == [
        ["annee_scolaire"],
        ["code_etablissement", "annee_scolaire"],
    ]


JEANNE: dict[str, Any] = {
    "nom_naissance": "EXEMPLE",
    "prenoms": ["JEANNE"],
    "sexe": "F",
    "date_naissance": "1987-06",
    "lieu_naissance": {"code_pays": "99100", "code_commune": "69383"},
}


@pytest.mark.parametrize(
    "changes",
    [
        {"dossier": ""},
        {"agent": ""},
        {"purpose": ""},
        {"expires_at": ""},
        {"france_connect_token": ""},
        {"checks": [{"id": "", "check": "quotient_familial", "call": ""}]},
        {"identity": JEANNE | {"nom_naissance": "", "nom_usage": "", "sexe": "", "date_naissance": ""}},
        {"identity": JEANNE | {"lieu_naissance": {"code_pays": "", "code_commune": "69383"}}},
        {"identity": JEANNE | {"lieu_naissance": {"nom_commune": "", "code_departement": ""}}},
        {"identity": JEANNE | {"lieu_naissance": {"code_commune": "69383"}}},
        {"identity": JEANNE | {"date_naissance": "1979-00-00"}},
        {"identity": JEANNE | {"date_naissance": "0000-00-00"}},
        pytest.param(
            {"identity": JEANNE | {"prenoms": ["JEANNE", ""]}},
        ),
    ],
)
def test_what_counts_as_absent_fits_the_schema_and_is_read(changes: dict[str, Any]) -> None:
    job = {
        "version": 1,
        "job_id": "demande-1",
        "tenant": "26920023600017",
        "identity": JEANNE,
        "checks": [{"check": "quotient_familial"}],
    } | changes
    assert isinstance(read_job(json.dumps(job).encode()), VerificationRequest)
    validator = Draft202012Validator(_published("verification.request.v1"))
    assert [error.json_path for error in validator.iter_errors(job)] == []


def test_a_mandatory_text_may_not_be_empty() -> None:
    parts = _published("verification.request.v1")
    request = Draft202012Validator(parts)
    job = {"version": 1, "job_id": "a", "tenant": "26920023600017", "checks": [{"check": "prime_activite"}]}
    assert request.is_valid(job)
    assert not request.is_valid(job | {"tenant": ""})
    assert not request.is_valid(job | {"job_id": ""})
    assert not request.is_valid(job | {"checks": [{"check": ""}]})


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "schema_documents", lambda: {"a.v1": {"type": "object"}})
    monkeypatch.setattr(files, "asyncapi_document", lambda: {"asyncapi": "3.0.0"})
    monkeypatch.setattr(files, "tables", lambda: {"codes": "| code |"})
    monkeypatch.setattr(files, "check_pages", lambda: {"rsa": "# RSA\n"})


def _export(folder: Path, *options: str) -> tuple[int, str]:
    result = CliRunner().invoke(command_line, ["schemas", "export", "--output", str(folder), *options])
    return result.exit_code, result.output


@pytest.mark.usefixtures("quick")
def test_export_writes_what_is_stale_and_removes_what_no_model_makes(tmp_path: Path) -> None:
    assert _export(tmp_path)[0] == 0
    assert json.loads((tmp_path / "asyncapi.json").read_text()) == {"asyncapi": "3.0.0"}
    assert not (tmp_path / "README.md").exists()
    assert (tmp_path / "verifications" / "rsa.md").read_text() == "# RSA\n"
    surplus = ("json/b.v1.schema.json", "verifications/aah.md")
    for name in surplus:
        (tmp_path / name).write_text("{}")
    status, output = _export(tmp_path, "--check")
    assert (status, [f"{name} is stale" in output for name in surplus]) == (1, [True, True])
    assert _export(tmp_path)[0] == 0
    assert _export(tmp_path, "--check") == (0, "")


@pytest.mark.usefixtures("quick")
def test_export_completes_the_guide(tmp_path: Path) -> None:
    guide = tmp_path / "README.md"
    guide.write_text("# Guide\n\n<!-- table:codes -->\nold\n<!-- /table:codes -->\n\nFin.\n")
    _export(tmp_path)
    written = "# Guide\n\n<!-- table:codes -->\n\n| code |\n\n<!-- /table:codes -->\n\nFin.\n"
    assert guide.read_text() == written
    assert _export(tmp_path, "--check")[0] == 0
    guide.write_text(written.replace("| code |", "| edited |"))
    status, output = _export(tmp_path, "--check")
    assert (status, "README.md is stale" in output) == (1, True)


@pytest.mark.usefixtures("quick")
def test_a_guide_without_its_marker_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Guide\n")
    status, output = _export(tmp_path, "--check")
    assert status == 2
    assert "README.md: there is no <!-- table:codes -->" in output
    assert output.count("\n") == 1
