"""A worker whose clock is set near the official cases' own dates, so that they do not rot.

Run as ``python -m tests.conformance.worker`` with the settings of any worker.
"""

import os
import socket
import sys
from datetime import datetime
from uuid import uuid4

from connector.bootstrap import build_services
from connector.clock import utc_now
from connector.logs import configure_logs
from connector.messaging.delivery import Lane
from connector.settings import load_settings
from connector.upstream.transport import http_transport
from tests.conformance.cases import DAY
from workers.app import Work, make_app, start_worker


def main() -> int:
    """Run the worker until it is told to stop."""
    settings = load_settings(os.environ)
    configure_logs(settings.log_format, "INFO")
    started = utc_now()

    def clock() -> datetime:
        return datetime.fromisoformat(f"{DAY}T10:00:00+00:00") + (utc_now() - started)

    services = build_services(settings, http_transport(), clock)
    work = Work(lanes=(Lane.INTERACTIVE,), concurrency=50, services=services)
    return start_worker(make_app(settings, work), f"cases-{uuid4().hex[:8]}@{socket.gethostname()}")


if __name__ == "__main__":
    sys.exit(main())
