"""The HTTP client: httpx for its API, aiohttp's connection pool underneath.

httpcore's pool scans every connection and request at each step, which costs ten times more CPU with many
calls in flight.
"""

from http.cookiejar import CookieJar
from typing import Any, Final

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

CONNECT_TIMEOUT_SECONDS: Final = 5.0
READ_TIMEOUT_SECONDS: Final = 30.0


class _NoCookies(CookieJar):
    """Keeps nothing: a cookie set on one tenant's call must never travel on another's."""

    def extract_cookies(self, response: Any, request: Any) -> None:
        """Keep nothing."""

    def add_cookie_header(self, request: Any) -> None:
        """Add nothing."""


def http_client(transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """Return the client that every call shares: no cookies, no redirects, no proxy from the environment."""
    return httpx.AsyncClient(
        transport=transport or AiohttpTransport(client=_session),
        cookies=_NoCookies(),
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
