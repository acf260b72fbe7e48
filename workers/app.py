"""The Celery application: what it is configured with, and what its consumer and pool are given."""

import asyncio
import gc
import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from celery import Celery, signals
from celery.app.amqp import AMQP
from celery.apps import worker as celery_worker
from celery.exceptions import SecurityWarning

from connector.amqp.connection import CONNECT_SECONDS, NodesConnection
from connector.amqp.session import HEARTBEAT_SECONDS, TRANSPORT_OPTIONS, BrokerSession
from connector.amqp.topology import DELIVERY_LIMIT
from connector.jobs.records import Lane
from connector.pipeline.services import Services
from connector.settings.broker_address import BrokerAddress, broker_address
from connector.settings.settings import Settings
from workers.health import Health

_COLLECTED_AFTER: Final = (10_000, 20, 20)
"""New objects, and younger collections, before a collection of each generation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What one worker process does."""

    lanes: tuple[Lane, ...]
    concurrency: int
    """Jobs in flight at once, per lane."""
    services: Services
    drain_seconds: float = 60.0
    """How long the jobs in flight may still take once the worker is told to stop."""
    health: Health = field(default_factory=Health)
    open_session: Callable[[Any, asyncio.AbstractEventLoop], BrokerSession] = BrokerSession
    """Makes a session of a connection."""
    quarantine_deliveries: int = DELIVERY_LIMIT - 1
    """A job that was delivered so often before may be what ends the worker: from then on it runs alone."""


class NodesAMQP(AMQP):  # type: ignore[misc]  # Celery ships no types
    """Celery's, over the nodes of a cluster."""

    Connection = NodesConnection


class ConnectorApp(Celery):  # type: ignore[misc]  # Celery ships no types
    """A Celery application that carries the worker's work."""

    amqp_cls = "workers.app:NodesAMQP"

    def __init__(self, work: Work, broker: BrokerAddress, **options: Any) -> None:
        super().__init__("ccas-connector", set_as_current=False, **options)
        self.work = work
        self.broker = broker


def make_app(settings: Settings, work: Work) -> ConnectorApp:
    """Return the application; nothing is connected yet."""
    address = broker_address(settings.broker_url.get_secret_value())
    app = ConnectorApp(work, address)
    app.conf.update(
        broker_url=address.url,
        broker_use_ssl=address.ssl,
        broker_connection_timeout=CONNECT_SECONDS,
        broker_heartbeat=HEARTBEAT_SECONDS,
        broker_transport_options=TRANSPORT_OPTIONS,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_channel_error_retry=True,
        worker_consumer="workers.consumer:ConnectorConsumer",
        worker_pool="workers.pool:AsyncioPool",
        worker_concurrency=work.concurrency,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        # A session that is gone takes its jobs with it, in the pool; these are for Celery's own requests.
        worker_cancel_long_running_tasks_on_connection_loss=True,
        worker_enable_prefetch_count_reduction=False,
    )
    return app


def start_worker(app: ConnectorApp, hostname: str) -> int:
    """Run a worker until it is told to stop; returns the process's exit status."""
    # A receiver keeps Celery from configuring logs of its own.
    signals.setup_logging.connect(_logs_are_configured, weak=False)
    # Celery advises against root because of pickle, which nothing here reads.
    warnings.simplefilter("ignore", SecurityWarning)
    # It writes past the log, on signals; events say as much.
    celery_worker.safe_say = _say_nothing
    worker = app.Worker(hostname=hostname, quiet=True, use_eventloop=False)
    # It has Python's warnings, texts and all, logged in place of what ``configure_logs`` makes of them.
    logging.captureWarnings(capture=False)
    _spare_collections()
    worker.start()
    return int(worker.exitcode or 0)


def _spare_collections() -> None:
    """Have the collector look at what jobs leave, and no more at the hundred thousand objects of a worker that only starts.

    With Python's own thresholds it took 0.11 ms of each job, and stopped the event loop for tens of milliseconds at a time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECTED_AFTER)


def _say_nothing(*_words: Any) -> None:
    pass


def _logs_are_configured(**_details: Any) -> None:
    pass
