"""``ccas-connector registry``: the key and the schema of the registry."""

from pathlib import Path

import click

from connector.cli.options import KEY_OUTPUT, failing_cleanly, give_key, settings_or_exit
from connector.cli.registry.rekey import rekey


@click.group()
def registry() -> None:
    """Keep the registry: its key and its schema."""


registry.add_command(rekey)


@registry.command("new-key")
@KEY_OUTPUT
def new_key(output: Path | None) -> None:
    """Make a fresh key for CONNECTOR_SECRET_KEY. Keep it safe: without it the stored tokens are lost.

    Example: ccas-connector registry new-key --output key; export CONNECTOR_SECRET_KEY_FILE=key
    """
    from connector.vault import new_key as make_key

    give_key(make_key(), output)


@registry.command()
def upgrade() -> None:
    """Bring the database of CONNECTOR_DATABASE_URL to this version's schema.

    SQLite is upgraded by itself; a server's database is upgraded by this command only, before new workers start.

    Example: ccas-connector registry upgrade
    """
    from connector.storage import upgrading
    from connector.storage.database import open_database

    settings = settings_or_exit()
    with failing_cleanly():
        upgrading.upgrade(open_database(settings.database_url, is_pooled=False))
    click.echo("The registry's schema is current.")
