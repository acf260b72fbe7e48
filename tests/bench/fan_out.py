"""How much longer a job of twelve checks takes than its slowest check alone, from publish to reply.

The sandbox answers each call after 300 ms; the worker does nothing else. Each measurement is the median of several.
"""

import json
import statistics
import time
from typing import Any, Final

from connector.demo.deployment import CLAMART, Deployment
from connector.demo.jobs import demo_jobs
from connector.demo.node import RabbitNode
from connector.demo.vendor import VendorClient

LATENCY_SECONDS: Final = 0.3
CHECKS: Final = (
    "quotient_familial",
    "participation_familiale_eaje",
    "revenu_solidarite_active",
    "prime_activite",
    "allocation_adulte_handicape",
    "allocation_enfant_handicape",
    "allocation_soutien_familial",
    "allocation_rentree_scolaire",
    "complementaire_sante_solidaire",
    "etudiant_boursier",
    "statut_etudiant",
    "service_national",
)


def fan_out(repeats: int) -> dict[str, Any]:
    """Measure each check alone, then all of them in one job."""
    options = ["--latency", str(LATENCY_SECONDS)]
    with (
        RabbitNode() as node,
        Deployment(node.url(), options) as deployment,
        deployment.worker(),
        VendorClient(node.url(), "millesime") as vendor,
    ):
        _seconds(vendor, CHECKS)  # opens the connections
        alone = {name: _median(vendor, (name,), repeats) for name in CHECKS}
        together = _median(vendor, CHECKS, repeats)
    slowest = max(alone.values())
    return {
        "checks": len(CHECKS),
        "latency_seconds": LATENCY_SECONDS,
        "slowest_check_seconds": round(slowest, 4),
        "job_seconds": round(together, 4),
        "job_to_slowest_check": round(together / slowest, 3),
    }


def _median(vendor: VendorClient, checks: tuple[str, ...], repeats: int) -> float:
    return statistics.median(_seconds(vendor, checks) for _ in range(repeats))


def _seconds(vendor: VendorClient, checks: tuple[str, ...]) -> float:
    body = demo_jobs("fan-out")[0].body
    if not isinstance(body, dict):
        raise TypeError("the first job of the demonstration is JSON")
    job = body | {"tenant": CLAMART, "checks": [{"check": name} for name in checks]}
    start = time.monotonic()
    vendor.publish(job | {"job_id": f"fan-out-{time.monotonic_ns()}"})
    reply = json.loads(next(iter(vendor.replies(1))).body)
    elapsed = time.monotonic() - start
    if [check["status"] for check in reply["checks"]] != ["found"] * len(checks):
        raise AssertionError("the benchmark's checks are not all found")
    return elapsed
