"""Modes of files, and the umask that they are made under."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def umask_of(mask: int) -> Iterator[None]:
    """Have this process make files under another umask."""
    former = os.umask(mask)
    try:
        yield
    finally:
        os.umask(former)


def mode(path: Path) -> int:
    """Return the mode of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def modes(folder: Path) -> dict[str, int]:
    """Return the mode of each file of a folder."""
    return {path.name: mode(path) for path in folder.iterdir()}
