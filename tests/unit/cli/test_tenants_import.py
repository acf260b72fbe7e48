"""``tenants import``: a table or a TOML file, all or nothing, under the key that the stored secrets have."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pydantic import SecretStr
from sqlalchemy import Engine

from connector.cli.tenants.commands import tenants as tenants_command
from connector.jobs.records import Registry, SecretField, Vendor
from connector.storage.database import open_database
from connector.storage.registry.store import RegistryStore
from connector.storage.schema import ensure_current
from connector.vault import Vault, new_key
from tests.tokens import jwt

CLAMART, BOURG = "26920023600017", "26750045200011"
LATER = datetime(2028, 5, 23, tzinfo=UTC)
KEY = new_key()
HEADER = "siret;name;vendors;token_file;quota_particulier\n"
Import = Callable[..., Result]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_database(SecretStr(f"sqlite:///{tmp_path / 'registry.db'}"))
    ensure_current(opened)
    RegistryStore(opened).save([Vendor(name="millesime", product="M", publisher="U", preset="all")], [])
    yield opened
    opened.dispose()


@pytest.fixture
def run(tmp_path: Path, engine: Engine) -> Import:
    (tmp_path / "token").write_text(jwt(expires_at=LATER) + "\n", "utf-8")

    def invoke(rows: str, *options: str, name: str = "tenants.csv", key: str = KEY) -> Result:
        (tmp_path / name).write_text(HEADER + rows.format(token=tmp_path / "token"), "utf-8")
        environ = {
            "CONNECTOR_DATABASE_URL": f"sqlite:///{tmp_path / 'registry.db'}",
            "CONNECTOR_SECRET_KEY": key,
        }
        return CliRunner().invoke(tenants_command, ["import", str(tmp_path / name), *options], env=environ)

    return invoke


def _registry(engine: Engine) -> Registry:
    return RegistryStore(engine).load()


def test_a_table_is_imported_with_its_tokens_and_quotas(engine: Engine, run: Import) -> None:
    rows = f"{CLAMART};CCAS de Clamart;millesime;{{token}};250/min\n{BOURG};CCAS du Bourg;millesime;;\n"
    dry = run(rows, "--dry-run")
    assert "2 changed, 0 unchanged; nothing was written (dry run)" in dry.output
    assert _registry(engine).tenants == {}
    assert "2 changed, 0 unchanged" in run(rows).output
    assert "0 changed, 2 unchanged" in run(rows, "--format", "csv", name="tenants.txt").output
    registry = _registry(engine)
    tenant = registry.tenants[CLAMART]
    assert (tenant.token_expires_at, tenant.quotas) == (LATER, {"particulier": "250/min"})
    assert registry.tenants[BOURG].sealed_token is None
    assert set(registry.vendors) == {"millesime"}


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (
            f"{CLAMART};C;millesime;;\n{CLAMART};D;millesime;;\n",
            f"line 3: the SIRET {CLAMART} is on line 2 already",
        ),
        (f"{CLAMART};C;millesime;;\n{BOURG[:-1]}2;B;millesime;;\n", "line 3: siret: not a SIRET"),
        (f"{CLAMART};C;millesime;;\n{BOURG};B;nobody;;\n", f"tenants.{BOURG}.vendors: nobody is no vendor"),
        (f"{CLAMART};C;millesime;;\n{BOURG};B;millesime;/nowhere/token;\n", "cannot be read"),
        (f"{CLAMART};C;millesime;;\n{BOURG};B;millesime;{{token}}.csv;\n", "cannot be read"),
    ],
)
def test_one_defect_of_a_table_changes_nothing(engine: Engine, run: Import, rows: str, says: str) -> None:
    before = _registry(engine)
    result = run(rows)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert says in line
    assert _registry(engine) == before


def test_a_token_that_is_no_jwt_changes_nothing(engine: Engine, run: Import, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("5f3b1c0e-sesame", "utf-8")
    result = run(f"{CLAMART};C;millesime;{{token}};\n{BOURG};B;millesime;{tmp_path / 'other'};\n")
    assert result.exit_code == 2
    assert (
        f"tenants.{BOURG}.token: the file {tmp_path / 'other'} holds no token: a JWT is expected"
        in result.stderr
    )
    assert "sesame" not in result.output
    assert _registry(engine).tenants == {}


def test_a_wrong_key_changes_nothing_unless_the_former_one_is_said_to_be_lost(
    engine: Engine, run: Import
) -> None:
    rows = f"{CLAMART};C;millesime;{{token}};\n"
    assert run(rows).exit_code == 0
    before, other = _registry(engine), new_key()
    refused = run(rows, key=other)
    assert refused.exit_code == 2
    (line,) = refused.stderr.splitlines()
    assert line.startswith("ccas-connector: CONNECTOR_SECRET_KEY: does not open the token of tenant")
    assert _registry(engine) == before
    assert run(rows, "--lost-key", key=other).exit_code == 0
    sealed = _registry(engine).tenants[CLAMART].sealed_token
    assert sealed is not None
    assert Vault(SecretStr(other)).open(CLAMART, SecretField.TOKEN, sealed) == jwt(expires_at=LATER)


def test_a_thousand_tenants_are_one_change(engine: Engine, run: Import) -> None:
    rows = "".join(f"356000000{number:05};CCAS {number};millesime;{{token}};\n" for number in range(1000))
    result = run(rows)
    assert "1000 changed, 0 unchanged" in result.output
    registry = _registry(engine)
    assert (len(registry.tenants), registry.revision) == (1000, 2)
