"""Calls to API Impôt particulier: GETs with an access token that the tenant's own credentials obtain."""

import time
from dataclasses import replace
from math import ceil
from typing import Final
from urllib.parse import quote
from uuid import uuid4

import httpx

from connector.catalogue.definition import Endpoint
from connector.catalogue.identity import Query
from connector.clock import Clock
from connector.sources.credentials import CredentialsError, DgfipCredentials, read_credentials
from connector.sources.exchange import Again, Answered, Exchange, Unanswered, untold
from connector.sources.http import request, send
from connector.sources.oauth import Token, Tokens
from schemas.codes import CheckCode

_ACCEPT: Final = "application/prs.dgfip.part.situations.ir.assiettes.v1+json, application/json"
"""The media type that the specification gives, and what gateways send in its place."""
_UNAUTHORIZED: Final = 401


class ImpotParticulier:
    """API Impôt particulier behind one gateway: its resources, and its token endpoint at ``/token``."""

    def __init__(self, transport: httpx.AsyncBaseTransport, base_url: str, clock: Clock) -> None:
        self._transport = transport
        self._base_url = base_url.rstrip("/")
        self._tokens = Tokens(transport, f"{self._base_url}/token", clock)

    async def ask(
        self, endpoint: Endpoint, query: Query, secret: str, within_seconds: float, again: Again = untold
    ) -> Exchange:
        """Ask an endpoint with a tenant's credentials, giving up after ``within_seconds``, when the job expires."""
        start = time.monotonic()
        try:
            credentials = read_credentials(secret)
        except CredentialsError:
            return Unanswered(code=CheckCode.TOKEN_INVALID, duration_ms=0)
        url = f"{self._base_url}{_filled(endpoint.path, query)}"
        exchange = await self._ask(url, credentials, start + within_seconds, again)
        return replace(exchange, duration_ms=ceil((time.monotonic() - start) * 1000))

    async def ping(self, endpoint: Endpoint, within_seconds: float) -> bool | None:  # noqa: ARG002 - one interface for every source
        """Return None: the gateway has no ping."""
        return None

    async def _ask(self, url: str, credentials: DgfipCredentials, deadline: float, again: Again) -> Exchange:
        token, exchange = await self._try(url, credentials, deadline)
        if token is None or not isinstance(exchange, Answered) or exchange.http_status != _UNAUTHORIZED:
            return exchange
        # Revoked, or dead before its time: a fresh token tells whether it is the credentials that are refused.
        self._tokens.drop(credentials, token)
        await again(exchange)
        _token, exchange = await self._try(url, credentials, deadline)
        if isinstance(exchange, Answered) and exchange.http_status == _UNAUTHORIZED:
            self._tokens.refuse(credentials)
        return exchange

    async def _try(
        self, url: str, credentials: DgfipCredentials, deadline: float
    ) -> tuple[Token | None, Exchange]:
        """Ask once; the token is the one that the resource was asked with."""
        token = await self._tokens.get(credentials, _until(deadline))
        if not isinstance(token, Token):
            return None, token
        return token, await send(self._transport, _request(url, token, credentials), _until(deadline))


def _filled(path: str, query: Query) -> str:
    """Return a path with the query's values in its braces."""
    return path.format_map({name: quote(value, safe="") for name, value in query})


def _request(url: str, token: Token, credentials: DgfipCredentials) -> httpx.Request:
    asked = request(
        "GET",
        url,
        (b"authorization", b"Bearer " + token.text.encode("ascii")),
        (b"x-correlation-id", str(uuid4()).encode("ascii")),
    )
    asked.headers["accept"] = _ACCEPT
    if credentials.id_teleservice is not None:
        asked.headers["id_teleservice"] = credentials.id_teleservice
    return asked


def _until(deadline: float) -> float:
    return max(0.0, deadline - time.monotonic())
