"""JSON Pointers (RFC 6901)."""

from typing import Final

LONGEST_NAME: Final = 128
"""Characters of a member's name that a pointer repeats: a longer one is its sender's text, not a name."""


def json_pointer(location: tuple[int | str, ...]) -> str:
    """Return a location as a JSON Pointer; the empty one is the whole document."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in location)


def pointer_of(location: tuple[int | str, ...]) -> str:
    """Return a location as a JSON Pointer, or that of what holds it where a name on the way is too long to repeat."""
    for depth, part in enumerate(location):
        if isinstance(part, str) and len(part) > LONGEST_NAME:
            return json_pointer(location[:depth])
    return json_pointer(location)


def parts_of(pointer: str) -> tuple[str, ...]:
    """Return the names of members, and the indexes of items, on a pointer's way."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def members_of(pointer: str) -> tuple[str, ...]:
    """Return the names of members on a pointer's way, list items left out."""
    return tuple(part for part in parts_of(pointer) if not part.isdecimal())
