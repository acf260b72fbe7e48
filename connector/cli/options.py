"""What the commands share: settings read once, and errors of the operator's told in one line."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from connector.errors import OperatorError

if TYPE_CHECKING:
    from connector.settings.settings import Settings

EXIT_USAGE = 2
DAY = click.DateTime(formats=["%Y-%m-%d"])

DRY_RUN = click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, for a script.")
KEY_OUTPUT = click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A new file for its owner alone (0600, whatever the umask). Default: the output.",
)
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


def end_of_line(*, dry_run: bool) -> str:
    """Return what a line that says what has changed ends with."""
    return "; nothing was written (dry run)" if dry_run else ""


def give_key(key: str, output: Path | None) -> None:
    """Print a key, or write it to a new file: one that is there may be the only one that opens what it has sealed."""
    from connector.files import write_new_private

    if output is None:
        click.echo(key)
        return
    with failing_cleanly():
        write_new_private(output, f"{key}\n")
    click.echo(f"{output}: a new key, for its owner alone", err=True)


@contextlib.contextmanager
def failing_cleanly() -> Iterator[None]:
    """Turn what an operator can mend into one line and a non-zero exit; anything else is a defect of ours."""
    try:
        yield
    except OperatorError as error:
        fail(str(error))


@dataclass(slots=True)
class Interruption:
    """Whether a command was told to end."""

    signum: int | None = None

    @property
    def exit_status(self) -> int:
        """What a shell reports of a program that the signal ended; 0 where there was none."""
        return 0 if self.signum is None else 128 + self.signum


@contextlib.contextmanager
def finishing() -> Iterator[Interruption]:
    """Note SIGINT or SIGTERM, for what must not be cut short; a second one ends the program at once."""
    interruption = Interruption()
    previous = {signum: signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for signum, handler in previous.items():
            signal.signal(signum, handler)

    def note(signum: int, _frame: object) -> None:
        interruption.signum = signum
        restore()

    for signum in previous:
        signal.signal(signum, note)
    try:
        yield interruption
    finally:
        restore()


def settings_or_exit(*, is_program: bool = False) -> "Settings":
    """Return the settings of the environment, or exit with one line that names the variable at fault.

    A command says on standard error where its HTTP would show tokens and persons' data to the network; a program has logs
    (``connector.telemetry.opening.log_clear_addresses``).
    """
    from connector.settings.settings import ALLOW_CLEAR_HTTP, clear_http_of, load_settings

    try:
        settings = load_settings(os.environ)
    except OperatorError as error:
        fail(str(error))
    if not is_program:
        for variable in clear_http_of(settings, os.environ):
            click.echo(
                f"ccas-connector: {variable}: tokens and persons' data leave this machine unencrypted, as {ALLOW_CLEAR_HTTP} "
                "allows",
                err=True,
            )
    return settings
