"""Files that only their owner may read."""

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TextIO

from connector.errors import OperatorError

_OWNERS: Final = stat.S_IRUSR | stat.S_IWUSR
"""0600: a umask takes no more from a file than what it is created with, so the mode is set once more."""


class PrivateFileError(OperatorError):
    """A file cannot be written; the message says which and why."""


def write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone may read (0600), whole or not at all. Raises ``PrivateFileError``."""
    with private_file(path) as file:
        file.write(text)


def write_new_private(path: Path, text: str) -> None:
    """Write a file that is not there yet, that its owner alone may read (0600).

    Raises ``PrivateFileError``, with what stands there left as it is, whatever it holds.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _OWNERS)
    except FileExistsError:
        raise PrivateFileError(f"{path}: is there already, and stays as it is") from None
    except OSError as error:
        raise PrivateFileError(_unwritable(path, error)) from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(descriptor, _OWNERS)
            file.write(text)
            file.flush()
            os.fsync(descriptor)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise PrivateFileError(_unwritable(path, error)) from None


def _unwritable(path: Path, error: OSError) -> str:
    return f"{path}: cannot be written ({error.strerror or type(error).__name__})"


@contextlib.contextmanager
def private_file(path: Path, newline: str | None = None) -> Iterator[TextIO]:
    """Give a file to write to, that its owner alone may read (0600); it takes its name once it is whole.

    What stood there stays when what is done within fails. Raises ``PrivateFileError``.
    """
    if path.is_symlink() or (path.exists() and not path.is_file()):
        # Its name would be taken from a device, such as /dev/stdout, or from another file.
        raise PrivateFileError(f"{path}: is a link or a device; give the path of a file")
    temporary = None
    try:
        # Created with 0600 at most, under a name that nobody can foresee.
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.fchmod(descriptor, _OWNERS)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline=newline) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except OSError as error:
        raise PrivateFileError(_unwritable(path, error)) from None
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
