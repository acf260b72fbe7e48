"""``ccas-connector datapass``: what a CCAS needs to ask for its habilitation."""

from typing import TYPE_CHECKING

import click

from connector.cli.options import fail, failing_cleanly, settings_or_exit

if TYPE_CHECKING:
    from connector.jobs.records import Vendor


@click.group()
def datapass() -> None:
    """Help a CCAS to ask for its habilitation to API Particulier."""


@datapass.command("link")
@click.option("--vendor", "name", help="A vendor of the registry: its preset, and the scopes added to it.")
@click.option("--preset", help="A preset by itself: millesime (also for a CCAS without a vendor), ccas, …")
def print_link(name: str | None, preset: str | None) -> None:
    """Print the prefilled form's link, and the legal articles to cite. The link is the first line.

    Example: ccas-connector datapass link --vendor millesime
    """
    from connector.catalogue.datapass import ARTICLES, boxes, link

    if name is not None and preset is None:
        vendor = _registered(name)
    elif preset is not None and name is None:
        vendor = _of_preset(preset)
    else:
        fail("give either --vendor NAME or --preset NAME; see: ccas-connector datapass link --help")
    click.echo(link(vendor))
    click.echo("\nFondement juridique à citer :")
    for article in ARTICLES:
        click.echo(f"- article {article.number} du {article.code}\n  {article.url}")
    click.echo("Chaque lien mène à une version de l'article ; Légifrance y indique celle en vigueur.")
    if any(ticked and scope.startswith("dgfip_") for scope, ticked in boxes(vendor).items()):
        click.echo("L'avis d'imposition demande aussi une habilitation à API Impôt particulier (DGFiP).")


def _registered(name: str) -> "Vendor":
    from connector.bootstrap.registry import open_registry

    settings = settings_or_exit()
    with failing_cleanly():
        vendors = open_registry(settings).load().vendors
    if name not in vendors:
        fail(f"no vendor is named {name!r}; see: ccas-connector vendors list")
    return vendors[name]


def _of_preset(preset: str) -> "Vendor":
    from connector.catalogue.presets import PRESETS
    from connector.jobs.records import Vendor

    if preset not in PRESETS:
        fail(f"no preset is named {preset!r}; there are: {', '.join(PRESETS)}")
    return Vendor(name="preset", product="", publisher="", preset=preset)
