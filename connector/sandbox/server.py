"""The sandbox's HTTP server: groups of routes that share one setting."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from connector.sandbox.impots import impots_routes
from connector.sandbox.particulier import particulier_routes
from connector.sandbox.setting import Sandbox

RouteGroup = Callable[[Sandbox], Iterable[web.AbstractRouteDef]]
GROUPS: Final[tuple[RouteGroup, ...]] = (particulier_routes, impots_routes)
"""Each source that the sandbox plays adds its routes here."""


def application(sandbox: Sandbox) -> web.Application:
    """Return the server's application."""
    served = web.Application(middlewares=[_late(sandbox.latency_seconds)])
    for group in GROUPS:
        served.add_routes(group(sandbox))
    return served


def _late(seconds: float) -> Middleware:
    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        await asyncio.sleep(seconds)
        return await handler(request)

    return answer


async def serve(sandbox: Sandbox, host: str, port: int, on_ready: Callable[[str], Any]) -> None:
    """Serve until cancelled; ``on_ready`` is given the address. Port 0 takes a free one."""
    runner = web.AppRunner(application(sandbox), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        bound = runner.addresses[0]
        on_ready(f"http://{bound[0]}:{bound[1]}")
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
