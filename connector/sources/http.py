"""One HTTP request, which ends as a value whatever happens to it."""

import asyncio
import math
import time
from copy import copy
from typing import Final

import aiohttp
import httpx

from connector.settings.causes import network_cause
from connector.sources.exchange import Answered, Exchange, Unanswered
from connector.time_limits import CALL_TIMEOUT_SECONDS, CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS
from schemas.codes import CheckCode

_TIMEOUTS: Final = httpx.Timeout(READ_TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS).as_dict()
_HEADERS: Final = (
    (b"accept", b"application/json"),
    # What httpx decodes without any other package.
    (b"accept-encoding", b"gzip, deflate"),
    (b"user-agent", b"ccas-connector"),
)
_PROXY: Final = "the proxy of CONNECTOR_PROXY_URL is not reached, or refuses the call: see its address, its user, its password and its rules"
_PROXY_ERRORS: Final = (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError)
MOST_BYTES: Final = 4 * 1024 * 1024
"""Of a decoded body. The longest documented answer has some ten thousand; beyond this it is none."""


def with_query(url: httpx.URL, query: str) -> httpx.URL:
    """Return an address with an encoded query: httpx would take every letter of the whole apart again for each call."""
    asked = copy(url)
    asked._uri_reference = url._uri_reference._replace(query=query)  # noqa: SLF001 - the library offers no other way
    return asked


def request(
    method: str, url: httpx.URL | str, *headers: tuple[bytes, bytes], body: bytes | None = None
) -> httpx.Request:
    """Return a request built whole, for the transport itself.

    No call here needs a client's cookies, redirects, or merging of addresses and headers.
    """
    return httpx.Request(
        method, url, headers=[*headers, *_HEADERS], content=body, extensions={"timeout": _TIMEOUTS}
    )


async def send(transport: httpx.AsyncBaseTransport, asked: httpx.Request, within_seconds: float) -> Exchange:
    """Send a request, giving up after ``within_seconds``, when the job expires.

    Nothing raised by the HTTP library leaves this function, since its exceptions carry the URL, hence the person. A body of
    more than ``MOST_BYTES`` is not read to its end, and is empty: its status alone is heard.
    """
    start = time.monotonic()
    if within_seconds <= 0:
        # A time-out of zero lets a request leave before it ends the call.
        return Unanswered(code=CheckCode.EXPIRED, duration_ms=0)
    try:
        async with asyncio.timeout(min(within_seconds, CALL_TIMEOUT_SECONDS)):
            response, body = await _answer(transport, asked)
    except TimeoutError:
        is_expired = within_seconds <= CALL_TIMEOUT_SECONDS
        code = CheckCode.EXPIRED if is_expired else CheckCode.PROVIDER_TIMEOUT
        return Unanswered(code=code, duration_ms=_since(start))
    except httpx.HTTPError as error:
        return Unanswered(code=transport_code(error), duration_ms=_since(start), cause=_cause(error, asked))
    except aiohttp.ClientError:
        # Not HTTP: the transport lets the parser's own errors through, the address in their text.
        return Unanswered(code=CheckCode.UPSTREAM_ERROR, duration_ms=_since(start))
    return Answered(
        http_status=response.status_code,
        headers=response.headers,
        body=body,
        duration_ms=_since(start),
    )


def _cause(error: httpx.HTTPError, asked: httpx.Request) -> str:
    met = error.__cause__
    # A name that does not resolve, or a certificate, may be the proxy's: the host is told.
    is_of_proxy = isinstance(met, _PROXY_ERRORS) or getattr(met, "host", asked.url.host) != asked.url.host
    return _PROXY if is_of_proxy else network_cause(error)


async def _answer(transport: httpx.AsyncBaseTransport, asked: httpx.Request) -> tuple[httpx.Response, bytes]:
    response = await transport.handle_async_request(asked)
    body = bytearray()
    try:
        async for part in response.aiter_bytes():
            body += part
            if len(body) > MOST_BYTES:
                body.clear()
                break
    finally:
        await response.aclose()
    return response, bytes(body)


def transport_code(error: httpx.HTTPError) -> CheckCode:
    """Return the code of a call that got no HTTP answer: late, or not reached at all."""
    is_late = isinstance(error, httpx.TimeoutException) and not isinstance(error, httpx.ConnectTimeout)
    return CheckCode.PROVIDER_TIMEOUT if is_late else CheckCode.NETWORK_ERROR


def _since(start: float) -> int:
    return math.ceil((time.monotonic() - start) * 1000)
