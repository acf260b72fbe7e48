"""Calls to API Particulier: every one is a GET, with the token of the tenant or of FranceConnect."""

from urllib.parse import quote, urlencode

import httpx

from connector.catalogue.definition import Endpoint, Source
from connector.identity import Query
from connector.upstream.exchange import Exchange
from connector.upstream.http import request, send


class ApiParticulier:
    """API Particulier at one address, in every version."""

    def __init__(self, transport: httpx.AsyncBaseTransport, base_url: str) -> None:
        self._transport = transport
        self._base_url = base_url.rstrip("/")

    async def ask(self, endpoint: Endpoint, query: Query, secret: str, within_seconds: float) -> Exchange:
        """Ask an endpoint with a token, giving up after ``within_seconds``, when the job expires."""
        asked = request(
            "GET",
            f"{self._base_url}{endpoint.path}?{urlencode(query, quote_via=quote)}",
            _authentication(endpoint.source, secret.encode("ascii")),
        )
        return await send(self._transport, asked, within_seconds)


def _authentication(source: Source, token: bytes) -> tuple[bytes, bytes]:
    return (
        (b"x-api-key", token)
        if source is Source.API_PARTICULIER_V2
        else (b"authorization", b"Bearer " + token)
    )
