"""Calls to API Particulier: every one is a GET with the tenant's token, and ends as a value."""

import asyncio
import math
import time
from typing import Final
from urllib.parse import quote, urlencode

import aiohttp
import httpx

from connector.identity import Query
from connector.upstream.exchange import Answered, Exchange, Unanswered
from connector.upstream.transport import CALL_TIMEOUT_SECONDS, CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS
from schemas.codes import CheckCode

_TIMEOUTS: Final = httpx.Timeout(READ_TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS).as_dict()
_USER_AGENT: Final = (b"user-agent", b"ccas-connector")
_ACCEPT: Final = (b"accept", b"application/json")


class ApiParticulier:
    """API Particulier at one address."""

    def __init__(self, transport: httpx.AsyncBaseTransport, base_url: str) -> None:
        self._transport = transport
        self._base_url = base_url.rstrip("/")

    async def get(self, endpoint: str, query: Query, token: str, within_seconds: float) -> Exchange:
        """Ask ``endpoint``, giving up after ``within_seconds``, when the job expires.

        Nothing raised by the HTTP library leaves this method, since its exceptions carry the URL, hence the
        person.
        """
        # Built whole and handed to the transport: no call here needs a client's cookies, redirects, or merging of
        # addresses and headers.
        request = httpx.Request(
            "GET",
            f"{self._base_url}{endpoint}?{urlencode(query, quote_via=quote)}",
            headers=[(b"authorization", b"Bearer " + token.encode("ascii")), _ACCEPT, _USER_AGENT],
            extensions={"timeout": _TIMEOUTS},
        )
        start = time.monotonic()
        try:
            async with asyncio.timeout(min(within_seconds, CALL_TIMEOUT_SECONDS)):
                response = await self._answer(request)
        except TimeoutError:
            is_expired = within_seconds <= CALL_TIMEOUT_SECONDS
            code = CheckCode.EXPIRED if is_expired else CheckCode.PROVIDER_TIMEOUT
            return Unanswered(code=code, duration_ms=_since(start))
        except httpx.HTTPError as error:
            return Unanswered(code=transport_code(error), duration_ms=_since(start))
        except aiohttp.ClientError:
            # Not HTTP: the transport lets the parser's own errors through, the address in their text.
            return Unanswered(code=CheckCode.UPSTREAM_ERROR, duration_ms=_since(start))
        return Answered(
            http_status=response.status_code,
            headers=response.headers,
            body=response.content,
            duration_ms=_since(start),
        )

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        response = await self._transport.handle_async_request(request)
        try:
            await response.aread()
        finally:
            await response.aclose()
        return response

    async def aclose(self) -> None:
        """Close the connections that are kept open."""
        await self._transport.aclose()


def transport_code(error: httpx.HTTPError) -> CheckCode:
    """Return the code of a call that got no HTTP answer: late, or not reached at all."""
    is_late = isinstance(error, httpx.TimeoutException) and not isinstance(error, httpx.ConnectTimeout)
    return CheckCode.PROVIDER_TIMEOUT if is_late else CheckCode.NETWORK_ERROR


def _since(start: float) -> int:
    return math.ceil((time.monotonic() - start) * 1000)
