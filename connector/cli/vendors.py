"""``ccas-connector vendors``: the software products that publish jobs."""

import click

from connector.cli.options import failing_cleanly, settings_or_exit


@click.group()
def vendors() -> None:
    """List vendors: the software products that publish jobs."""


@vendors.command("list")
def list_vendors() -> None:
    """List the vendors, their presets and how many tenants each may ask for.

    Example: ccas-connector vendors list
    """
    from connector.bootstrap import open_registry
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
