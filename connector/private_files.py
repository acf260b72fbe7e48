"""Files that only their owner may read."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from connector.errors import OperatorError


class PrivateFileError(OperatorError):
    """A file cannot be written; the message says which and why."""


def write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone may read (0600), whole or not at all. Raises ``PrivateFileError``."""
    with private_file(path) as file:
        file.write(text)


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
        # Created with 0600, whatever the umask, under a name that nobody can foresee.
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "w", encoding="utf-8", newline=newline) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except OSError as error:
        raise PrivateFileError(
            f"{path}: cannot be written ({error.strerror or type(error).__name__})"
        ) from None
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
