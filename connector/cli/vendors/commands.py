"""``ccas-connector vendors``: the software products that publish jobs."""

import click

from connector.cli.options import DRY_RUN, end_of_line, failing_cleanly, settings_or_exit
from connector.cli.vendors.definitions import definitions
from connector.cli.vendors.reply_queues import reply_queue


@click.group()
def vendors() -> None:
    """Add, list and show vendors, the software products that publish jobs, and give them their rights."""


vendors.add_command(definitions)
vendors.add_command(reply_queue)


@vendors.command()
@click.argument("name")
@click.option(
    "--preset",
    type=click.Choice(["millesime", "sonate-opus", "ccas", "all"]),
    required=True,
    help="The habilitation form whose scopes it works with.",
)
@click.option("--product", help="What the product is called. Default: NAME.")
@click.option("--publisher", help="Who makes it. Default: NAME.")
@click.option("--extra-scope", "extra_scopes", multiple=True, help="A scope beyond the preset's; repeatable.")
@DRY_RUN
def add(name: str, extra_scopes: tuple[str, ...], dry_run: bool, **given: str | None) -> None:  # noqa: FBT001 - click passes flags by name
    """Add the vendor NAME, which is its AMQP user and the first word of its routing keys.

    Nothing changes when it is there already with the values given. Its user and its rights on the broker come with
    the file of: ccas-connector vendors definitions

    Example: ccas-connector vendors add millesime --preset millesime --product "Millésime Action Sociale" --publisher Up
    """
    from connector.bootstrap.registry import open_registry
    from connector.storage.registry.vendors import plan_vendor

    settings = settings_or_exit()
    values = {**given, "extra_scopes": extra_scopes or None}
    with failing_cleanly():
        store = open_registry(settings)
        added = plan_vendor(
            store.load(), name, {part: value for part, value in values.items() if value is not None}
        )
        if added is not None and not dry_run:
            store.save([added], [])
    click.echo(f"{'unchanged' if added is None else 'added'}  vendor {name}{end_of_line(dry_run=dry_run)}")


@vendors.command("list")
def list_vendors() -> None:
    """List the vendors, their presets and how many tenants each may ask for.

    Example: ccas-connector vendors list
    """
    from connector.bootstrap.registry import open_registry
    from connector.cli.tables import print_table

    settings = settings_or_exit()
    with failing_cleanly():
        registry = open_registry(settings).load()
    print_table(
        ("Vendor", "Product", "Publisher", "Preset", "Extra scopes", "Tenants"),
        [
            (
                vendor.name,
                vendor.product,
                vendor.publisher,
                vendor.preset,
                ", ".join(vendor.extra_scopes) or "none",
                str(sum(vendor.name in tenant.vendors for tenant in registry.tenants.values())),
            )
            for vendor in registry.vendors.values()
        ],
    )


@vendors.command()
@click.argument("name")
def show(name: str) -> None:
    """Show one vendor, with its reply queues and the tenants that it may ask for.

    Example: ccas-connector vendors show millesime
    """
    from connector.amqp.topology import reply_queues
    from connector.bootstrap.registry import open_registry
    from connector.storage.registry.vendors import known_vendor

    settings = settings_or_exit()
    with failing_cleanly():
        registry = open_registry(settings).load()
        vendor = known_vendor(registry, name)
    tenants = [tenant for tenant in registry.tenants.values() if name in tenant.vendors]
    click.echo(f"vendor        {vendor.name}")
    click.echo(f"product       {vendor.product}")
    click.echo(f"publisher     {vendor.publisher}")
    click.echo(f"preset        {vendor.preset}")
    click.echo(f"extra scopes  {', '.join(vendor.extra_scopes) or 'none'}")
    click.echo(f"reply queues  {', '.join(reply_queues(vendor))}")
    click.echo(f"tenants       {len(tenants) or 'none'}")
    for tenant in tenants:
        click.echo(f"  {tenant.siret}  {tenant.name}")
