"""``ccas-connector checks``: the catalogue, as it is asked."""

import json
from typing import TYPE_CHECKING, Any

import click

from connector.cli.checks.drift import drift
from connector.cli.options import AS_JSON, fail, failing_cleanly, settings_or_exit

if TYPE_CHECKING:
    from connector.catalogue.grants import Grant


@click.group()
def checks() -> None:
    """List and show the checks of the catalogue, and compare them with what the API says today."""


checks.add_command(drift)


VENDOR = click.option("--vendor", metavar="NAME", help="Say what this vendor's grant opens, too.")


@checks.command("list")
@VENDOR
@AS_JSON
def list_checks(vendor: str | None, as_json: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """List the checks, with their calls and the versions of their sources, the frozen one first.

    Example: ccas-connector checks list --vendor millesime
    """
    from connector.catalogue import CATALOGUE
    from connector.cli.tables import print_table
    from connector.documents.describe import granted, summary

    grant = _grant(vendor)
    every = [summary(definition) | granted(definition.name, grant) for definition in CATALOGUE.values()]
    if as_json:
        _print_json(every)
        return
    headings = ["Check", "Title", "Provider", "Calls", "Versions", "Quota group"]
    rows = [
        [
            check["name"],
            check["title"],
            check["provider"],
            ", ".join(check["calls"]),
            ", ".join(map(str, check["api_versions"])),
            check["quota_group"],
        ]
        for check in every
    ]
    if grant is not None:
        headings.append(f"For {vendor}")
        rows = [[*row, _opening(check["grant"])] for row, check in zip(rows, every, strict=True)]
    print_table(headings, rows)


@checks.command()
@click.argument("name")
@VENDOR
@AS_JSON
def show(name: str, vendor: str | None, as_json: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Show the check NAME: its calls, parameters, identity, scopes, and a job that asks it.

    Example: ccas-connector checks show quotient_familial
    """
    import difflib

    from connector.catalogue import CATALOGUE
    from connector.documents.describe import description, granted

    if name not in CATALOGUE:
        close = difflib.get_close_matches(name, CATALOGUE, n=3)
        hint = f"; close to it: {', '.join(close)}" if close else ""
        fail(f"no check is named {name}{hint}; see: ccas-connector checks list")
    described = description(CATALOGUE[name]) | granted(name, _grant(vendor))
    if as_json:
        _print_json(described)
    else:
        _print_check(described, vendor)


def _grant(vendor: str | None) -> "Grant | None":
    """Return the grant of a vendor of the registry; None where none is asked about."""
    if vendor is None:
        return None
    from connector.bootstrap.registry import open_registry
    from connector.catalogue.grants import grant_of

    settings = settings_or_exit()
    with failing_cleanly():
        vendors = open_registry(settings).load().vendors
    if vendor not in vendors:
        fail(f"no vendor is named {vendor!r}; see: ccas-connector vendors list")
    return grant_of(vendors[vendor])


def _opening(grant: dict[str, Any]) -> str:
    if not grant["opens"]:
        return "forbidden"
    return f"without {', '.join(grant['withheld'])}" if grant["withheld"] else "whole"


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def _print_check(check: dict[str, Any], vendor: str | None) -> None:
    from connector.cli.tables import print_table

    click.echo(f"{check['name']}: {check['title']}")
    click.echo(f"provider     {check['provider']}")
    click.echo(f"quota group  {check['quota_group']}")
    click.echo(
        f"versions     {', '.join(map(str, check['api_versions']))} (asked unless pinned: the first)\n"
    )
    if "grant" in check:
        click.echo(f"for {vendor}: {_opening(check['grant'])}\n")
    for endpoint in check["endpoints"]:
        _print_endpoint(endpoint)
    print_table(
        ("Scope", "Opens"),
        [(scope, ", ".join(members) or "the call") for scope, members in check["scopes"].items()],
    )
    if check["params_note"]:
        click.echo(f"{check['params_note']}\n")
    if check["no_record_detail"]:
        click.echo(f"Where there is no record, an agent reads:\n  {check['no_record_detail']}\n")
    if check["not_concerned_detail"]:
        click.echo(f"Where the person is not concerned, an agent reads:\n  {check['not_concerned_detail']}\n")
    click.echo(
        f"It exists for {', '.join(check['essential'])}: any other value that cannot be read is left out\n"
    )
    for note in check["notes"]:
        click.echo(f"- {note}\n")
    click.echo("A job that asks it:")
    _print_json(check["example_job"])


def _print_endpoint(endpoint: dict[str, Any]) -> None:
    from connector.cli.tables import print_table

    click.echo(f"call {endpoint['call']}, version {endpoint['api_version']} ({endpoint['source']})")
    click.echo(f"  path    {endpoint['path']}")
    click.echo(f"  inputs  {', '.join(endpoint['inputs'])}")
    rows = [
        *(
            (f"identity.{member}", need.replace("_", " "), "", "")
            for member, need in endpoint["identity"].items()
        ),
        *(
            (
                f"params.{param['name']}",
                "demanded" if param["required"] else "taken",
                param["api_name"],
                param["form"].replace("`", ""),
            )
            for param in endpoint["params"]
        ),
    ]
    if rows:
        print_table(
            ("  Member", "Need", "API's name", "Form"), [(f"  {name}", *rest) for name, *rest in rows]
        )
    else:
        click.echo()
