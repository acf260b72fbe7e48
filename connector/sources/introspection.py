"""``/api/introspect``: what API Particulier says of a habilitation's token. It asks no provider, and is of no person."""

from dataclasses import dataclass
from typing import Final

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from connector.catalogue.definition import Source
from connector.sources.exchange import Unanswered
from connector.sources.http import request, send
from connector.sources.outcome_table import outcome_table
from connector.sources.traits import Alert, traits_of
from schemas.codes import Call, CheckCode

_WITHIN_SECONDS: Final = 15.0
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class Accepted:
    """The API takes the token."""

    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Refused:
    """The API, in its own words, does not take the token."""

    code: CheckCode
    """One that alerts of a token (``connector.sources.traits``)."""


@dataclass(frozen=True, slots=True)
class Undecided:
    """The API could not be asked, or what it answered says nothing of the token."""

    code: CheckCode


Introspection = Accepted | Refused | Undecided


class _Habilitation(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    scopes: frozenset[str]


class Introspector:
    """API Particulier at one address, asked about tokens."""

    def __init__(self, transport: httpx.AsyncBaseTransport, base_url: str) -> None:
        self._transport = transport
        self._url = f"{base_url.rstrip('/')}/api/introspect"

    async def ask(self, token: str) -> Introspection:
        """Ask about a token; never raises."""
        asked = request("GET", self._url, (b"authorization", b"Bearer " + token.encode("ascii")))
        answer = await send(self._transport, asked, _WITHIN_SECONDS)
        if isinstance(answer, Unanswered):
            # No job expires here: the call alone is late.
            is_late = answer.code is CheckCode.EXPIRED
            return Undecided(CheckCode.PROVIDER_TIMEOUT if is_late else answer.code)
        if answer.http_status == _OK:
            try:
                return Accepted(_Habilitation.model_validate_json(answer.body).scopes)
            except ValidationError:
                return Undecided(CheckCode.UNEXPECTED_RESPONSE)
        table = outcome_table(Source.API_PARTICULIER, Call.IDENTITE)
        outcome = table.outcome("", answer.http_status, table.read_error(answer.body))
        # The page of a proxy between here and there refuses no token.
        if outcome.known and traits_of(outcome.code).alerts is Alert.TOKEN:
            return Refused(outcome.code)
        return Undecided(outcome.code)

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.aclose()
