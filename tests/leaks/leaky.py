"""The exceptions of this test: their texts hold all that a layer sees, whatever it hides."""

from dataclasses import fields, is_dataclass

import httpx
from pydantic import BaseModel


class Leaky(Exception):  # noqa: N818 - not an error of anything
    """What a layer raises: its text holds what the layer saw."""


def leak(*seen: object) -> Leaky:
    """Return an exception with a cause, both of which hold what was seen."""
    told = repr([whole(each) for each in seen])
    raised = Leaky(told)
    raised.__cause__ = ValueError(told)
    return raised


def whole(seen: object) -> object:
    """Return all of a value that hides a part of itself."""
    if isinstance(seen, BaseModel):
        return seen.model_dump()
    if isinstance(seen, httpx.Request):
        return str(seen.url), dict(seen.headers)
    if is_dataclass(seen) and not isinstance(seen, type):
        return {each.name: whole(getattr(seen, each.name)) for each in fields(seen)}
    if isinstance(seen, tuple):
        return tuple(map(whole, seen))
    return getattr(seen, "body", seen)
