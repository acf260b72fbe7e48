"""The sandbox's HTTP server: groups of routes that share one setting."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Final

from aiohttp import web

from connector.sandbox.control import control_routes
from connector.sandbox.impots import impots_routes
from connector.sandbox.nomenclature import nomenclature_routes
from connector.sandbox.particulier import particulier_routes
from connector.sandbox.pings import pings_routes
from connector.sandbox.play import played
from connector.sandbox.route import Route
from connector.sandbox.setting import Sandbox

RouteGroup = Callable[[Sandbox], Iterable[Route]]
GROUPS: Final[tuple[RouteGroup, ...]] = (
    particulier_routes,
    nomenclature_routes,
    pings_routes,
    impots_routes,
)
"""Each source that the sandbox plays adds its routes here."""
_STOP_SECONDS: Final = 1.0
"""How long calls in flight may take when the server stops: those that hang would take minutes."""


def application(sandbox: Sandbox) -> web.Application:
    """Return the server's application."""
    served = web.Application()
    served.add_routes(control_routes(sandbox))
    for group in GROUPS:
        served.add_routes(played(sandbox, route) for route in group(sandbox))
    return served


async def serve(sandbox: Sandbox, host: str, port: int, on_ready: Callable[[str], Any]) -> None:
    """Serve until cancelled; ``on_ready`` is given the address. Port 0 takes a free one."""
    runner = web.AppRunner(
        application(sandbox), access_log=None, handler_cancellation=True, shutdown_timeout=_STOP_SECONDS
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        bound = runner.addresses[0]
        on_ready(f"http://{bound[0]}:{bound[1]}")
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
