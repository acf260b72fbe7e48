"""A JSON document as others write it, read as far as it can be."""

import json
from typing import Any, Final

from pydantic_core import from_json

_NO_TEXT: Final = b""


def read_json(body: bytes) -> Any:
    """Return a JSON document. Raises ``ValueError``, or ``RecursionError`` for one that is nested too deep.

    A text with half of a surrogate pair, which RFC 8259 (8.2) allows and no UTF-8 can say, comes as empty ``bytes``: a type
    that no member has, so that the text alone is unreadable.
    """
    try:
        return from_json(body)
    except ValueError:
        return _marked(json.loads(body))


def _marked(value: Any) -> Any:
    match value:
        case dict():
            return {name: _marked(member) for name, member in value.items() if _is_said(name)}
        case list():
            return [_marked(item) for item in value]
        case str() if not _is_said(value):
            return _NO_TEXT
        case _:
            return value


def _is_said(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
