"""``ccas-connector checks``: the catalogue in a terminal, and for a script."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pydantic import SecretStr

from connector.catalogue import CATALOGUE
from connector.catalogue.definition import scoped_members
from connector.cli import command_line
from connector.jobs.records import Vendor
from connector.storage.database import open_database
from connector.storage.registry.store import RegistryStore
from connector.storage.schema import ensure_current


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command_line, ["checks", *arguments])


def test_list_shows_every_check() -> None:
    result = run("list")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert sum(line.split()[0] in CATALOGUE for line in lines if line.strip()) == 19
    (scholarship,) = (line for line in lines if line.strip().startswith("etudiant_boursier "))
    assert "identite, france_connect, ine" in scholarship
    assert "4, 5, 3" in scholarship


def test_list_for_a_script() -> None:
    listed = json.loads(run("list", "--json").output)
    assert [check["name"] for check in listed] == list(CATALOGUE)
    assert listed[0]["calls"] == ["identite", "france_connect"]


@pytest.mark.parametrize("name", CATALOGUE)
def test_show_tells_everything_of_a_check(name: str) -> None:
    result = run("show", name)
    assert result.exit_code == 0
    definition = CATALOGUE[name]
    for endpoint in definition.endpoints:
        assert endpoint.path in result.output
        for member, scope in scoped_members(endpoint.data):
            assert scope in result.output
            assert member in " ".join(result.output.split())
    assert (definition.no_record_detail or "") in result.output
    assert (definition.not_concerned_detail or "") in result.output
    assert f"It exists for {', '.join(definition.essential)}" in result.output
    for note in definition.notes:
        assert f"- {note}" in result.output
    job = json.loads(result.output.partition("A job that asks it:\n")[2])
    assert job["checks"][0]["check"] == name


def test_show_for_a_script() -> None:
    shown = json.loads(run("show", "etudiant_boursier", "--json").output)
    by_number = next(
        each for each in shown["endpoints"] if each["call"] == "ine" and each["api_version"] == 4
    )
    assert by_number["inputs"] == ["params.ine"]
    assert by_number["params"][1] == {
        "name": "campaign_year",
        "api_name": "campaignYear",
        "required": False,
        "form": "integer from 2021 to 9999",
    }
    assert shown["endpoints"][0]["identity"]["sexe"] == "taken"
    assert shown["scopes"]["cnous_statut_boursier"] == ["statut_boursier", "est_boursier"]
    assert shown["scopes"]["cnous_statut_bourse"] == []
    assert shown["scopes"]["cnous_ine"] == ["ine"]
    assert shown["essential"] == ["/statut_boursier/est_boursier", "/est_boursier"]
    assert shown["not_concerned_detail"] is None
    assert any("fin de novembre" in note for note in shown["notes"])


def test_an_unknown_check_is_one_line_that_names_close_ones() -> None:
    result = run("show", "quotient_famillial")
    assert result.exit_code == 2
    assert "no check is named quotient_famillial; close to it: quotient_familial" in result.output
    assert result.output.count("\n") == 1


def test_a_name_close_to_none_says_where_they_are() -> None:
    assert run("show", "xyz").output.endswith("no check is named xyz; see: ccas-connector checks list\n")


@pytest.mark.parametrize("command", ["list", "show"])
def test_help_shows_an_example(command: str) -> None:
    assert f"Example: ccas-connector checks {command}" in " ".join(run(command, "--help").output.split())


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry with a vendor."""
    url = f"sqlite:///{tmp_path / 'registry.db'}"
    monkeypatch.setenv("CONNECTOR_DATABASE_URL", url)
    engine = open_database(SecretStr(url))
    ensure_current(engine)
    extra_scopes = ("revenu_solidarite_active",)
    vendor = Vendor(
        name="millesime", product="M", publisher="Up", preset="millesime", extra_scopes=extra_scopes
    )
    RegistryStore(engine).save([vendor], [])


@pytest.mark.usefixtures("registry")
def test_list_tells_what_a_vendor_may_ask() -> None:
    lines = [line.split() for line in run("list", "--vendor", "millesime").output.splitlines()]
    said = {line[0]: " ".join(line[1:]) for line in lines if line and line[0] in CATALOGUE}
    assert said["quotient_familial"].endswith(" without adresse")
    assert said["avis_imposition"].endswith(" whole")
    assert said["revenu_solidarite_active"].endswith(" without avec_majoration")
    assert said["prime_activite"].endswith(" forbidden")
    listed = json.loads(run("list", "--vendor", "millesime", "--json").output)
    assert listed[0]["grant"] == {"opens": True, "withheld": ["adresse"]}
    assert sum(check["grant"]["opens"] for check in listed) == 3


@pytest.mark.usefixtures("registry")
def test_show_tells_what_a_vendor_may_ask() -> None:
    assert (
        "for millesime: without adresse" in run("show", "quotient_familial", "--vendor", "millesime").output
    )
    shown = json.loads(run("show", "prime_activite", "--vendor", "millesime", "--json").output)
    assert shown["grant"] == {"opens": False, "withheld": []}


@pytest.mark.usefixtures("registry")
def test_an_unknown_vendor_is_told_on_one_line() -> None:
    result = run("list", "--vendor", "nobody")
    assert (result.exit_code, len(result.output.splitlines())) == (2, 1)
    assert "see: ccas-connector vendors list" in result.output
