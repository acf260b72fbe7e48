"""``ccas-connector schemas``: the contract as documents."""

import sys
from pathlib import Path

import click

_DEFAULT = Path("schemas")


@click.group()
def schemas() -> None:
    """Publish the contract as documents."""


@schemas.command()
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=_DEFAULT,
    show_default=True,
    help="Folder to write to.",
)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 where a file is not what it is to be.")
def export(output: Path, check: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Write the published documents, made from the models and the catalogue.

    These are json/*.schema.json, asyncapi.json, and the tables of README.md where that exists.

    Example: ccas-connector schemas export --check
    """
    from connector.cli.options import fail, failing_cleanly
    from connector.documents.files import published_files

    if check and not output.is_dir():
        fail(f"{output}: no such folder; run this in the checkout, or give --output")
    with failing_cleanly():
        wanted = published_files(output)
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text]
    surplus = sorted(set(output.glob("json/*.schema.json")) - set(wanted))
    if check:
        for path in (*stale, *surplus):
            click.echo(f"{path} is stale; run: ccas-connector schemas export", err=True)
        sys.exit(1 if stale or surplus else 0)
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path], "utf-8")
        click.echo(f"written  {path}")
    for path in surplus:
        path.unlink()
        click.echo(f"removed  {path}")
    click.echo(f"{len(wanted) - len(stale)} of {len(wanted)} files were current")
