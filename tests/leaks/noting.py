"""Notes that the worker of this test leaves in a folder, a file for each kind."""

import os
from pathlib import Path
from typing import Any, Final

NOTES_VARIABLE: Final = "LEAKS_NOTES"
HANDED, RAISED, FILLED = "handed to the SDK", "raised to the logs", "filled in by a library"
NOTES: Final = (HANDED, RAISED, FILLED)
"""What lies between two protections: there, too, nothing of a canary may be."""
CRASHED: Final = "crashed"
"""The layers that have crashed."""


def note(kind: str, text: str) -> None:
    """Add a line to the notes of a kind."""
    with (Path(os.environ[NOTES_VARIABLE]) / kind).open("a", encoding="utf-8") as file:
        file.write(text + "\n")


def put(owner: Any, name: str, replacement: object) -> None:
    """Put something in the place of a function of a module, or a method of a class."""
    setattr(owner, name, replacement)
