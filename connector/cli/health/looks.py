"""Looks at each part of a deployment, whichever other part is away."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import SecretStr
from sqlalchemy import Engine, update
from sqlalchemy.exc import SQLAlchemyError

from connector.amqp.queue_state import QueueState, queue_state, queue_states
from connector.amqp.topology import overflow_queue
from connector.bootstrap.registry import open_current_database
from connector.cli.broker import reaching
from connector.cli.health.findings import READY, Finding, Severity, of_overflows, of_queues, of_workers
from connector.clock import utc_now
from connector.errors import OperatorError
from connector.jobs.records import Flow, Registry
from connector.settings.settings import Settings
from connector.storage.causes import database_cause
from connector.storage.presence import Presence, PresenceStore
from connector.storage.registry.store import RegistryStore
from connector.storage.tables import REVISION

_PROBE_SECONDS: Final = 5.0
_OK: Final = 200


def look_at_worker(url: str) -> list[Finding]:
    """Return what a worker's own ``/live`` and ``/ready`` say."""
    return [_probe(url, path) for path in ("live", "ready")]


def look_at_deployment(settings: Settings, *, with_api: bool) -> list[Finding]:
    """Return what can be said of each part."""
    database, registry, alive = _look_at_database(settings)
    findings = [database, *(of_workers(alive, utc_now()) if alive is not None else _UNKNOWN_WORKERS)]
    findings += _look_at_broker(settings, registry, alive)
    if settings.redis_url is not None:
        findings.append(asyncio.run(_look_at_shared_state(settings.redis_url, alive)))
    if with_api:
        findings.append(asyncio.run(_look_at_api(settings)))
    return findings


_UNKNOWN_WORKERS: Final = (
    Finding(
        part="workers",
        severity=Severity.WARNING,
        detail="not known: they say in the database that they are alive; ask each with --worker URL",
    ),
)


def _look_at_database(settings: Settings) -> tuple[Finding, Registry | None, Sequence[Presence] | None]:
    try:
        engine = open_current_database(settings, is_pooled=False)
        registry = RegistryStore(engine).load()
        alive = PresenceStore(engine).alive(utc_now())
    except OperatorError as error:
        return Finding(part="database", severity=Severity.FAILURE, detail=str(error)), None, None
    except SQLAlchemyError as error:
        detail = f"cannot be read: {database_cause(error)}"
        return Finding(part="database", severity=Severity.FAILURE, detail=detail), None, None
    told = f"{len(registry.vendors)} vendors, {len(registry.tenants)} tenants"
    refused = _try_to_write(engine)
    if refused is not None:
        detail = f"{told}; cannot be written: {refused}"
        return Finding(part="database", severity=Severity.FAILURE, detail=detail), registry, alive
    severity = Severity.OK if registry.tenants else Severity.FAILURE
    return Finding(part="database", severity=severity, detail=told), registry, alive


def _try_to_write(engine: Engine) -> str | None:
    """Change nothing, in the way in which workers write; return why that is refused."""
    try:
        with engine.connect() as connection:
            connection.execute(update(REVISION).values(revision=REVISION.c.revision))
            connection.rollback()
    except SQLAlchemyError as error:
        return database_cause(error)
    return None


def _look_at_broker(
    settings: Settings, registry: Registry | None, alive: Sequence[Presence] | None
) -> list[Finding]:
    try:
        with reaching(settings) as connection:
            has_journal = settings.journal_key is not None
            findings = of_queues(queue_states(connection), alive, has_journal=has_journal)
            if registry is not None:
                findings.append(of_overflows(_overflows(connection, registry), alive))
    except OperatorError as error:
        return [Finding(part="broker", severity=Severity.FAILURE, detail=str(error))]
    return findings


def _overflows(connection: Any, registry: Registry) -> Mapping[Flow, QueueState | None]:
    return {flow: queue_state(connection, overflow_queue(flow)) for flow in registry.every_overflow}


async def _look_at_shared_state(url: SecretStr, alive: Sequence[Presence] | None) -> Finding:
    from connector.limits.shared.link import RedisLink

    link = RedisLink(url)
    try:
        processes = await link.look()
    except OperatorError as error:
        return Finding(part="shared state", severity=Severity.FAILURE, detail=str(error))
    finally:
        await link.close()
    # Without its broker a worker takes no part.
    ready = [] if alive is None else [worker for worker in alive if worker.sees.state == READY]
    severity = Severity.OK if len(ready) <= processes else Severity.WARNING
    detail = f"{processes} worker processes share it"
    if severity is Severity.WARNING:
        detail = f"{detail}, and {len(ready)} are ready: give all of them this CONNECTOR_REDIS_URL"
    return Finding(part="shared state", severity=severity, detail=detail)


async def _look_at_api(settings: Settings) -> Finding:
    from connector.bootstrap.egress import open_transport
    from connector.sources.exchange import Unanswered
    from connector.sources.http import request, send

    transport = open_transport(settings)
    try:
        ended = await send(
            transport, request("GET", settings.api_particulier_url.get_secret_value()), _PROBE_SECONDS
        )
    finally:
        await transport.aclose()
    if isinstance(ended, Unanswered):
        detail = f"not reached: {ended.cause or str(ended.code)}"
        return Finding(part="API", severity=Severity.FAILURE, detail=detail)
    return Finding(part="API", severity=Severity.OK, detail=f"reached ({ended.http_status})")


def _probe(url: str, path: str) -> Finding:
    import httpx

    part = f"worker {path}"
    try:
        answer = httpx.get(f"{url.rstrip('/')}/{path}", timeout=_PROBE_SECONDS, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Finding(part=part, severity=Severity.FAILURE, detail=f"no answer ({type(error).__name__})")
    if answer.status_code == _OK:
        return Finding(part=part, severity=Severity.OK, detail="yes")
    return Finding(part=part, severity=Severity.FAILURE, detail=f"no ({answer.status_code})")
