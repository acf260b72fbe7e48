"""The HTTP client: httpx for its API, aiohttp's connection pool underneath.

httpcore's pool scans every connection and request at each step, which costs ten times more CPU with many
calls in flight.
"""

from typing import Final

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

CONNECT_TIMEOUT_SECONDS: Final = 5.0
READ_TIMEOUT_SECONDS: Final = 30.0
CALL_TIMEOUT_SECONDS: Final = 45.0
"""Of a whole call: a source that sends its answer byte by byte is late too."""


class _NoCookies(httpx.Cookies):
    """Keeps nothing, and adds nothing to a call."""

    def extract_cookies(self, response: httpx.Response) -> None:
        """Keep nothing."""

    def set_cookie_header(self, request: httpx.Request) -> None:
        """Add nothing."""


class CookielessClient(httpx.AsyncClient):
    """A client without cookies: one set on a tenant's call must never travel on another's."""

    @property  # type: ignore[misc]  # what is never kept is never set either
    def cookies(self) -> httpx.Cookies:
        """No cookies."""
        return _NO_COOKIES


_NO_COOKIES: Final = _NoCookies()


def http_client(transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """Return the client that every call shares: no cookies, no redirects, no proxy from the environment."""
    return CookielessClient(
        transport=transport or AiohttpTransport(client=_session),
        follow_redirects=False,
        trust_env=False,
    )


def _session() -> aiohttp.ClientSession:
    # How many calls run is decided by how many jobs are in hand.
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=60),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    )
