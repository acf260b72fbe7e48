"""What a thousand tenants cost: their import, a worker's start, and its size, beside ten."""

import statistics
import time
from typing import Any, Final

from connector.demo.deployment import Deployment
from connector.demo.node import RabbitNode
from tests.bench.endurance import rss_mib
from tests.town import import_town, sirets

MANY: Final = 1000
FEW: Final = 10


def tenants(repeats: int) -> dict[str, Any]:
    """Measure both, and start a worker on each ``repeats`` times, in turn."""
    with RabbitNode() as node, Deployment(node.url()) as small, Deployment(node.url()) as large:
        small.command("topology", "declare")
        imports = {"few": _import_seconds(small, FEW), "many": _import_seconds(large, MANY)}
        starts = [(_start(small), _start(large)) for _ in range(repeats)]
    few_seconds, few_mib = _medians([few for few, _ in starts])
    many_seconds, many_mib = _medians([many for _, many in starts])
    return {
        "tenants": {"few": FEW, "many": MANY},
        "import_seconds": {name: round(seconds, 2) for name, seconds in imports.items()},
        "start_seconds": {"few": round(few_seconds, 3), "many": round(many_seconds, 3)},
        "start_many_to_few": round(many_seconds / few_seconds, 3),
        "rss_mib": {"few": round(few_mib, 1), "many": round(many_mib, 1)},
        "rss_many_to_few": round(many_mib / few_mib, 3),
    }


def _import_seconds(deployment: Deployment, count: int) -> float:
    begun = time.monotonic()
    import_town(deployment, sirets(count))
    return time.monotonic() - begun


def _start(deployment: Deployment) -> tuple[float, float]:
    """Return how long a worker takes until it takes jobs, in seconds, and its size then, in MiB."""
    begun = time.monotonic()
    with deployment.worker() as worker:
        return time.monotonic() - begun, rss_mib(worker.pid)


def _medians(starts: list[tuple[float, float]]) -> tuple[float, float]:
    return statistics.median(seconds for seconds, _ in starts), statistics.median(mib for _, mib in starts)
