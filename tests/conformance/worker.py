"""A worker whose clock is set near the official cases' own dates, so that they do not rot.

It asks once, whatever the answer: a case of a provider that is down is about its own reply, not about the next one.

Run as ``python -m tests.conformance.worker`` with the settings of any worker.
"""

import os
import socket
import sys
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

from connector.bootstrap.worker import build_services
from connector.checks.retry import POLICIES
from connector.clock import utc_now
from connector.jobs.records import Lane
from connector.settings.settings import load_settings
from connector.sources.transport import http_transport
from connector.telemetry.logs import configure_logs
from tests.conformance.cases import DAY
from tests.fakes import NeverOpen
from workers.app import Work, make_app, start_worker

CONCURRENCY = 50


def main() -> int:
    """Run the worker until it is told to stop."""
    settings = load_settings(os.environ)
    configure_logs(settings.log_format, "INFO")
    started = utc_now()

    def clock() -> datetime:
        return datetime.fromisoformat(f"{DAY}T10:00:00+00:00") + (utc_now() - started)

    built = build_services(settings, http_transport(), CONCURRENCY, clock)
    once = {lane: replace(policy, most_calls=1) for lane, policy in POLICIES.items()}
    services = replace(built, policies=once, breakers=NeverOpen())
    work = Work(lanes=(Lane.INTERACTIVE,), concurrency=CONCURRENCY, services=services)
    return start_worker(make_app(settings, work), f"cases-{uuid4().hex[:8]}@{socket.gethostname()}")


if __name__ == "__main__":
    sys.exit(main())
