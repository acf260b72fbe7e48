"""What the commands share: settings read once, and errors of the operator's told in one line."""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import NoReturn

import click

from connector.errors import OperatorError
from connector.settings import Settings, load_settings

EXIT_USAGE = 2
DAY = click.DateTime(formats=["%Y-%m-%d"])

LOG_LEVEL = click.option(
    "--log-level",
    type=click.Choice(["DEBUG", "INFO", "WARNING", "ERROR"], case_sensitive=False),
    default="INFO",
    show_default=True,
    help="The least severe events to log.",
)


def fail(message: str) -> NoReturn:
    """Print one line and exit with the status of a usage error."""
    click.echo(f"ccas-connector: {message}", err=True)
    sys.exit(EXIT_USAGE)


@contextlib.contextmanager
def failing_cleanly() -> Iterator[None]:
    """Turn what an operator can mend into one line and a non-zero exit; anything else is a defect of ours."""
    try:
        yield
    except OperatorError as error:
        fail(str(error))


def settings_or_exit() -> Settings:
    """Return the settings of the environment, or exit with one line that names the variable at fault."""
    try:
        return load_settings(os.environ)
    except OperatorError as error:
        fail(str(error))
