"""The registry in SQL: importing, storing, migrating, and the copy of it that a worker holds."""

from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from click.testing import CliRunner
from pydantic import SecretStr
from sqlalchemy import Engine, event, inspect, text
from sqlalchemy.exc import IntegrityError
from structlog.testing import capture_logs

from connector.cli.tenants.commands import tenants as tenants_command
from connector.jobs.records import Registry, SecretField, Tenant, Vendor
from connector.sources.credentials import DgfipCredentials, read_credentials
from connector.storage import upgrading
from connector.storage.database import DatabaseError, open_database
from connector.storage.registry.cache import RegistryCache
from connector.storage.registry.freshness import Freshness
from connector.storage.registry.importing import Change, ChangeKind, plan_import
from connector.storage.registry.store import RegistryStore
from connector.storage.registry.tenants_file import TenantsFile, TenantsFileError
from connector.storage.schema import ensure_current
from connector.storage.tables import METADATA
from connector.storage.upgrading import upgrade
from connector.vault import Vault, VaultError, new_key
from tests.databases import Database, forms
from tests.tokens import jwt

CLAMART = "26920023600017"
BOURG = "26750045200011"
MIGRATIONS = Path(upgrading.__file__).parent / "migrations"
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TOKEN = jwt("the-token-of-clamart", NOW + timedelta(days=540))
ANOTHER = jwt("another", NOW + timedelta(days=900))
DGFIP_SECRET = "dgfip-secret"
VENDOR: dict[str, Any] = {"product": "Millésime Action Sociale", "publisher": "Up", "preset": "millesime"}
TENANT: dict[str, Any] = {"name": "CCAS de Clamart", "vendors": ["millesime"], "token": {"env": "CLAMART"}}


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    opened = open_database(SecretStr(database.url))
    upgrade(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def store(engine: Engine) -> RegistryStore:
    return RegistryStore(engine)


@pytest.fixture
def key() -> str:
    return new_key()


@pytest.fixture
def vault(key: str) -> Vault:
    return Vault(SecretStr(key))


def _file(vendor: dict[str, Any] | None = None, tenant: dict[str, Any] | None = None) -> TenantsFile:
    return TenantsFile.model_validate(
        {
            "vendors": {"millesime": VENDOR | (vendor or {})},
            "tenants": {CLAMART: TENANT | (tenant or {})},
        },
    )


WITH_DGFIP = _file(tenant={"dgfip": {"client_id": {"value": "dgfip-id"}, "client_secret": {"env": "DGFIP"}}})


def _plan(
    registry: Registry,
    vault: Vault,
    file: TenantsFile | None = None,
    *,
    token: str = TOKEN,
    secret: str = DGFIP_SECRET,
    now: datetime = NOW,
) -> tuple[Change, ...]:
    return plan_import(file or _file(), registry, vault, {"CLAMART": token, "DGFIP": secret}, now)


def _write(store: RegistryStore, changes: tuple[Change, ...]) -> None:
    records = [change.record for change in changes]
    store.save(
        [record for record in records if isinstance(record, Vendor)],
        [record for record in records if isinstance(record, Tenant)],
    )


def _kinds(changes: tuple[Change, ...]) -> list[tuple[ChangeKind, tuple[str, ...]]]:
    return [(change.kind, change.fields) for change in changes]


def test_a_new_registry_is_empty(store: RegistryStore) -> None:
    registry = store.load()
    assert (registry.revision, dict(registry.vendors), dict(registry.tenants)) == (0, {}, {})
    assert store.revision() == 0


def test_an_import_is_loaded_as_it_was_planned(store: RegistryStore, vault: Vault) -> None:
    changes = _plan(store.load(), vault, _file({"extra_scopes": ["prime_activite", "cnaf_adresse"]}))
    assert _kinds(changes) == [(ChangeKind.ADDED, ()), (ChangeKind.ADDED, ())]
    _write(store, changes)
    registry = store.load()
    assert list(registry.vendors.values()) == [changes[0].record]
    assert list(registry.tenants.values()) == [changes[1].record]
    assert registry.vendors["millesime"].extra_scopes == ("prime_activite", "cnaf_adresse")
    tenant = registry.tenants[CLAMART]
    assert (tenant.token_set_at, tenant.token_expires_at) == (NOW, NOW + timedelta(days=540))
    assert tenant.sealed_token is not None
    assert vault.open(CLAMART, SecretField.TOKEN, tenant.sealed_token) == TOKEN


def test_the_same_import_again_changes_nothing(store: RegistryStore, vault: Vault) -> None:
    _write(store, _plan(store.load(), vault))
    before = store.load()
    again = _plan(before, vault, now=NOW + timedelta(days=1))
    assert _kinds(again) == [(ChangeKind.UNCHANGED, ()), (ChangeKind.UNCHANGED, ())]
    assert [change.record for change in again] == [before.vendors["millesime"], before.tenants[CLAMART]]


def test_another_token_is_a_change_of_the_token_alone(store: RegistryStore, vault: Vault) -> None:
    _write(store, _plan(store.load(), vault))
    later = NOW + timedelta(days=1)
    changes = _plan(store.load(), vault, token=ANOTHER, now=later)
    assert _kinds(changes) == [(ChangeKind.UNCHANGED, ()), (ChangeKind.CHANGED, ("token",))]
    _write(store, changes)
    tenant = store.load().tenants[CLAMART]
    assert (tenant.token_set_at, tenant.token_expires_at) == (later, NOW + timedelta(days=900))
    assert tenant.sealed_token is not None
    assert vault.open(CLAMART, SecretField.TOKEN, tenant.sealed_token) == ANOTHER


def test_an_imported_token_ends_a_rotation_that_waits(store: RegistryStore, vault: Vault) -> None:
    """Else the token that was to replace the former one would replace this one."""
    _write(store, _plan(store.load(), vault))
    rotating = replace(
        store.load().tenants[CLAMART],
        sealed_next_token=vault.seal(CLAMART, SecretField.NEXT_TOKEN, jwt("next")),
    )
    store.save([], [rotating])
    assert _kinds(_plan(store.load(), vault))[1] == (ChangeKind.UNCHANGED, ())
    _write(store, _plan(store.load(), vault, token=ANOTHER))
    assert store.load().tenants[CLAMART].sealed_next_token is None


def test_quotas_are_stored_and_those_left_out_stay(store: RegistryStore, vault: Vault) -> None:
    quotas = {"quotas": {"particulier": "20/s, 250/min"}}
    _write(store, _plan(store.load(), vault, _file(tenant=quotas)))
    assert store.load().tenants[CLAMART].quotas == {"particulier": "20/s,250/min"}
    assert _kinds(_plan(store.load(), vault))[1] == (ChangeKind.UNCHANGED, ())
    changes = _plan(store.load(), vault, _file(tenant={"quotas": {}}))
    assert _kinds(changes)[1] == (ChangeKind.CHANGED, ("quotas",))
    _write(store, changes)
    assert store.load().tenants[CLAMART].quotas == {}


def test_a_token_under_a_lost_key_is_sealed_again(store: RegistryStore, vault: Vault) -> None:
    _write(store, _plan(store.load(), vault))
    changes = _plan(store.load(), Vault(SecretStr(new_key())))
    assert _kinds(changes)[1] == (ChangeKind.CHANGED, ("token",))


def test_a_token_that_the_file_leaves_out_stays(store: RegistryStore, vault: Vault) -> None:
    _write(store, _plan(store.load(), vault))
    before = store.load().tenants[CLAMART]
    changes = _plan(store.load(), vault, _file(tenant={"token": None, "name": "CCAS renommé"}))
    assert _kinds(changes)[1] == (ChangeKind.CHANGED, ("name",))
    _write(store, changes)
    after = store.load().tenants[CLAMART]
    assert after.name == "CCAS renommé"
    assert (after.sealed_token, after.token_set_at) == (before.sealed_token, before.token_set_at)


def test_credentials_at_the_dgfip_are_loaded_as_they_were_planned(store: RegistryStore, vault: Vault) -> None:
    changes = _plan(store.load(), vault, WITH_DGFIP)
    _write(store, changes)
    tenant = store.load().tenants[CLAMART]
    assert tenant == changes[1].record
    assert tenant.dgfip_set_at == NOW
    assert tenant.sealed_dgfip is not None
    opened = read_credentials(vault.open(CLAMART, SecretField.DGFIP, tenant.sealed_dgfip))
    assert opened == DgfipCredentials(client_id="dgfip-id", client_secret="dgfip-secret")
    for private in ("dgfip-id", "dgfip-secret", tenant.sealed_dgfip):
        assert private not in repr(changes)


def test_credentials_at_the_dgfip_change_apart_from_the_token(store: RegistryStore, vault: Vault) -> None:
    _write(store, _plan(store.load(), vault))
    added, changed = NOW + timedelta(days=1), NOW + timedelta(days=2)
    changes = _plan(store.load(), vault, WITH_DGFIP, now=added)
    assert _kinds(changes)[1] == (ChangeKind.CHANGED, ("dgfip",))
    _write(store, changes)
    before = store.load().tenants[CLAMART]
    assert (before.token_set_at, before.dgfip_set_at) == (NOW, added)
    again = _plan(store.load(), vault, WITH_DGFIP, now=changed)
    assert _kinds(again)[1] == (ChangeKind.UNCHANGED, ())
    assert again[1].record == before
    changes = _plan(store.load(), vault, WITH_DGFIP, secret="another-secret", now=changed)
    assert _kinds(changes)[1] == (ChangeKind.CHANGED, ("dgfip",))
    _write(store, changes)
    after = store.load().tenants[CLAMART]
    assert (after.token_set_at, after.dgfip_set_at) == (NOW, changed)
    assert after.sealed_token == before.sealed_token


@pytest.mark.parametrize("change", [{"id_teleservice": "TS-1"}, {"scope": "RessourceIR RessourceIRDerniere"}])
def test_what_goes_with_the_credentials_is_a_change_too(
    store: RegistryStore, vault: Vault, change: dict[str, str]
) -> None:
    _write(store, _plan(store.load(), vault, WITH_DGFIP))
    entry = WITH_DGFIP.tenants[CLAMART].model_dump(exclude_unset=True)["dgfip"]
    changes = _plan(store.load(), vault, _file(tenant={"dgfip": entry | change}))
    assert _kinds(changes)[1] == (ChangeKind.CHANGED, ("dgfip",))


def test_credentials_that_the_file_leaves_out_stay(store: RegistryStore, vault: Vault) -> None:
    _write(store, _plan(store.load(), vault, WITH_DGFIP))
    before = store.load().tenants[CLAMART]
    _write(store, _plan(store.load(), vault, _file(tenant={"name": "CCAS renommé"})))
    after = store.load().tenants[CLAMART]
    assert after.name == "CCAS renommé"
    assert (after.sealed_dgfip, after.dgfip_set_at) == (before.sealed_dgfip, before.dgfip_set_at)


def test_the_commands_tell_since_when_and_show_no_secret(
    store: RegistryStore, vault: Vault, database: Database
) -> None:
    environ = {"CONNECTOR_DATABASE_URL": database.url, "COLUMNS": "200"}

    def said(*arguments: str) -> str:
        result = CliRunner().invoke(tenants_command, arguments, env=environ)
        assert result.exit_code == 0
        assert "dgfip-id" not in result.output
        assert "dgfip-secret" not in result.output
        return result.output

    _write(store, _plan(store.load(), vault))
    assert "dgfip    none" in said("show", CLAMART)
    assert said("list").count("2026-11-23") == 1
    _write(store, _plan(store.load(), vault, WITH_DGFIP, now=NOW + timedelta(days=1)))
    assert "dgfip    set 2026-11-24T09:00:00+00:00" in said("show", CLAMART)
    assert "token    set 2026-11-23T09:00:00+00:00" in said("show", CLAMART)
    assert "2026-11-24 09:00 UTC" in said("list")


def test_what_differs_is_named(store: RegistryStore, vault: Vault) -> None:
    _write(store, _plan(store.load(), vault))
    changes = _plan(store.load(), vault, _file({"preset": "all", "publisher": "Autre"}, {"vendors": []}))
    assert set(changes[0].fields) == {"preset", "publisher"}
    assert changes[1].fields == ("vendors",)
    _write(store, changes)
    registry = store.load()
    assert registry.vendors["millesime"].preset == "all"
    assert registry.tenants[CLAMART].vendors == frozenset()


def test_entries_that_the_file_does_not_name_are_left_alone(store: RegistryStore, vault: Vault) -> None:
    _write(store, _plan(store.load(), vault))
    other = TenantsFile.model_validate(
        {"tenants": {BOURG: {"name": "CCAS du Bourg", "vendors": ["millesime"]}}},
    )
    _write(store, _plan(store.load(), vault, other))
    assert set(store.load().tenants) == {CLAMART, BOURG}
    assert store.load().tenants[BOURG].token_set_at is None


def test_a_plan_writes_nothing(store: RegistryStore, vault: Vault) -> None:
    _plan(store.load(), vault)
    assert store.load() == Registry(revision=0, vendors={}, tenants={})


def test_a_dry_run_of_the_command_writes_nothing(
    store: RegistryStore, database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "tenants.toml"
    file.write_text('[vendors.millesime]\nproduct = "M"\npublisher = "Up"\npreset = "millesime"\n', "utf-8")
    environ = {"CONNECTOR_DATABASE_URL": database.url, "CONNECTOR_SECRET_KEY": new_key()}
    dry = CliRunner().invoke(tenants_command, ["import", str(file), "--dry-run"], env=environ)
    assert (dry.exit_code, store.revision()) == (0, 0)
    assert "vendor millesime" in dry.output
    wet = CliRunner().invoke(tenants_command, ["import", str(file)], env=environ)
    assert (wet.exit_code, store.revision(), set(store.load().vendors)) == (0, 1, {"millesime"})


def test_a_tenant_of_an_unknown_vendor_is_refused(store: RegistryStore, vault: Vault) -> None:
    with pytest.raises(TenantsFileError, match=rf"tenants\.{CLAMART}\.vendors: nobody "):
        _plan(store.load(), vault, _file(tenant={"vendors": ["millesime", "nobody"]}))


def test_a_token_that_cannot_be_had_stops_the_import(store: RegistryStore, vault: Vault) -> None:
    with pytest.raises(TenantsFileError, match=r"CLAMART is not set"):
        plan_import(_file(), store.load(), vault, {}, NOW)
    with pytest.raises(TenantsFileError, match=r"DGFIP is not set"):
        plan_import(WITH_DGFIP, store.load(), vault, {"CLAMART": TOKEN}, NOW)
    for unusable in ("sesame words", "sesame\nlines", "sesame-uuid", "eyJ.sesame.three"):
        with pytest.raises(TenantsFileError) as caught:
            _plan(store.load(), vault, token=unusable)
        assert str(caught.value).startswith(
            f"tenants.{CLAMART}.token: the environment variable CLAMART holds no"
        )
        assert "sesame" not in str(caught.value)


@pytest.mark.parametrize("place", ["env", "file"])
@pytest.mark.parametrize("secret", [TOKEN, "sesame-of-the-dgfip", "sesameOfTheDgfip1"])
def test_a_secret_in_the_place_of_its_name_is_not_shown(
    store: RegistryStore, vault: Vault, place: str, secret: str
) -> None:
    with pytest.raises(TenantsFileError, match="looks like the secret itself") as caught:
        plan_import(_file(tenant={"token": {place: secret}}), store.load(), vault, {}, NOW)
    assert secret not in str(caught.value)


def test_the_file_that_holds_no_token_is_named(store: RegistryStore, vault: Vault) -> None:
    for name in ("/run/secrets/ccas-clamart", "clamart.txt"):
        with pytest.raises(TenantsFileError, match=f"the file {name} cannot be read"):
            plan_import(_file(tenant={"token": {"file": name}}), store.load(), vault, {}, NOW)


def test_a_change_and_a_tenant_show_no_token(store: RegistryStore, vault: Vault) -> None:
    changes = _plan(store.load(), vault)
    sealed = next(change.record for change in changes if isinstance(change.record, Tenant)).sealed_token
    assert sealed is not None
    assert TOKEN not in repr(changes)
    assert sealed not in repr(changes)


def test_no_token_and_no_key_is_readable_at_rest(
    store: RegistryStore, vault: Vault, engine: Engine, key: str, database: Database
) -> None:
    _write(store, _plan(store.load(), vault, WITH_DGFIP))
    written = database.at_rest()
    engine.dispose()
    written += database.at_rest()
    assert "Millésime".encode() in written
    secrets = [
        word.encode() for word in (TOKEN, max(TOKEN.split("."), key=len), "dgfip-id", DGFIP_SECRET, key)
    ]
    for secret in (*secrets, urlsafe_b64decode(key)):
        for form in forms(secret):
            assert form not in written


def test_a_failed_save_leaves_everything_as_it_was(store: RegistryStore) -> None:
    vendor = Vendor(name="millesime", product="M", publisher="Up", preset="all")
    orphan = Tenant(siret=CLAMART, name="CCAS", vendors=frozenset({"nobody"}))
    with pytest.raises(IntegrityError):
        store.save([vendor], [orphan])
    assert store.load() == Registry(revision=0, vendors={}, tenants={})


def test_each_save_is_a_new_revision(store: RegistryStore) -> None:
    vendor = Vendor(name="millesime", product="M", publisher="Up", preset="all")
    for revision in (1, 2):
        store.save([vendor], [])
        assert store.revision() == store.load().revision == revision


def test_a_save_that_was_decided_on_another_revision_changes_nothing(
    store: RegistryStore, vault: Vault
) -> None:
    read = store.load()
    _write(store, _plan(read, vault))
    before = store.load()
    vendor = Vendor(name="millesime", product="Overtaken", publisher="Up", preset="all")
    with pytest.raises(DatabaseError, match="has changed since it was read"):
        store.save([vendor], [], decided_on=read.revision)
    assert store.load() == before
    store.save([vendor], [], decided_on=before.revision)
    assert store.load().vendors["millesime"].product == "Overtaken"


def test_saves_at_once_wait_for_each_other(store: RegistryStore, engine: Engine) -> None:
    """None is lost, refused or half of another, though each writes what the others write."""
    vendors = [Vendor(name=name, product="M", publisher="Up", preset="all") for name in ("a", "b", "c")]

    def save(number: int) -> None:
        ordered = vendors if number % 2 else vendors[::-1]
        store.save(
            [replace(vendor, product=f"{number}") for vendor in ordered],
            [Tenant(siret=CLAMART, name=f"{number}", vendors=frozenset({"a", "b"}))],
        )

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(save, range(20))) == [None] * 20
    registry = store.load()
    assert registry.revision == 20
    assert len({registry.tenants[CLAMART].name, *(each.product for each in registry.vendors.values())}) == 1


def test_a_load_is_of_one_instant(store: RegistryStore, engine: Engine, database: Database) -> None:
    """Though another process saves between two of its queries."""
    store.save([Vendor(name="millesime", product="M", publisher="Up", preset="all")], [])
    before = store.load()
    other = open_database(SecretStr(database.url))
    between: list[str] = []

    def save_once(*arguments: Any) -> None:
        statement = arguments[2]
        if statement.startswith("SELECT") and not between:
            between.append(statement)
            tenant = Tenant(siret=CLAMART, name="CCAS", vendors=frozenset({"arche"}))
            arche = Vendor(name="arche", product="A", publisher="E", preset="ccas")
            RegistryStore(other).save([arche], [tenant])

    event.listen(engine, "after_cursor_execute", save_once)
    assert store.load() == before
    assert between
    assert set(store.load().vendors) == {"millesime", "arche"}
    other.dispose()


def test_the_migrations_make_the_tables_of_the_code(engine: Engine) -> None:
    options = {"compare_type": True, "compare_server_default": True}
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, METADATA) == []


def _migrate(engine: Engine, direction: Callable[[Config, str], None], revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        direction(config, revision)


def test_a_database_of_the_first_schema_is_upgraded_with_what_it_holds(
    database: Database, vault: Vault
) -> None:
    engine = open_database(SecretStr(database.url))
    _migrate(engine, command.upgrade, "0001")
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO tenants (siret, name, sealed_token) VALUES (:siret, 'CCAS', :sealed)"),
            {"siret": CLAMART, "sealed": vault.seal(CLAMART, SecretField.TOKEN, TOKEN)},
        )
    upgrade(engine)
    ensure_current(engine)
    tenant = RegistryStore(engine).load().tenants[CLAMART]
    assert (tenant.name, tenant.sealed_dgfip, tenant.dgfip_set_at) == ("CCAS", None, None)
    assert tenant.sealed_token is not None
    assert vault.open(CLAMART, SecretField.TOKEN, tenant.sealed_token) == TOKEN
    _migrate(engine, command.downgrade, "0001")
    with engine.connect() as connection:
        assert "sealed_dgfip" not in {column["name"] for column in inspect(connection).get_columns("tenants")}
        assert connection.execute(text("SELECT count(*) FROM tenants")).scalar_one() == 1
    engine.dispose()


def _shape(engine: Engine) -> dict[str, set[tuple[str, str]]]:
    """Return the columns and indexes of each table."""
    inspector = inspect(engine)
    return {
        table: {(column["name"], repr(column["type"])) for column in inspector.get_columns(table)}
        | {("index", str(index["name"])) for index in inspector.get_indexes(table)}
        for table in inspector.get_table_names()
    }


def test_each_migration_goes_up_and_down_and_up_again(database: Database) -> None:
    engine = open_database(SecretStr(database.url))
    script = ScriptDirectory(str(MIGRATIONS))
    revisions = [revision.revision for revision in script.walk_revisions()][::-1]
    assert len(revisions) >= 4
    shapes = {}
    for revision in revisions:
        _migrate(engine, command.upgrade, revision)
        shapes[revision] = _shape(engine)
    for revision in revisions[-2::-1]:
        _migrate(engine, command.downgrade, revision)
        assert _shape(engine) == shapes[revision]
    _migrate(engine, command.downgrade, "base")
    assert set(_shape(engine)) == {"alembic_version"}
    _migrate(engine, command.upgrade, "head")
    assert _shape(engine) == shapes[revisions[-1]]
    engine.dispose()


def test_constraints_are_named_by_the_convention_of_the_code(engine: Engine) -> None:
    inspector = inspect(engine)
    for table in METADATA.sorted_tables:
        assert inspector.get_pk_constraint(table.name)["name"] == f"pk_{table.name}"
        wanted = {f"fk_{table.name}_{key.parent.name}_{key.column.table.name}" for key in table.foreign_keys}
        assert {key["name"] for key in inspector.get_foreign_keys(table.name)} == wanted


def test_ensuring_twice_changes_nothing(engine: Engine, store: RegistryStore) -> None:
    store.save([Vendor(name="millesime", product="M", publisher="Up", preset="all")], [])
    statements: list[str] = []

    def record(*arguments: Any) -> None:
        statements.append(arguments[2])

    event.listen(engine, "before_cursor_execute", record)
    ensure_current(engine)
    upgrade(engine)
    writing = ("CREATE", "INSERT", "UPDATE", "DELETE", "ALTER", "DROP")
    assert statements
    assert not [statement for statement in statements if statement.lstrip().upper().startswith(writing)]
    assert set(store.load().vendors) == {"millesime"}


async def _refresh(cache: RegistryCache) -> bool:
    return await cache._refresh()  # noqa: SLF001 - one turn of the endless refresh, without its wait


async def test_the_cache_serves_a_change_after_a_refresh(store: RegistryStore, vault: Vault) -> None:
    cache = RegistryCache(store, vault, Freshness(300))
    _write(store, _plan(store.load(), vault))
    assert cache.registry.revision == 0
    assert await _refresh(cache)
    assert cache.registry == store.load()
    assert set(cache.registry.tenants) == {CLAMART}


async def test_the_cache_keeps_what_has_not_changed(store: RegistryStore, vault: Vault) -> None:
    _write(store, _plan(store.load(), vault))
    cache = RegistryCache(store, vault, Freshness(300))
    before = cache.registry
    assert not await _refresh(cache)
    assert cache.registry is before


async def test_the_cache_keeps_the_last_registry_while_the_database_is_away(
    store: RegistryStore,
    vault: Vault,
    engine: Engine,
    database: Database,
) -> None:
    _write(store, _plan(store.load(), vault))
    cache = RegistryCache(store, vault, Freshness(300))
    before = cache.registry
    database.take_away(engine)
    with capture_logs() as logs:
        assert not await _refresh(cache)
        assert not await _refresh(cache)
    assert cache.registry is before
    assert [entry["event"] for entry in logs] == ["registry.unreachable"]
    database.bring_back(engine)
    store.save([Vendor(name="sonate-opus", product="S", publisher="A", preset="sonate-opus")], [])
    assert await _refresh(cache)
    assert set(cache.registry.vendors) == {"millesime", "sonate-opus"}


async def test_a_second_absence_of_the_database_is_logged_again(
    store: RegistryStore,
    vault: Vault,
    engine: Engine,
    database: Database,
) -> None:
    cache = RegistryCache(store, vault, Freshness(300))
    with capture_logs() as logs:
        for _ in range(2):
            database.take_away(engine)
            await _refresh(cache)
            database.bring_back(engine)
            await _refresh(cache)
    assert [entry["event"] for entry in logs] == ["registry.unreachable"] * 2


async def test_the_cache_opens_the_token_in_force(store: RegistryStore, vault: Vault) -> None:
    _write(store, _plan(store.load(), vault))
    cache = RegistryCache(store, vault, Freshness(300))

    def opened() -> str:
        sealed = cache.registry.tenants[CLAMART].sealed_token
        assert sealed is not None
        return cache.secret(CLAMART, SecretField.TOKEN, sealed)

    assert (opened(), opened()) == (TOKEN, TOKEN)
    _write(store, _plan(store.load(), vault, token=ANOTHER))
    await _refresh(cache)
    assert opened() == ANOTHER


def test_a_token_sealed_for_another_tenant_is_refused_even_once_opened(
    store: RegistryStore,
    vault: Vault,
) -> None:
    """A row copied onto another tenant's must not lend it the first one's token."""
    cache = RegistryCache(store, vault, Freshness(300))
    sealed = vault.seal(CLAMART, SecretField.TOKEN, TOKEN)
    assert cache.secret(CLAMART, SecretField.TOKEN, sealed) == TOKEN
    with pytest.raises(VaultError):
        cache.secret(BOURG, SecretField.TOKEN, sealed)
