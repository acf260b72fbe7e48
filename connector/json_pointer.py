"""JSON Pointers (RFC 6901)."""


def json_pointer(location: tuple[int | str, ...]) -> str:
    """Return a location as a JSON Pointer; the empty one is the whole document."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in location)


def parts_of(pointer: str) -> tuple[str, ...]:
    """Return the names of members, and the indexes of items, on a pointer's way."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def members_of(pointer: str) -> tuple[str, ...]:
    """Return the names of members on a pointer's way, list items left out."""
    return tuple(part for part in parts_of(pointer) if not part.isdecimal())
