"""The HTTP transport: httpx's interface, aiohttp's connection pool.

httpcore's pool scans every connection and request at each step, which costs ten times more CPU with many
calls in flight. A transport does what a call needs and no more: no cookies (one set on a tenant's call must
never travel on another's), no redirects, no proxy from the environment but the one that is set.
"""

import ssl
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from pydantic import SecretStr


@dataclass(frozen=True, slots=True, kw_only=True)
class Egress:
    """How calls leave this machine."""

    ca_file: Path | None = None
    """Authorities to trust beside the system's."""
    proxy: SecretStr | None = None
    """The address of a proxy that every call goes through, its user and its password included."""


class _Authorities:
    """The certificates' authorities: the system's, and those of a file, which may be renewed while programs run."""

    def __init__(self, file: Path) -> None:
        self.context = ssl.create_default_context()
        self.context.set_alpn_protocols(["http/1.1"])
        self._file = file
        self._seen: int | None = None

    def renew(self) -> None:
        """Trust what the file holds by now, beside what it held: an authority that was taken out is trusted until the program ends."""
        try:
            changed_at = self._file.stat().st_mtime_ns
            if changed_at != self._seen:
                self.context.load_verify_locations(self._file)
                self._seen = changed_at
        except OSError:
            # Being replaced, most likely: looked at again for the next connection.
            return


class _Connector(aiohttp.TCPConnector):
    def __init__(self, authorities: _Authorities, **options: Any) -> None:
        super().__init__(ssl=authorities.context, **options)
        self._authorities = authorities

    async def connect(self, *arguments: Any, **options: Any) -> Any:
        """Give a connection."""
        self._authorities.renew()
        return await super().connect(*arguments, **options)


def http_transport(egress: Egress = Egress()) -> httpx.AsyncBaseTransport:
    """Return the transport that every call shares."""
    return AiohttpTransport(client=partial(_session, egress))


def _session(egress: Egress) -> aiohttp.ClientSession:
    # How many calls run is decided by how many jobs are in flight.
    options: dict[str, Any] = {"limit": 0, "ttl_dns_cache": 60}
    connector = (
        aiohttp.TCPConnector(**options)
        if egress.ca_file is None
        else _Connector(_Authorities(egress.ca_file), **options)
    )
    session = aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        proxy=None if egress.proxy is None else egress.proxy.get_secret_value(),
    )
    # aiohttp silently sends a GET again whose kept connection was reset: a call that nobody has counted or noted. What
    # asks again here is the connector's own retry.
    session._retry_connection = False  # noqa: SLF001 - the library offers no other way
    return session
