"""``ccas-connector tenants token check``: what the API says of each token, beside what the vendors' grants need."""

import json
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from connector.cli.options import AS_JSON, fail, failing_cleanly, settings_or_exit
from connector.clock import spell

if TYPE_CHECKING:
    from connector.jobs.records import Registry, Tenant
    from connector.settings.settings import Settings
    from connector.tokens.check import TokenReport
    from connector.vault import Vault

_SCOPES_SHOWN = 4


@click.command()
@click.argument("sirets", nargs=-1, metavar="[SIRET]...")
@AS_JSON
def check(*, sirets: tuple[str, ...], as_json: bool) -> None:
    """Ask the API about the token of each SIRET, of every tenant where none is given, two a second.

    Shows the scopes that a token lacks of what the grants of the tenant's vendors need, those that it has beyond
    that, and when it expires. A token that has expired, as it says itself, is not asked about.

    Exits 0 when every token serves, 1 when one needs a hand: it is absent, refused or expired, expires within 60
    days, lacks a scope, or the API did not answer.

    Example: ccas-connector tenants token check 26920023600017
    """
    import asyncio

    from connector.bootstrap.registry import open_registry
    from connector.clock import utc_now
    from connector.storage.registry.key_check import check_key
    from connector.vault import Vault

    settings = settings_or_exit()
    with failing_cleanly():
        vault = Vault(settings.secret_key)
        registry = open_registry(settings).load()
        check_key(registry.tenants.values(), vault.open)
    if unknown := sorted(set(sirets) - registry.tenants.keys()):
        fail(f"no tenant has the SIRET {unknown[0]}; see: ccas-connector tenants list")
    chosen = [tenant for siret, tenant in registry.tenants.items() if not sirets or siret in sirets]
    reports = asyncio.run(_check(settings, registry, chosen, vault))
    now = utc_now()
    if as_json:
        click.echo(json.dumps([_as_json(report, now) for report in reports], indent=2, ensure_ascii=False))
    else:
        _print(reports, now)
    sys.exit(1 if any(report.needs_a_hand(now) for report in reports) else 0)


async def _check(
    settings: "Settings", registry: "Registry", chosen: "Sequence[Tenant]", vault: "Vault"
) -> "list[TokenReport]":
    from connector.bootstrap.egress import open_transport
    from connector.bootstrap.tokens import build_introspector
    from connector.cli.tables import tracked
    from connector.clock import utc_now
    from connector.sources.introspection import Introspection
    from connector.tokens.check import check_token
    from connector.tokens.scheduled.pace import Pace

    introspector, pace = build_introspector(settings, open_transport(settings)), Pace()

    async def ask(token: str) -> Introspection:
        await pace.wait()
        return await introspector.ask(token)

    try:
        return [
            await check_token(tenant, registry.vendors, vault.open, ask, utc_now())
            for tenant in tracked(chosen, len(chosen), "Checking")
        ]
    finally:
        await introspector.close()


def _print(reports: "Sequence[TokenReport]", now: datetime) -> None:
    from connector.cli.tables import print_table

    print_table(
        ("SIRET", "Name", "Token", "Expires", "Scopes missing", "Scopes superfluous", "Next"),
        [
            (
                report.tenant.siret,
                report.tenant.name,
                f"{report.state} ({report.code})" if report.code else str(report.state),
                _expires(report, now),
                _some(report.missing),
                _some(report.superfluous),
                "waits" if report.tenant.sealed_next_token else "",
            )
            for report in reports
        ],
    )
    by_hand = sum(report.needs_a_hand(now) for report in reports)
    click.echo(f"{len(reports)} tokens checked, {by_hand} need a hand")


def _expires(report: "TokenReport", now: datetime) -> str:
    expires_at = report.tenant.token_expires_at
    if expires_at is None:
        return "unknown"
    ago = " ago" if expires_at <= now else ""
    return f"{expires_at:%Y-%m-%d} ({spell(abs(expires_at - now))}{ago})"


def _some(scopes: tuple[str, ...]) -> str:
    """Name the first; --json has them all."""
    more = f" and {len(scopes) - _SCOPES_SHOWN} more" if len(scopes) > _SCOPES_SHOWN else ""
    return ", ".join(scopes[:_SCOPES_SHOWN]) + more


def _as_json(report: "TokenReport", now: datetime) -> dict[str, Any]:
    expires_at = report.tenant.token_expires_at
    return {
        "siret": report.tenant.siret,
        "name": report.tenant.name,
        "state": report.state,
        "code": report.code,
        "expires_at": expires_at.isoformat() if expires_at else None,
        # Whole days, of those that have passed too: 25 hours ago is -1.
        "days_left": int((expires_at - now) / timedelta(days=1)) if expires_at else None,
        "missing_scopes": report.missing,
        "superfluous_scopes": report.superfluous,
        "next_token_waits": report.tenant.sealed_next_token is not None,
        "needs_a_hand": report.needs_a_hand(now),
    }
