"""What a worker tells of itself over HTTP: to an orchestrator's probes, and to Prometheus."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from connector.telemetry.metrics import Metrics

METRICS_PATH: Final = "/metrics"


class State(StrEnum):
    """What a worker is doing."""

    NO_BROKER_CONNECTION = "no_broker_connection"
    READY = "ready"
    DRAINING = "draining"


@dataclass(slots=True)
class Health:
    """``GET /live``, ``/ready`` and ``/metrics`` on one port of the host's own; without a port, nothing listens.

    Live: the event loop answers at all; if it does not, start the worker again. Ready: it takes jobs; while the
    broker is away it is not, and starting it again mends nothing.
    """

    port: int | None = None
    """0 takes a free one."""
    host: str = "127.0.0.1"
    metrics: Metrics = field(default_factory=Metrics)
    state: State = State.NO_BROKER_CONNECTION
    is_blocked: Callable[[], bool] = lambda: False
    """Tells whether the broker takes no messages for now."""
    unsettled: Callable[[], int] = lambda: 0
    """Tells how many deliveries were taken and are not settled yet."""
    _runner: web.AppRunner | None = field(default=None, repr=False)

    async def start(self) -> str | None:
        """Listen, unless it does already; return the address. Raises ``OSError`` when the port is taken."""
        if self.port is None or self._runner is not None:
            return None
        served = web.Application()
        served.add_routes(
            [
                web.get("/live", self._live),
                web.get("/ready", self._ready),
                web.get(METRICS_PATH, self._metrics),
            ]
        )
        runner = web.AppRunner(served, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, self.host, self.port).start()
        self._runner = runner
        host, port = runner.addresses[0][:2]
        return f"http://{host}:{port}"

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _live(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "live"})

    async def _ready(self, _request: web.Request) -> web.Response:
        if self.state is State.READY:
            return web.json_response({"status": "ready"})
        return web.json_response({"status": "not_ready", "reason": self.state}, status=503)

    async def _metrics(self, _request: web.Request) -> web.Response:
        # In a thread: jobs do not wait while thousands of lines are written.
        text = await asyncio.to_thread(
            self.metrics.render,
            is_ready=self.state is State.READY,
            is_blocked=self.is_blocked(),
            unsettled=self.unsettled(),
        )
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})
