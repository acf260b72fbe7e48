"""The link that a CCAS asks its habilitation with: the boxes of each form, as the API's page gives them."""

import json
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from click.testing import CliRunner, Result
from pydantic import SecretStr

from connector.catalogue.datapass import link
from connector.catalogue.presets import PRESETS
from connector.cli import command_line
from connector.jobs.records import Vendor
from connector.storage.database import open_database
from connector.storage.registry.store import RegistryStore
from connector.storage.schema import ensure_current

MILLESIME = {
    "dgfip_avis_imposition": True,
    "dgfip_adresse": True,
    "cnaf_quotient_familial": True,
    "cnaf_allocataires": True,
    "cnaf_enfants": True,
    "cnaf_adresse": False,
}
SONATE_OPUS = {scope: scope in ("dgfip_avis_imposition", "cnaf_quotient_familial") for scope in MILLESIME}


def vendor(preset: str, *extra_scopes: str, name: str = "v") -> Vendor:
    return Vendor(name=name, product="V", publisher="É", preset=preset, extra_scopes=extra_scopes)


def parameters(address: str) -> dict[str, str]:
    assert address.startswith("https://datapass.api.gouv.fr/api-particulier?scopes=")
    return {name: value for name, (value,) in parse_qs(urlsplit(address).query, strict_parsing=True).items()}


def run(*arguments: str, database: Path | None = None) -> Result:
    environment = {"CONNECTOR_DATABASE_URL": f"sqlite:///{database}"} if database else {}
    return CliRunner(env=environment).invoke(command_line, ["datapass", "link", *arguments])


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "registry.db"
    engine = open_database(SecretStr(f"sqlite:///{path}"))
    ensure_current(engine)
    RegistryStore(engine).save([vendor("millesime", "cnaf_adresse", "prime_activite", name="millesime")], [])
    return path


def test_the_link_of_millesime_is_that_of_the_page() -> None:
    compact = json.dumps(MILLESIME, separators=(",", ":"))
    assert link(vendor("millesime")) == (
        f"https://datapass.api.gouv.fr/api-particulier?scopes={quote(compact, safe='')}"
    )


def test_sonate_opus_declines_the_rest_and_writes_its_legal_ground() -> None:
    written = parameters(link(vendor("sonate-opus")))
    assert json.loads(written.pop("scopes")) == SONATE_OPUS
    assert set(written) == {"fondement_juridique_title", "fondement_juridique_url"}
    assert all(written.values())


def test_what_an_operator_adds_is_ticked_even_where_the_form_declines_it() -> None:
    written = parameters(link(vendor("millesime", "prime_activite", "cnaf_adresse")))
    assert json.loads(written["scopes"]) == MILLESIME | {"prime_activite": True, "cnaf_adresse": True}


def test_the_link_of_all_ticks_every_box() -> None:
    boxes = json.loads(parameters(link(vendor("all")))["scopes"])
    assert set(boxes) == set(PRESETS["all"].scopes)
    assert all(boxes.values())


@pytest.mark.parametrize("preset", PRESETS)
def test_the_command_prints_the_link_first_then_the_articles(preset: str) -> None:
    result = run("--preset", preset)
    assert result.exit_code == 0
    assert result.output.splitlines()[0] == link(vendor(preset))
    for article in ("L.312-1", "R.123-5", "L.114-8", "R.114-9-3"):
        assert article in result.output


def test_the_command_knows_the_vendors_of_the_registry(database: Path) -> None:
    result = run("--vendor", "millesime", database=database)
    boxes = json.loads(parameters(result.output.splitlines()[0])["scopes"])
    assert boxes == MILLESIME | {"cnaf_adresse": True, "prime_activite": True}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give either --vendor NAME or --preset NAME"),
        (("--vendor", "a", "--preset", "all"), "give either"),
        (("--preset", "everything"), "there are: millesime, sonate-opus, ccas, all"),
        (("--vendor", "nobody"), "see: ccas-connector vendors list"),
    ],
)
def test_a_mistake_is_told_on_one_line(arguments: tuple[str, ...], said: str, database: Path) -> None:
    result = run(*arguments, database=database)
    assert result.exit_code == 2
    assert said in result.output
    assert len(result.output.splitlines()) == 1
