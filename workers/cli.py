"""The console script: the connector's commands, and the worker's."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import cast
from uuid import uuid4

import click

from connector.cli import command_line
from connector.cli.options import LOG_LEVEL, settings_or_exit
from connector.events import Event
from connector.jobs.records import Lane

DEFAULT_CONCURRENCY = 100
DEFAULT_DRAIN_SECONDS = 60.0
BATCH_NICENESS = 10
_LANES = {"interactive": (Lane.INTERACTIVE,), "batch": (Lane.BATCH,), "both": tuple(Lane)}


@click.command()
@click.option(
    "--lane",
    type=click.Choice(list(_LANES)),
    default="both",
    show_default=True,
    help="Which queue to take jobs from.",
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, 2000),
    default=DEFAULT_CONCURRENCY,
    show_default=True,
    help="Jobs in flight at once, per lane: as many of one vendor's for one tenant, twice as many of all.",
)
@click.option(
    "--drain-seconds",
    type=click.FloatRange(min=0),
    default=DEFAULT_DRAIN_SECONDS,
    show_default=True,
    help="How long the jobs in flight may still take after SIGTERM; those that are not done go back to the queue.",
)
@click.option(
    "--http",
    "http_port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="Serve /live and /ready there, for an orchestrator's probes, and /metrics for Prometheus; 0 takes a free port.",
)
@click.option(
    "--http-host",
    default="127.0.0.1",
    show_default=True,
    help="Address for --http; 0.0.0.0 in a container whose probes come from outside.",
)
@click.option(
    "--tenant-metrics",
    is_flag=True,
    help="Add series of each tenant to /metrics: its calls, and when its token expires.",
)
@LOG_LEVEL
def worker(  # noqa: PLR0913 - its options
    *,
    lane: str,
    concurrency: int,
    drain_seconds: float,
    http_port: int | None,
    http_host: str,
    tenant_metrics: bool,
    log_level: str,
) -> None:
    """Take vendors' jobs from RabbitMQ and answer them.

    SIGTERM finishes the jobs in flight, then exits 0; a second one stops at once. Either way nothing is lost: what
    is not finished goes back to its queue. A worker of the batch lane alone gives way to others on its machine (nice 10).

    Example: ccas-connector worker --lane interactive --concurrency 200 --http 8081
    """
    with _without("rich", "pygments", "yaml"):
        # What httpx and structlog would draw with, and a form of message that kombu would read: 5 MiB.
        import structlog

        from connector.bootstrap.egress import open_transport
        from connector.bootstrap.worker import Scrape, build_services
        from connector.cli.options import failing_cleanly
        from connector.telemetry.logs import configure_logs
        from connector.telemetry.opening import log_clear_addresses, open_telemetry
        from workers.app import Work, make_app, start_worker
        from workers.health import Health

    if tenant_metrics and http_port is None:
        raise click.UsageError("--tenant-metrics: nothing serves them; add --http PORT")
    settings = settings_or_exit(is_program=True)
    telemetry = open_telemetry(settings)
    configure_logs(settings.log_format, log_level, telemetry.observer)
    log_clear_addresses(settings)
    scrape = Scrape.EACH_TENANT if tenant_metrics else Scrape.ALL_TOGETHER
    if http_port is None:
        scrape = Scrape.NOTHING
    with failing_cleanly():
        services = build_services(
            settings, open_transport(settings), concurrency, scrape=scrape, telemetry=telemetry
        )
    if settings.journal_key is None:
        structlog.get_logger(__name__).info(Event.JOURNAL_OFF, variable="CONNECTOR_JOURNAL_KEY")
    work = Work(
        lanes=_LANES[lane],
        concurrency=concurrency,
        services=services,
        drain_seconds=drain_seconds,
        health=Health(port=http_port, host=http_host, metrics=services.metrics),
    )
    if lane == Lane.BATCH:
        # Where both lanes' workers share a machine, a counter waits for no campaign's CPU. A container may not let it.
        with suppress(PermissionError):
            os.nice(BATCH_NICENESS)
    # Two workers never share a node name.
    sys.exit(start_worker(make_app(settings, work), f"{lane}-{uuid4().hex[:8]}@{socket.gethostname()}"))


@contextmanager
def _without(*modules: str) -> Iterator[None]:
    """Have what is imported meanwhile do without modules that it can do without."""
    kept_out = [module for module in modules if module not in sys.modules]
    sys.modules.update(dict.fromkeys(kept_out, cast("ModuleType", None)))
    try:
        yield
    finally:
        for module in kept_out:
            sys.modules.pop(module, None)


def main() -> None:
    """Run the console script ``ccas-connector``."""
    command_line.add_command(worker)
    command_line(prog_name="ccas-connector")
