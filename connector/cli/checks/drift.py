"""``ccas-connector checks drift``: what the API's nomenclature of errors says that the connector does not know."""

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from connector.cli.options import AS_JSON, failing_cleanly, settings_or_exit

if TYPE_CHECKING:
    from connector.settings.settings import Settings
    from connector.sources.nomenclature.drift import Drift

_OPERATIONS_SHOWN = 2


@click.command()
@AS_JSON
def drift(*, as_json: bool) -> None:
    """Compare the API's nomenclature of errors (GET /api/errors) with what the connector makes of each code.

    Shows codes that are not known by name, with what the connector makes of them meanwhile; kinds, codes and providers whose
    title or status has changed; endpoints that the API no longer lists. It needs no token, database or broker. beat does it
    once a week, and tells what it finds as one incident.

    Exits 0 when all is known, 1 when something is not, 2 when the API does not give its nomenclature.

    Example: ccas-connector checks drift --json
    """
    import asyncio

    settings = settings_or_exit()
    with failing_cleanly():
        found = asyncio.run(_drifts(settings))
    if as_json:
        click.echo(json.dumps([_as_json(one) for one in found], indent=2, ensure_ascii=False))
    else:
        _print(found)
    sys.exit(1 if found else 0)


async def _drifts(settings: "Settings") -> "tuple[Drift, ...]":
    from connector.bootstrap.egress import open_transport
    from connector.catalogue import CATALOGUE
    from connector.sources.nomenclature.drift import drifts
    from connector.sources.nomenclature.published import fetch_nomenclature

    transport = open_transport(settings)
    try:
        nomenclature = await fetch_nomenclature(transport, settings.api_particulier_url.get_secret_value())
    finally:
        await transport.aclose()
    return drifts(nomenclature, CATALOGUE)


def _print(found: "Sequence[Drift]") -> None:
    from connector.cli.tables import print_table

    if found:
        print_table(
            ("Drift", "Code", "Status", "The API says", "Known as", "Meanwhile", "Endpoints"),
            [
                (
                    one.kind.replace("_", " "),
                    one.code,
                    ", ".join(one.statuses),
                    one.now,
                    one.known,
                    str(one.means or ""),
                    _some(one.operations),
                )
                for one in found
            ],
        )
        click.echo(f"{len(found)} differences: report them to the maintainers")
    else:
        click.echo("every code of the API's nomenclature is known")


def _some(operations: tuple[str, ...]) -> str:
    """Name the first; --json has them all."""
    names = [operation.removeprefix("api_particulier_") for operation in operations[:_OPERATIONS_SHOWN]]
    more = len(operations) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")


def _as_json(one: "Drift") -> dict[str, Any]:
    from connector.sources.nomenclature.drift import is_status

    return {
        "kind": str(one.kind),
        "code": one.code,
        "now": one.now,
        "known": one.known or None,
        "statuses": [int(status) if is_status(status) else status for status in one.statuses],
        "operations": list(one.operations),
        "means": None if one.means is None else str(one.means),
    }
