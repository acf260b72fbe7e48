"""One call's result as a value: an HTTP answer, or the reason why none came."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from connector.catalogue.definition import Endpoint
from connector.catalogue.identity import Query
from schemas.codes import CheckCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The API answered over HTTP."""

    http_status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    duration_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """No HTTP answer came."""

    code: CheckCode
    """``network_error``, ``upstream_error``, ``provider_timeout`` or ``expired``; of a token endpoint also
    ``token_invalid`` or ``unexpected_response``."""
    duration_ms: int
    cause: str | None = None
    """Why the source was not reached, in one sentence for the operator; None where there is nothing to mend here."""


Exchange = Answered | Unanswered
Again = Callable[[Exchange], Awaitable[None]]
"""Is told how a call has ended after which a source asks once more by itself, before that one sets out."""


async def untold(_exchange: Exchange) -> None:
    """Tell nobody."""


class Upstream(Protocol):
    """A source that can be asked."""

    async def ask(
        self, endpoint: Endpoint, query: Query, secret: str, within_seconds: float, again: Again = untold
    ) -> Exchange:
        """Ask an endpoint with a secret of the tenant's, giving up after ``within_seconds``.

        Raises nothing but what ``again`` raises.
        """
        ...

    async def ping(self, endpoint: Endpoint, within_seconds: float) -> bool | None:
        """Tell whether the provider behind an endpoint is up; None where the source does not say. Never raises."""
        ...
