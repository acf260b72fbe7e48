"""A route that the sandbox plays: who answers, whose failures it has, and in which form."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from connector.sandbox.failure_answers import Write, as_errors

Handler = Callable[[web.Request], Awaitable[web.Response]]


JSON_API: Final = "application/vnd.api+json"
"""The content type of every answer of the API, errors included."""


class Refusal(web.Response):
    """An answer of the API's own, which asked no provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A route, as its group describes it."""

    path: str
    handler: Handler
    method: str = "GET"
    provider: str | None = None
    """Whose failures it has; None for a route about the API itself, which does not fail."""
    said_by: str | None = None
    """Whose codes its failures have, where they are not its provider's."""
    asks_france_connect: bool = False
    """Whether the API asks FranceConnect about the person's token first: any two such calls for one recipient are the same
    call to it, and FranceConnect may fail."""
    write: Write = as_errors
    """How it writes them."""
    is_ping: bool = False
    has_quota: bool = False
    """Whether it counts in the quota of its token."""
