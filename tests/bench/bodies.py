"""CPU that one body costs at the most, whatever it holds: of each reader of bodies, over a corpus of worst cases."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from struct import pack
from types import SimpleNamespace
from typing import Any, Final

from amqp import spec

from connector.amqp.dead.reading import read_letter
from connector.amqp.frames import TolerantFrames
from connector.amqp.headers import HEADERS_READ
from connector.amqp.topology import DEAD, REQUESTS
from connector.catalogue import CATALOGUE
from connector.catalogue.grants import grant_of
from connector.checks.admission import Admitted, admit
from connector.checks.parsing import glimpse
from connector.checks.plan import plan
from connector.clock import paris_day
from connector.jobs.delivery import Delivery
from connector.jobs.records import Lane, Registry, Tenant, Vendor
from tests.jobs import RSA, job
from tests.worst_bodies import worst_bodies
from tests.worst_headers import worst_headers

_NOW: Final = datetime(2026, 11, 1, 12, tzinfo=UTC)
_VENDOR: Final = Vendor(name="millesime", product="M", publisher="Up", preset="all")
_GRANT: Final = grant_of(_VENDOR)
_BASIC: Final = 60
_HAS_HEADERS: Final = 0x2000


def bodies(repeats: int) -> dict[str, Any]:
    """Return the CPU in ms of a normal job, and of the worst body of each reader with its name; of tables of headers too."""
    normal = json.dumps(job({"check": "quotient_familial"}, RSA)).encode()
    corpus = worst_bodies()
    figures: dict[str, Any] = {"bodies": len(corpus)}
    for name, read in _readers().items():
        costs = {body: _least_ms(read, corpus[body], repeats) for body in corpus}
        worst = max(costs, key=costs.__getitem__)
        figures[name] = {
            "normal_ms": round(_least_ms(read, normal, 10 * repeats), 4),
            "worst_ms": round(costs[worst], 3),
            "worst_body": worst,
        }
    tables = worst_headers()
    costs = {name: _least_ms(_take_in, _content_header(table), repeats) for name, table in tables.items()}
    worst = max(costs, key=costs.__getitem__)
    figures["headers"] = {
        "normal_ms": round(_least_ms(_take_in, _content_header(b""), 10 * repeats), 4),
        "worst_ms": round(costs[worst], 3),
        "worst_body": f"{worst}, of {len(tables)} tables",
    }
    return figures


def _content_header(table: bytes) -> bytes:
    return pack(">HHQHI", _BASIC, 0, 0, _HAS_HEADERS, len(table)) + table


def _take_in(content_header: bytes) -> object:
    """Read a message's frames as a worker does."""
    taken: list[Any] = []

    def take(_channel: int, _method: Any, _arguments: Any, content: Any) -> None:
        taken.append(content)

    frames = TolerantFrames(SimpleNamespace(bytes_recv=0), take, headers=HEADERS_READ)
    frames((1, 1, pack(">HH", *spec.Basic.Deliver)))
    frames((2, 1, content_header))
    return taken


def _readers() -> dict[str, Callable[[bytes], object]]:
    return {"admission": _admit, "admission_and_plan": _plan, "glimpse": glimpse, "dead_letter": _read_letter}


def _admit(body: bytes) -> object:
    tenant = Tenant(siret=job()["tenant"], name="C", vendors=frozenset({_VENDOR.name}))
    registry = Registry(revision=1, vendors={_VENDOR.name: _VENDOR}, tenants={tenant.siret: tenant})
    return admit(replace(_DELIVERY, body=body), registry, _NOW, require_user_id=False)


def _plan(body: bytes) -> object:
    admitted = _admit(body)
    if not isinstance(admitted, Admitted):
        return admitted
    return plan(admitted.job, CATALOGUE, _GRANT, paris_day(_NOW))


def _read_letter(body: bytes) -> object:
    message = SimpleNamespace(
        body=body,
        properties={"message_id": "m"},
        delivery_info={"exchange": REQUESTS, "routing_key": "millesime.nowhere"},
    )
    return read_letter(message, DEAD)


_DELIVERY: Final = Delivery(
    body=b"",
    lane=Lane.INTERACTIVE,
    routing_key="millesime.interactive",
    redelivered=False,
    received_at=_NOW,
    content_type="application/json",
)


def _least_ms(read: Callable[[bytes], object], body: bytes, repeats: int) -> float:
    """Return the least of several measurements: what the machine does beside is no cost of the body."""
    least = float("inf")
    for _ in range(repeats):
        started = time.process_time()
        read(body)
        least = min(least, time.process_time() - started)
    return 1000 * least
