"""Blocks that a token's scopes leave out of an answer, as production does: absent, rather than null.

The API's own public sandbox answers whole whatever a token's scopes. So do the FranceConnect tokens of its files here, which are
that sandbox's; a token that this one issues lists its scopes, and lists all of them unless it was asked for some.
"""

import json
from collections.abc import Set as AbstractSet
from typing import Any

from connector.catalogue.definition import Endpoint, scoped_members


def masked(payload: str, endpoint: Endpoint, scopes: AbstractSet[str]) -> str:
    """Return an answer with the blocks of ``data`` that ``scopes`` open, and as it is where they open all."""
    closed = {path for path, scope in scoped_members(endpoint.data) if scope not in scopes}
    closed |= endpoint.never_returns
    document = _object(payload)
    if not closed or document is None or "data" not in document:
        return payload
    return json.dumps({**document, "data": _open_part(document["data"], "", closed)}, ensure_ascii=False)


def _object(payload: str) -> dict[str, Any] | None:
    try:
        document = json.loads(payload)
    except ValueError:
        # Some of the official cases are no JSON, and are answered as they are.
        return None
    return document if isinstance(document, dict) else None


def _open_part(value: Any, around: str, closed: AbstractSet[str]) -> Any:
    if isinstance(value, list):
        return [_open_part(item, around, closed) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _open_part(member, f"{around}{name}.", closed)
        for name, member in value.items()
        if f"{around}{name}" not in closed
    }
