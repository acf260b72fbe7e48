"""``ccas-connector tenants``: which CCAS the connector serves, and with which tokens."""

import os
from pathlib import Path

import click

from connector.cli.options import fail, failing_cleanly, settings_or_exit
from connector.cli.tenants.token import token


@click.group()
def tenants() -> None:
    """Import, list and show tenants, and keep their tokens: one per CCAS, named by its SIRET."""


tenants.add_command(token)


@tenants.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["toml", "csv"]),
    help="Of FILE. Default: csv where its name ends so, else toml.",
)
@click.option(
    "--lost-key", is_flag=True, help="The former CONNECTOR_SECRET_KEY is lost: seal anew what FILE gives."
)
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
def import_file(*, file: Path, file_format: str | None, lost_key: bool, dry_run: bool) -> None:
    """Add or update the vendors and tenants of a TOML FILE, or the tenants of a CSV FILE, all or none.

    Those it does not name are left alone, and so is a token or a quota that it leaves out.

    \b
    Example: ccas-connector tenants import tenants.toml
    with, in tenants.toml:
      [vendors.millesime]
      product = "Millésime Action Sociale"
      publisher = "Up"
      preset = "millesime"
      [tenants.26920023600017]
      name = "CCAS de Clamart"
      vendors = ["millesime"]
      token = { env = "CCAS_CLAMART_TOKEN" }
      quotas = { particulier = "250/min" }
    or ccas-connector tenants import tenants.csv, in UTF-8, with ; or , and in tenants.csv:
      siret;name;vendors;token_file;quota_particulier
      26920023600017;CCAS de Clamart;millesime sonate-opus;/run/secrets/clamart;250/min
    """  # noqa: D301 - \b is click's, to keep the lines
    from connector.bootstrap.registry import open_registry
    from connector.cli.tables import progress
    from connector.clock import utc_now
    from connector.jobs.records import Tenant, Vendor
    from connector.storage.registry.importing import ChangeKind, plan_import
    from connector.storage.registry.key_check import check_key
    from connector.storage.registry.tenants_csv import read_tenants_csv
    from connector.storage.registry.tenants_file import read_tenants_file
    from connector.vault import Vault

    is_csv = file_format == "csv" if file_format else file.suffix.lower() == ".csv"
    settings = settings_or_exit()
    with failing_cleanly():
        parsed = (read_tenants_csv if is_csv else read_tenants_file)(file)
        vault = Vault(settings.secret_key)
        store = open_registry(settings)
        current = store.load()
        if not lost_key:
            check_key(current.tenants.values(), vault.open)
        with progress(len(parsed.tenants), "Reading") as seen:
            changes = plan_import(parsed, current, vault, os.environ, utc_now(), seen)
        effective = [change.record for change in changes if change.kind is not ChangeKind.UNCHANGED]
        if effective and not dry_run:
            store.save(
                [record for record in effective if isinstance(record, Vendor)],
                [record for record in effective if isinstance(record, Tenant)],
                decided_on=current.revision,
            )
    for change in changes:
        record = change.record
        what = f"vendor {record.name}" if isinstance(record, Vendor) else f"tenant {record.siret}"
        differing = f" ({', '.join(change.fields)})" if change.fields else ""
        click.echo(f"{change.kind:>9}  {what}{differing}")
    tail = "; nothing was written (dry run)" if dry_run else ""
    click.echo(f"{len(effective)} changed, {len(changes) - len(effective)} unchanged{tail}")


@tenants.command("list")
def list_tenants() -> None:
    """List the tenants, the vendors that may ask for each, and whether each has a token and credentials at the DGFiP.

    Example: ccas-connector tenants list
    """
    from connector.bootstrap.registry import open_registry
    from connector.cli.tables import print_table

    settings = settings_or_exit()
    with failing_cleanly():
        registry = open_registry(settings).load()
    print_table(
        ("SIRET", "Name", "Vendors", "Token since", "Token until", "DGFiP since"),
        [
            (
                tenant.siret,
                tenant.name,
                ", ".join(sorted(tenant.vendors)) or "none",
                *(
                    f"{since:%Y-%m-%d %H:%M} UTC" if since else "none"
                    for since in (tenant.token_set_at, tenant.token_expires_at, tenant.dgfip_set_at)
                ),
            )
            for tenant in registry.tenants.values()
        ],
    )


@tenants.command()
@click.argument("siret")
def show(siret: str) -> None:
    """Show one tenant; never its token, nor its credentials at the DGFiP.

    Example: ccas-connector tenants show 26920023600017
    """
    from connector.bootstrap.registry import open_registry

    settings = settings_or_exit()
    with failing_cleanly():
        tenant = open_registry(settings).load().tenants.get(siret)
    if tenant is None:
        fail(f"no tenant has the SIRET {siret}; see: ccas-connector tenants list")
    click.echo(f"siret    {tenant.siret}")
    click.echo(f"name     {tenant.name}")
    click.echo(f"vendors  {', '.join(sorted(tenant.vendors)) or 'none'}")
    for name, since in (("token", tenant.token_set_at), ("dgfip", tenant.dgfip_set_at)):
        click.echo(f"{name}    {f'set {since.isoformat()}' if since else 'none'}")
    if tenant.sealed_token:
        expires_at = tenant.token_expires_at
        click.echo(f"expires  {expires_at.isoformat() if expires_at else 'unknown'}")
    if tenant.sealed_next_token:
        click.echo("next     a token waits for the API's answer")
    for group, rates in tenant.quotas.items():
        click.echo(f"quota    {group} {rates}")
