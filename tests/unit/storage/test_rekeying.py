"""A change of key: every stored secret is sealed again, and nothing is changed where one cannot be opened."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import Engine

from connector.cli.registry.commands import registry as registry_command
from connector.jobs.records import SecretField, Tenant
from connector.storage.database import open_database
from connector.storage.registry.rekeying import plan_rekeying, rekey
from connector.storage.registry.store import RegistryStore
from connector.storage.registry.token_store import StoredToken, TokenStore
from connector.storage.schema import ensure_current
from connector.vault import Vault, VaultError, new_key

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
FORMER, NEW = new_key(), new_key()
SIRETS = [f"356000000{number:05}" for number in range(120)]


def _vault(*keys: str) -> Vault:
    return Vault(SecretStr(",".join(keys)))


BOTH = _vault(NEW, FORMER)


def _tenant(siret: str, key: str = FORMER) -> Tenant:
    vault = _vault(key)
    return Tenant(
        siret=siret,
        name="CCAS",
        vendors=frozenset(),
        sealed_token=vault.seal(siret, SecretField.TOKEN, f"token of {siret}"),
        sealed_next_token=vault.seal(siret, SecretField.NEXT_TOKEN, f"next of {siret}"),
        sealed_dgfip=vault.seal(siret, SecretField.DGFIP, f"dgfip of {siret}"),
    )


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_database(SecretStr(f"sqlite:///{tmp_path / 'registry.db'}"))
    ensure_current(opened)
    RegistryStore(opened).save([], [_tenant(siret) for siret in SIRETS])
    yield opened
    opened.dispose()


def _tenants(engine: Engine) -> list[Tenant]:
    return list(RegistryStore(engine).load().tenants.values())


def _seen(_one: object) -> None:
    pass


def test_every_secret_opens_under_the_new_key_alone(engine: Engine) -> None:
    plan = plan_rekeying(_tenants(engine), BOTH)
    former = BOTH.key_names[1]
    assert (dict(plan.by_key), len(plan.stale)) == ({former: 360}, 360)
    assert rekey(plan.stale, BOTH, TokenStore(engine), _seen) == 360
    alone = _vault(NEW)
    for tenant in _tenants(engine):
        opened = {name: alone.open(tenant.siret, name, sealed) for name, sealed in tenant.secrets.items()}
        assert opened == {
            "sealed_token": f"token of {tenant.siret}",
            "sealed_next_token": f"next of {tenant.siret}",
            "sealed_dgfip": f"dgfip of {tenant.siret}",
        }
    again = plan_rekeying(_tenants(engine), BOTH)
    assert (dict(again.by_key), again.stale) == ({BOTH.key_names[0]: 360}, ())


def test_one_that_was_interrupted_goes_on(engine: Engine) -> None:
    stale = plan_rekeying(_tenants(engine), BOTH).stale
    assert rekey(stale[:70], BOTH, TokenStore(engine), _seen) == 70
    rest = plan_rekeying(_tenants(engine), BOTH)
    assert rest.by_key == {BOTH.key_names[0]: 70, BOTH.key_names[1]: 290}
    assert rekey(rest.stale, BOTH, TokenStore(engine), _seen) == 290


def test_a_token_that_is_set_meanwhile_is_kept(engine: Engine) -> None:
    stale = plan_rekeying(_tenants(engine), BOTH).stale
    token = StoredToken(
        sealed=BOTH.seal(SIRETS[0], SecretField.TOKEN, "another"), expires_at=None, set_at=NOW
    )
    TokenStore(engine).set(SIRETS[0], token)
    assert rekey(stale, BOTH, TokenStore(engine), _seen) == 358
    (first,) = [tenant for tenant in _tenants(engine) if tenant.siret == SIRETS[0]]
    assert (first.sealed_token, first.sealed_next_token) == (token.sealed, None)


def test_a_secret_that_no_key_opens_stops_it() -> None:
    tenants = [_tenant(SIRETS[0]), _tenant(SIRETS[1], new_key())]
    with pytest.raises(VaultError, match=f"opens 3 of 6 stored secrets, not those of tenant {SIRETS[1]}"):
        plan_rekeying(tenants, BOTH)


def _run(tmp_path: Path, key: str, *options: str) -> tuple[int, str, str]:
    environ = {"CONNECTOR_DATABASE_URL": f"sqlite:///{tmp_path / 'registry.db'}", "CONNECTOR_SECRET_KEY": key}
    result = CliRunner().invoke(registry_command, ["rekey", *options], env=environ)
    assert not [secret for secret in (FORMER, NEW, "token of") if secret in result.output]
    return result.exit_code, result.stdout, result.stderr


def test_a_wrong_key_changes_nothing(engine: Engine, tmp_path: Path) -> None:
    before = _tenants(engine)
    status, out, err = _run(tmp_path, new_key())
    assert (status, out) == (2, "")
    (line,) = err.splitlines()
    assert line.startswith("ccas-connector: CONNECTOR_SECRET_KEY: opens 0 of 360 stored secrets")
    assert _tenants(engine) == before


def test_with_one_key_there_is_nothing_to_do(engine: Engine, tmp_path: Path) -> None:
    before = _tenants(engine)
    status, out, _err = _run(tmp_path, FORMER)
    assert (status, out) == (0, f"key {_vault(FORMER).key_names[0]} (in force): 360 secrets\n")
    assert _tenants(engine) == before


def test_secrets_of_the_former_form_are_sealed_again_under_the_same_key(
    tmp_path: Path, engine: Engine
) -> None:
    """They did not name the field that holds them."""
    token, credentials = "a.token:of.old", '{"client_id": "a", "client_secret": "token of DGFiP"}'
    former = {
        SecretField.TOKEN: _former(SIRETS[0], token),
        SecretField.DGFIP: _former(SIRETS[0], credentials),
    }
    tenant = Tenant(
        siret=SIRETS[0],
        name="CCAS",
        vendors=frozenset(),
        sealed_token=former[SecretField.TOKEN],
        sealed_dgfip=former[SecretField.DGFIP],
    )
    RegistryStore(engine).save([], [tenant])
    status, out, _err = _run(tmp_path, FORMER, "--dry-run")
    assert (status, "2 secrets would be sealed again" in out) == (0, True)
    status, out, _err = _run(tmp_path, FORMER)
    assert (status, "2 of 2 secrets sealed again under key" in out) == (0, True)
    stored, vault = RegistryStore(engine).load().tenants[SIRETS[0]], _vault(FORMER)
    opened = {held_as: vault.open(SIRETS[0], held_as, sealed) for held_as, sealed in stored.secrets.items()}
    assert opened == {SecretField.TOKEN: token, SecretField.DGFIP: credentials}
    assert not set(former.values()) & set(stored.secrets.values())
    assert plan_rekeying([stored], vault).stale == ()
    status, out, _err = _run(tmp_path, FORMER)
    assert (status, "sealed again" in out) == (0, False)


def _former(siret: str, secret: str) -> str:
    return Fernet(FORMER).encrypt(f"{siret}:{secret}".encode()).decode()


def test_a_secret_in_another_field_than_its_own_stops_it(engine: Engine) -> None:
    """Sealed again, it would become what it is not."""
    before = _tenants(engine)
    swapped = replace(before[0], sealed_token=before[0].sealed_dgfip)
    with pytest.raises(
        VaultError, match=f"stored as the token of tenant {swapped.siret} was sealed for another"
    ):
        plan_rekeying([swapped], BOTH)
