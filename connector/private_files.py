"""Files that only their owner may read."""

import contextlib
import os
import tempfile
from pathlib import Path

from connector.errors import OperatorError


class PrivateFileError(OperatorError):
    """A file cannot be written; the message says which and why."""


def write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone may read (0600), whole or not at all. Raises ``PrivateFileError``."""
    temporary = None
    try:
        # Created with 0600, whatever the umask, under a name that nobody can foresee.
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(FileNotFoundError):
                Path(temporary).unlink()
        raise PrivateFileError(
            f"{path}: cannot be written ({error.strerror or type(error).__name__})"
        ) from None
