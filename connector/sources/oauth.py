"""OAuth2 access tokens by client credentials (RFC 6749, 4.4): fetched once, kept until shortly before they expire."""

import asyncio
import base64
import math
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from urllib.parse import quote_plus, urlencode

import httpx
from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError

from connector.clock import Clock
from connector.sources.credentials import DgfipCredentials
from connector.sources.exchange import Answered, Exchange, Unanswered
from connector.sources.http import request, send
from connector.time_limits import CALL_TIMEOUT_SECONDS
from schemas.codes import CheckCode

_MOST_TOKENS: Final = 1000
_MARGIN_SECONDS: Final = 30.0
"""A token is not used in its last seconds: it could expire on its way."""
_DEFAULT_SECONDS: Final = 300.0
"""Life of a token whose server does not say; one that dies earlier is replaced when it is refused."""
_REFUSAL_SECONDS: Final = 60.0
_LONGEST_SECONDS: Final = 24 * 3600.0
_OK: Final = 200
_REFUSED: Final = frozenset({400, 401, 403})
"""How a token endpoint refuses credentials (RFC 6749, 5.2), or a gateway in front of it."""
_PASSING: Final = frozenset({429, *range(500, 600)})
"""Statuses that mean the same at the token endpoint as at the resource."""


def _seconds(value: Any) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return _DEFAULT_SECONDS
    return min(max(seconds, 0.0), _LONGEST_SECONDS) if math.isfinite(seconds) else _DEFAULT_SECONDS


class _TokenAnswer(BaseModel):
    """RFC 6749, 5.1."""

    model_config = ConfigDict(hide_input_in_errors=True)

    # What an HTTP header can carry.
    access_token: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]+$")]
    expires_in: Annotated[float, BeforeValidator(_seconds)] = _DEFAULT_SECONDS


@dataclass(frozen=True, slots=True)
class Token:
    """An access token."""

    text: str = field(repr=False)
    usable_until: datetime


class Tokens:
    """The access tokens of every tenant at one token endpoint."""

    def __init__(self, transport: httpx.AsyncBaseTransport, url: str, clock: Clock) -> None:
        self._transport = transport
        self._url = url
        self._clock = clock
        self._kept: dict[DgfipCredentials, Token] = {}
        self._fetches: dict[DgfipCredentials, asyncio.Task[Token | Exchange]] = {}
        self._refused: dict[DgfipCredentials, datetime] = {}
        """Until when refused credentials are not tried again."""

    async def get(self, credentials: DgfipCredentials, within_seconds: float) -> Token | Exchange:
        """Return a token that can be used, or how the attempt to get one ended.

        Those who ask while it is fetched wait for the same fetch, each for as long as it can: one that gives up or
        is cancelled leaves it to the others.
        """
        kept = self._kept.get(credentials)
        if kept is not None and self._clock() < kept.usable_until:
            return kept
        if within_seconds <= 0:
            return Unanswered(code=CheckCode.EXPIRED, duration_ms=0)
        refused_until = self._refused.get(credentials)
        if refused_until is not None and self._clock() < refused_until:
            return Unanswered(code=CheckCode.TOKEN_INVALID, duration_ms=0)
        fetch = self._fetches.get(credentials)
        if fetch is None:
            fetch = self._fetches[credentials] = asyncio.create_task(self._fetch(credentials))
            fetch.add_done_callback(lambda ended: self._forget(credentials, ended))
        done, _waiting = await asyncio.wait({fetch}, timeout=within_seconds)
        if not done:
            return Unanswered(code=CheckCode.EXPIRED, duration_ms=0)
        if fetch.cancelled():
            return Unanswered(code=CheckCode.NETWORK_ERROR, duration_ms=0)
        return fetch.result()

    def _forget(self, credentials: DgfipCredentials, ended: asyncio.Task[Token | Exchange]) -> None:
        self._fetches.pop(credentials, None)
        if not ended.cancelled():
            # Looked at, or asyncio would print it where nobody waits any more.
            ended.exception()

    def drop(self, credentials: DgfipCredentials, refused: Token) -> None:
        """Forget a token that the resource refused, unless another has replaced it already."""
        if self._kept.get(credentials) is refused:
            del self._kept[credentials]

    def refuse(self, credentials: DgfipCredentials) -> None:
        """Leave credentials alone for a while: a campaign of jobs must not try refused ones one by one."""
        self._kept.pop(credentials, None)
        self._refused.pop(credentials, None)
        self._refused[credentials] = self._clock() + timedelta(seconds=_REFUSAL_SECONDS)
        _bound(self._refused)

    async def _fetch(self, credentials: DgfipCredentials) -> Token | Exchange:
        asked_at = self._clock()
        # No asker's deadline: others may wait longer than the one who came first.
        exchange = await send(self._transport, self._request(credentials), CALL_TIMEOUT_SECONDS)
        if isinstance(exchange, Unanswered):
            late = CheckCode.PROVIDER_TIMEOUT
            return replace(exchange, code=late) if exchange.code is CheckCode.EXPIRED else exchange
        if exchange.http_status != _OK:
            if exchange.http_status in _REFUSED:
                self.refuse(credentials)
            return _failure(exchange)
        try:
            answer = _TokenAnswer.model_validate_json(exchange.body)
        except ValidationError:
            return Unanswered(code=CheckCode.UNEXPECTED_RESPONSE, duration_ms=exchange.duration_ms)
        life = max(answer.expires_in - _MARGIN_SECONDS, answer.expires_in / 2)
        token = Token(answer.access_token, asked_at + timedelta(seconds=life))
        self._keep(credentials, token)
        return token

    def _request(self, credentials: DgfipCredentials) -> httpx.Request:
        pair = f"{quote_plus(credentials.client_id)}:{quote_plus(credentials.client_secret)}"
        return request(
            "POST",
            self._url,
            (b"authorization", b"Basic " + base64.b64encode(pair.encode())),
            (b"content-type", b"application/x-www-form-urlencoded"),
            body=urlencode({"grant_type": "client_credentials", "scope": credentials.scope}).encode(),
        )

    def _keep(self, credentials: DgfipCredentials, token: Token) -> None:
        self._kept.pop(credentials, None)
        self._kept[credentials] = token
        _bound(self._kept)


def _bound(kept: dict[DgfipCredentials, Any]) -> None:
    """Drop the oldest."""
    while len(kept) > _MOST_TOKENS:
        del kept[next(iter(kept))]


def _failure(answered: Answered) -> Exchange:
    """Return what a token endpoint's answer means for the check, which its status alone must not tell.

    There, 403 or 404 does not mean that the person has no tax notice.
    """
    if answered.http_status in _PASSING:
        return answered
    code = CheckCode.TOKEN_INVALID if answered.http_status in _REFUSED else CheckCode.UNEXPECTED_RESPONSE
    return Unanswered(code=code, duration_ms=answered.duration_ms)
