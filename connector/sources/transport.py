"""The HTTP transport: httpx's interface, aiohttp's connection pool.

httpcore's pool scans every connection and request at each step, which costs ten times more CPU with many
calls in flight. A transport does what a call needs and no more: no cookies (one set on a tenant's call must
never travel on another's), no redirects, no proxy from the environment.
"""

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport


def http_transport() -> httpx.AsyncBaseTransport:
    """Return the transport that every call shares."""
    return AiohttpTransport(client=_session)


def _session() -> aiohttp.ClientSession:
    # How many calls run is decided by how many jobs are in flight.
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=60),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
    )
    # aiohttp silently sends a GET again whose kept connection was reset: a call that nobody has counted or noted. What
    # asks again here is the connector's own retry.
    session._retry_connection = False  # noqa: SLF001 - the library offers no other way
    return session
