"""``ccas-connector schemas``: the contract as documents."""

import json
import sys
from pathlib import Path

import click

_DEFAULT = Path("schemas/json")


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
@click.option("--check", is_flag=True, help="Write nothing; exit 1 where a file differs from the models.")
def export(output: Path, check: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Write the JSON Schema files of the contract, made from the models.

    Example: ccas-connector schemas export --check
    """
    from schemas.documents import documents

    wanted = {
        output / name: json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        for name, document in documents().items()
    }
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text]
    surplus = sorted(set(output.glob("*.schema.json")) - set(wanted))
    if check:
        for path in (*stale, *surplus):
            click.echo(f"{path} differs from the models; run: ccas-connector schemas export", err=True)
        sys.exit(1 if stale or surplus else 0)
    output.mkdir(parents=True, exist_ok=True)
    for path in stale:
        path.write_text(wanted[path], "utf-8")
        click.echo(f"written  {path}")
    for path in surplus:
        path.unlink()
        click.echo(f"removed  {path}")
    click.echo(f"{len(wanted) - len(stale)} of {len(wanted)} files were current")
