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
@click.option(
    "--html",
    "pages",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Write the contract as pages for a browser to this folder, and nothing else.",
)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 where a file is not what it is to be.")
def export(output: Path, pages: Path | None, check: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Write the published documents, made from the models and the catalogue.

    These are json/*.schema.json, asyncapi.json, a page for each check in verifications/, and the tables of the guide's
    other pages where there is a README.md. With --html: index.html and a page for each check, in French, which need no
    network.

    \b
    Example: ccas-connector schemas export --check
    then:    ccas-connector schemas export --html contrat
    """  # noqa: D301 - \b is click's, to keep the lines
    from connector.cli.options import fail, failing_cleanly

    folder = output if pages is None else pages
    if check and not folder.is_dir():
        option = "--output" if pages is None else "--html"
        fail(f"{folder}: no such folder; run this in the checkout, or give {option}")
    with failing_cleanly():
        wanted, surplus = _documents(output) if pages is None else _pages(pages)
    stale = {
        path: text for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text
    }
    if check:
        again = f"ccas-connector schemas export{'' if pages is None else f' --html {pages}'}"
        for path in (*stale, *surplus):
            click.echo(f"{path} is stale; run: {again}", err=True)
        sys.exit(1 if stale or surplus else 0)
    try:
        _write(stale, surplus)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}; give another folder")
    click.echo(f"{len(wanted) - len(stale)} of {len(wanted)} files were current")


def _write(stale: dict[Path, str], surplus: list[Path]) -> None:
    for path, text in stale.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        click.echo(f"written  {path}")
    for path in surplus:
        path.unlink()
        click.echo(f"removed  {path}")


def _documents(folder: Path) -> tuple[dict[Path, str], list[Path]]:
    """Return what each published document is to hold, and the schemas and checks' pages that no model makes."""
    from connector.documents.files import published_files

    wanted = published_files(folder)
    made = {*folder.glob("json/*.schema.json"), *folder.glob("verifications/[a-z]*.md")}
    return wanted, sorted(made - set(wanted))


def _pages(folder: Path) -> tuple[dict[Path, str], list[Path]]:
    """Return what each page is to hold. No other file is removed: the folder may be somebody's."""
    from connector.documents.pages.site import pages

    return pages(folder), []
