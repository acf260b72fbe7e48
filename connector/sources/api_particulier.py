"""Calls to API Particulier: every one is a GET, with the token of the tenant or of FranceConnect."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from connector.catalogue.definition import Endpoint, Source
from connector.catalogue.identity import Query
from connector.sources.exchange import Again, Answered, Exchange, Unanswered, untold
from connector.sources.http import request, send, with_query
from connector.sources.pings import ping_name
from connector.time_limits import PING_SECONDS
from schemas.codes import Call, CheckCode

_OK: Final = 200
_UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]*")
_SERVER_ERRORS: Final = range(500, 600)
_UNCACHED: Final = ((b"cache-control", b"no-cache"),)
"""The API has kept FranceConnect's answers without the month that was asked for."""
_PINGS: Final[Mapping[str | None, bool]] = MappingProxyType({"ok": True, "maintenance": False})
"""What a ping's ``status`` means; others leave it open."""


class ApiParticulier:
    """API Particulier at one address, in every version."""

    def __init__(self, transport: httpx.AsyncBaseTransport, base_url: str) -> None:
        self._transport = transport
        self._base_url = base_url.rstrip("/")
        self._urls: dict[str, httpx.URL] = {}
        """Of the endpoints that were asked, by path."""

    async def ask(
        self,
        endpoint: Endpoint,
        query: Query,
        secret: str,
        within_seconds: float,
        again: Again = untold,  # noqa: ARG002 - one interface for every source
    ) -> Exchange:
        """Ask an endpoint with a token, giving up after ``within_seconds``, when the job expires."""
        asked = request(
            "GET",
            with_query(self._url(endpoint.path), _encoded(query)),
            _authentication(endpoint.source, secret.encode("ascii")),
            *(_UNCACHED if endpoint.call is Call.FRANCE_CONNECT else ()),
        )
        return await send(self._transport, asked, within_seconds)

    def _url(self, path: str) -> httpx.URL:
        url = self._urls.get(path)
        if url is None:
            url = self._urls[path] = httpx.URL(f"{self._base_url}{path}")
        return url

    async def ping(self, endpoint: Endpoint, within_seconds: float) -> bool | None:
        """Tell whether the provider behind an endpoint is up, without a token."""
        name = ping_name(endpoint)
        if name is None:
            return None
        asked = request("GET", f"{self._base_url}/api/{name}/ping")
        answer = await send(self._transport, asked, min(within_seconds, PING_SECONDS))
        if (
            isinstance(answer, Unanswered)
            and answer.code is CheckCode.EXPIRED
            and within_seconds < PING_SECONDS
        ):
            # It was never sent, or given up for the asker's sake: the provider has not said no.
            return None
        if not isinstance(answer, Answered) or answer.http_status in _SERVER_ERRORS:
            return False
        return _PINGS.get(_status(answer.body)) if answer.http_status == _OK else None


def _status(body: bytes) -> str | None:
    try:
        return _Ping.model_validate_json(body).status
    except ValidationError:
        return None


class _Ping(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    status: str


def _authentication(source: Source, token: bytes) -> tuple[bytes, bytes]:
    return (
        (b"x-api-key", token)
        if source is Source.API_PARTICULIER_V2
        else (b"authorization", b"Bearer " + token)
    )


def _encoded(query: Query) -> str:
    """Return a query percent-encoded (RFC 3986, sections 2.1 and 2.3): most of its words need no look at each letter."""
    words = ((_word(name), _word(value)) for name, value in query)
    return "&".join(f"{name}={value}" for name, value in words)


def _word(text: str) -> str:
    return text if _UNRESERVED.fullmatch(text) else quote(text, safe="")
