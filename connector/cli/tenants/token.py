"""``ccas-connector tenants token``: each tenant's token at API Particulier, from its first to its last day."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from connector.cli.options import fail, failing_cleanly, settings_or_exit
from connector.cli.tenants.token_check import check

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from connector.jobs.records import Tenant
    from connector.settings.settings import Settings
    from connector.tokens.rotation import NewToken
    from connector.vault import Vault

DRY_RUN: Final = click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")


def _token_options(command: Any) -> Any:
    """Add where a token is read from: never an argument, which other users of the machine could see."""
    in_file = click.option(
        "--file", type=click.Path(path_type=Path, dir_okay=False), help="File that holds the token."
    )
    in_environment = click.option("--env", metavar="NAME", help="Environment variable that holds the token.")
    return in_file(in_environment(command))


@click.group()
def token() -> None:
    """Set, rotate, check and revoke the tenants' tokens at API Particulier.

    A token is read from a file, from an environment variable or from standard input. Workers use a change within
    seconds, without a restart.
    """


token.add_command(check)


@token.command("set")
@click.argument("siret")
@_token_options
@DRY_RUN
def set_token(*, siret: str, file: Path | None, env: str | None, dry_run: bool) -> None:
    """Give the tenant SIRET a token, in place of the one it may have. The API is not asked.

    To replace one that serves, rotate it: the former one then serves until the API has answered the new one.

    Example: ccas-connector tenants token set 26920023600017 --file /run/secrets/ccas-clamart
    """
    from connector.clock import utc_now
    from connector.jobs.records import SecretField
    from connector.storage.registry.token_store import StoredToken, TokenStore

    with failing_cleanly():
        engine, tenant, vault = _open(settings_or_exit(), siret)
        new = _new_token(siret, file, env)
        sealed = vault.seal(siret, SecretField.TOKEN, new.text)
        stored = StoredToken(sealed=sealed, expires_at=new.expires_at, set_at=utc_now())
        if not dry_run and not TokenStore(engine).set(siret, stored):
            fail(f"tenant {siret} was removed meanwhile; nothing was written")
    replaced = ", in place of the one it had" if tenant.sealed_token else ""
    click.echo(f"{'would be set' if dry_run else 'set'}{replaced}; {_expiry(new)}")
    click.echo(f"ask the API about it: ccas-connector tenants token check {siret}")


@token.command()
@click.argument("siret")
@_token_options
@DRY_RUN
def rotate(*, siret: str, file: Path | None, env: str | None, dry_run: bool) -> None:
    """Replace the token of the tenant SIRET once the API has answered the new one.

    The API is asked at once. It takes the new token: it is in force. It refuses it: an error, nothing is changed. It
    cannot be asked: the new token waits, the former one serves, and ccas-connector beat tries again every few
    minutes.

    Example: ccas-connector tenants token rotate 26920023600017 --file /run/secrets/ccas-clamart-2028
    """
    import asyncio

    from connector.bootstrap.egress import open_transport
    from connector.bootstrap.tokens import build_introspector
    from connector.clock import utc_now
    from connector.storage.registry.token_store import TokenStore
    from connector.tokens.rotation import Rotated
    from connector.tokens.rotation import rotate as rotate_token

    settings = settings_or_exit()
    with failing_cleanly():
        engine, tenant, vault = _open(settings, siret)
        new = _new_token(siret, file, env)

        async def run() -> Rotated:
            introspector = build_introspector(settings, open_transport(settings))
            try:
                return await rotate_token(
                    tenant,
                    new,
                    utc_now(),
                    vault=vault,
                    store=TokenStore(engine),
                    ask=introspector.ask,
                    dry_run=dry_run,
                )
            finally:
                await introspector.close()

        end = asyncio.run(run())
    tail = "; nothing was written (dry run)" if dry_run else ""
    says = {
        Rotated.UNCHANGED: "this token is in force already",
        Rotated.IN_FORCE: f"the API takes the new token: {'it would be' if dry_run else 'it is'} in force",
        Rotated.WAITING: (
            "the API could not be asked: the former token serves, and the new one waits until ccas-connector beat "
            "has had an answer for it"
        ),
    }
    click.echo(f"{says[end]}; {_expiry(new)}{tail}")


@token.command()
@click.argument("siret")
@click.option("--yes", is_flag=True, help="Do not ask.")
@DRY_RUN
def revoke(*, siret: str, yes: bool, dry_run: bool) -> None:
    """Remove the token of the tenant SIRET, and the one that waits to replace it. Its jobs are then token_missing.

    The API goes on taking the token itself, until it is revoked there.

    Example: ccas-connector tenants token revoke 26920023600017 --dry-run
    """
    from connector.bootstrap.registry import open_current_database
    from connector.storage.registry.store import RegistryStore
    from connector.storage.registry.token_store import TokenStore

    with failing_cleanly():
        engine = open_current_database(settings_or_exit())
        tenant = _tenant(RegistryStore(engine), siret)
    held = [
        what
        for what, sealed in (
            ("its token", tenant.sealed_token),
            ("the one that waits", tenant.sealed_next_token),
        )
        if sealed
    ]
    if not held:
        click.echo(f"tenant {siret} has no token")
        return
    if dry_run:
        click.echo(f"{' and '.join(held)} would be removed from tenant {siret} ({tenant.name})")
        return
    if not yes:
        click.confirm(
            f"Remove {' and '.join(held)} from tenant {siret} ({tenant.name}) for good?", abort=True
        )
    with failing_cleanly():
        TokenStore(engine).revoke(siret)
    click.echo(f"{' and '.join(held)} removed from tenant {siret}; the API itself was not told")


def _open(settings: "Settings", siret: str) -> "tuple[Engine, Tenant, Vault]":
    """Return the database, the tenant, and a vault whose key is the one of the tokens stored."""
    from connector.bootstrap.registry import open_current_database
    from connector.storage.registry.key_check import check_key
    from connector.storage.registry.store import RegistryStore
    from connector.vault import Vault

    vault = Vault(settings.secret_key)
    engine = open_current_database(settings)
    store = RegistryStore(engine)
    tenant = _tenant(store, siret)
    check_key(store.load().tenants.values(), vault.open)
    return engine, tenant, vault


def _tenant(store: Any, siret: str) -> "Tenant":
    tenant: Tenant | None = store.load().tenants.get(siret)
    if tenant is None:
        fail(f"no tenant has the SIRET {siret}; see: ccas-connector tenants list")
    return tenant


def _new_token(siret: str, file: Path | None, env: str | None) -> "NewToken":
    from connector.clock import utc_now
    from connector.jobs.jwt_claims import NotAJwtError, expiry_of
    from connector.storage.registry.tenants_file import TokenEntry, resolve_jwt
    from connector.tokens.rotation import NewToken

    if file is not None and env is not None:
        fail("give --file or --env, not both")
    if file is not None or env is not None:
        text, expires_at = resolve_jwt(siret, TokenEntry(file=file, env=env), os.environ)
    else:
        text = (
            click.prompt("Token", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.read()
        ).strip()
        try:
            expires_at = expiry_of(text)
        except NotAJwtError as error:
            fail(f"standard input holds no token: {error}")
    if expires_at is not None and expires_at <= utc_now():
        fail(f"this token expired on {expires_at:%Y-%m-%d %H:%M} UTC; nothing was changed")
    return NewToken(text=text, expires_at=expires_at)


def _expiry(new: "NewToken") -> str:
    return (
        f"expires on {new.expires_at:%Y-%m-%d %H:%M} UTC"
        if new.expires_at
        else "it does not say when it expires"
    )
