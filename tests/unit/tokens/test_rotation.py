"""During a rotation the former token serves until the API has answered the new one; nobody's change is lost."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine

from connector.jobs.records import SecretField, Tenant
from connector.sources.introspection import Accepted, Introspection, Refused, Undecided
from connector.storage.database import open_database
from connector.storage.registry.store import RegistryStore
from connector.storage.registry.token_store import StoredToken, TokenStore
from connector.storage.schema import ensure_current
from connector.tokens.check import Ask
from connector.tokens.rotation import NewToken, Rotated, RotationError, rotate
from connector.vault import Vault, new_key
from schemas.codes import CheckCode

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=540)
SIRET = "26920023600017"
VAULT = Vault(SecretStr(new_key()))
TENANT = Tenant(
    siret=SIRET,
    name="CCAS",
    vendors=frozenset(),
    sealed_token=VAULT.seal(SIRET, SecretField.TOKEN, "former"),
    token_set_at=NOW - timedelta(days=500),
)
NEW = NewToken(text="new", expires_at=LATER)
TAKEN = Accepted(frozenset())
AWAY = Undecided(CheckCode.NETWORK_ERROR)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_database(SecretStr(f"sqlite:///{tmp_path / 'registry.db'}"))
    ensure_current(opened)
    RegistryStore(opened).save([], [TENANT])
    yield opened
    opened.dispose()


def _says(said: Introspection) -> Ask:
    async def ask(token: str) -> Introspection:
        assert token == "new"
        return said

    return ask


async def _rotate(engine: Engine, ask: Ask, *, tenant: Tenant = TENANT, dry_run: bool = False) -> Rotated:
    return await rotate(tenant, NEW, NOW, vault=VAULT, store=TokenStore(engine), ask=ask, dry_run=dry_run)


def _tenant(engine: Engine) -> Tenant:
    return RegistryStore(engine).load().tenants[SIRET]


def _opened(tenant: Tenant) -> tuple[str | None, str | None]:
    """Return the token in force and the one that waits."""
    return (
        None if (token := tenant.sealed_token) is None else VAULT.open(SIRET, SecretField.TOKEN, token),
        None
        if (waiting := tenant.sealed_next_token) is None
        else VAULT.open(SIRET, SecretField.NEXT_TOKEN, waiting),
    )


async def test_a_new_token_that_the_api_takes_is_in_force(engine: Engine) -> None:
    assert await _rotate(engine, _says(TAKEN)) is Rotated.IN_FORCE
    tenant = _tenant(engine)
    assert _opened(tenant) == ("new", None)
    assert (tenant.token_set_at, tenant.token_expires_at) == (NOW, LATER)


async def test_while_the_api_is_away_the_former_token_serves(engine: Engine) -> None:
    assert await _rotate(engine, _says(AWAY)) is Rotated.WAITING
    tenant = _tenant(engine)
    assert _opened(tenant) == ("former", "new")
    assert tenant.token_set_at == TENANT.token_set_at


async def test_a_new_token_that_the_api_refuses_changes_nothing(engine: Engine) -> None:
    with pytest.raises(RotationError, match=r"refuses the new token \(token_revoked\); nothing was changed"):
        await _rotate(engine, _says(Refused(CheckCode.TOKEN_REVOKED)))
    assert _tenant(engine) == TENANT


@pytest.mark.parametrize(("said", "end"), [(TAKEN, Rotated.IN_FORCE), (AWAY, Rotated.WAITING)])
async def test_a_dry_run_asks_and_changes_nothing(engine: Engine, said: Introspection, end: Rotated) -> None:
    assert await _rotate(engine, _says(said), dry_run=True) is end
    assert _tenant(engine) == TENANT


@pytest.mark.parametrize("said", [TAKEN, AWAY])
async def test_a_token_that_was_set_while_the_api_was_asked_is_kept(
    engine: Engine, said: Introspection
) -> None:
    others = StoredToken(
        sealed=VAULT.seal(SIRET, SecretField.TOKEN, "another's"), expires_at=None, set_at=NOW
    )

    async def ask(_token: str) -> Introspection:
        assert TokenStore(engine).set(SIRET, others)
        return said

    with pytest.raises(RotationError, match="changed meanwhile"):
        await _rotate(engine, ask)
    tenant = _tenant(engine)
    assert _opened(tenant) == ("another's", None)


async def test_the_token_in_force_is_not_rotated_to_itself(engine: Engine) -> None:
    tenant = replace(TENANT, sealed_token=VAULT.seal(SIRET, SecretField.TOKEN, "new"))
    assert await _rotate(engine, _says(Refused(CheckCode.TOKEN_INVALID)), tenant=tenant) is Rotated.UNCHANGED


async def test_a_tenant_without_a_token_has_nothing_to_rotate(engine: Engine) -> None:
    with pytest.raises(RotationError, match=f"tenants token set {SIRET}"):
        await _rotate(engine, _says(TAKEN), tenant=replace(TENANT, sealed_token=None))
