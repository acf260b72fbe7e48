"""The file of an SQLite database: its owner's alone, from before SQLite opens it."""

import contextlib
import os
import stat
import sys
from pathlib import Path
from typing import Final

from sqlalchemy import URL

from connector.events import Event

_OWNERS: Final = stat.S_IRUSR | stat.S_IWUSR
_BESIDE: Final = ("", "-wal", "-shm", "-journal")
"""What SQLite keeps beside a database. It gives a new one the database's mode (https://www.sqlite.org/src, os_unix.c)."""


def file_of(url: URL) -> Path | None:
    """Return the file of a database; None where it is in memory. Raises ``ValueError`` for a URI in place of a path."""
    database = url.database or ":memory:"
    if database.startswith("file:"):
        raise ValueError("a URI, whose file cannot be kept private")
    # SQLite follows links, and puts what it keeps beside the database where they lead.
    return None if database == ":memory:" else Path(os.path.realpath(database))


def is_open_to_others(path: Path) -> bool:
    """Tell whether somebody else than its owner may read or write a database, or what is beside it."""
    return any(_excess(each) for each in _files(path))


def keep_private(path: Path) -> None:
    """Make a new database with 0600 whatever the umask; take from others what they may do with an existing one, and say so.

    What cannot be made or changed is left to SQLite, which tells why it cannot be opened.
    """
    with contextlib.suppress(OSError):
        # Not by opening it: closing a file ends the locks that SQLite holds on it in this process
        # (https://www.sqlite.org/howtocorrupt.html, section 2.2).
        os.mknod(path, stat.S_IFREG | _OWNERS)
        # A umask may have taken the owner's own rights.
        path.chmod(_OWNERS)
    for each in _files(path):
        if _excess(each):
            with contextlib.suppress(OSError):
                each.chmod(stat.S_IMODE(each.stat().st_mode) & _OWNERS)
                _say_mended(each)


def _files(path: Path) -> list[Path]:
    return [path.with_name(path.name + suffix) for suffix in _BESIDE]


def _excess(path: Path) -> int:
    try:
        return path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    except OSError:
        return 0


def _say_mended(path: Path) -> None:
    import structlog  # noqa: PLC0415 - most processes have nothing to say here

    if structlog.is_configured():
        structlog.get_logger(__name__).warning(Event.DATABASE_WAS_OPEN, file=path.name)
    else:
        # A command has no logs, and its output may be read by a program.
        sys.stderr.write(
            f"ccas-connector: {path}: others could read it; it is now its owner's alone (0600)\n"
        )
