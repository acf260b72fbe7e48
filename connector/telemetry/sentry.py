"""Sentry's SDK, as a client of this process's own: nothing global, no integration, and nothing leaves but what is rebuilt.

Only ``connector.telemetry.opening`` imports this, and only where there is a DSN: without one, the SDK is not loaded.
"""

import importlib.metadata
import random
import socket
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import unquote, urlsplit
from urllib.request import proxy_bypass
from uuid import uuid4

import structlog
from sentry_sdk import Client
from sentry_sdk.transport import HttpTransport
from urllib3.util import make_headers

from connector.events import Event
from connector.settings.addresses import is_loopback
from connector.settings.settings import Settings
from connector.telemetry.check_ins import Ran
from connector.telemetry.privacy import before_breadcrumb, before_send, before_send_transaction
from connector.telemetry.reporter import Reporter
from connector.telemetry.sentry_tracing import SentryTracer
from connector.telemetry.tracing import Tracer, Untraced

FLUSH_SECONDS: Final = 2.0
"""How long an ending process waits for what is on its way."""
SAY_AGAIN_SECONDS: Final = 600.0
"""Between two times that a worker says that Sentry takes nothing."""
_UNITS: Final[Mapping[str, timedelta]] = {"day": timedelta(days=1), "minute": timedelta(minutes=1)}
_log = structlog.get_logger(__name__)


class Sentry:
    """What a process tells Sentry: incidents, traces, and that its scheduled tasks run."""

    def __init__(self, settings: Settings, dsn: str) -> None:
        self._client = Client(
            dsn=dsn,
            release=f"ccas-connector@{importlib.metadata.version('ccas-connector')}",
            environment=settings.sentry_environment,
            server_name=socket.gethostname(),
            before_send=before_send,
            before_send_transaction=before_send_transaction,
            before_breadcrumb=before_breadcrumb,
            # Whatever an integration collects, somebody's name may be in it: an address, a body, a frame's values.
            default_integrations=False,
            auto_enabling_integrations=False,
            include_local_variables=False,
            include_source_context=False,
            max_breadcrumbs=0,
            max_request_body_size="never",
            auto_session_tracking=False,
            enable_backpressure_handling=False,
            # Not from the environment: what it would add is nobody's decision here.
            spotlight=False,
            debug=False,
            shutdown_timeout=FLUSH_SECONDS,
            **_way_out(settings, dsn),
            transport=Transport,
        )
        self.observer = Reporter(self._send)
        self.tracer: Tracer = (
            SentryTracer(self._send, settings.sentry_trace_sample_rate, random.random)
            if settings.sentry_trace_sample_rate
            else Untraced()
        )

    def _send(self, event: Any) -> None:
        self._client.capture_event(event)

    def tell(self, ran: Ran) -> None:
        """Tell of a run of a scheduled task, with its schedule: Sentry misses the next one by itself."""
        unit = next((name for name, length in _UNITS.items() if not ran.every % length), "minute")
        self._send(
            {
                "type": "check_in",
                "check_in_id": uuid4().hex,
                "monitor_slug": ran.task.replace(".", "-"),
                "status": "error" if ran.has_failed else "ok",
                "duration": round(ran.took.total_seconds(), 3),
                "monitor_config": {
                    "schedule": {
                        "type": "interval",
                        "value": max(1, round(ran.every / _UNITS[unit])),
                        "unit": unit,
                    },
                    "checkin_margin": max(1, round(ran.late_after / _UNITS["minute"])),
                    "failure_issue_threshold": 1,
                },
            }
        )

    def close(self) -> None:
        """Send what is on its way, for ``FLUSH_SECONDS`` at most."""
        self.observer.close()
        self._client.close(FLUSH_SECONDS)


def _way_out(settings: Settings, dsn: str) -> Mapping[str, Any]:
    """Return the SDK's options for the proxy of everything that leaves this machine, unless ``NO_PROXY`` names Sentry's host.

    The SDK hands the address to urllib3, which leaves the user and password in it unused: they go as a header.
    """
    host = urlsplit(dsn).hostname or ""
    names = (host, urlsplit(dsn).netloc.rpartition("@")[2])
    if settings.proxy_url is None or is_loopback(host) or any(map(proxy_bypass, names)):
        return {}
    url = settings.proxy_url.get_secret_value()
    parts = urlsplit(url)
    credentials = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    return {
        "http_proxy": url,
        "https_proxy": url,
        "proxy_headers": make_headers(proxy_basic_auth=credentials, proxy_basic_auth_encoding="utf-8")
        if "@" in parts.netloc
        else None,
    }


class Transport(HttpTransport):
    """The SDK's, with its own thread; it says when what was given to it does not arrive."""

    def __init__(self, options: dict[str, Any]) -> None:
        super().__init__(options)
        self._quiet_until = 0.0

    def on_dropped_event(self, reason: str) -> None:
        """Say it, once in a while."""
        now = time.monotonic()
        if now >= self._quiet_until:
            self._quiet_until = now + SAY_AGAIN_SECONDS
            _log.warning(Event.SENTRY_AWAY, reason=reason)
