"""How well two worker processes keep to quotas, and how evenly they share them: by the sandbox's own log of calls.

Tenants with a quota of 4 calls a second each, and far more batch jobs than that; then the same behind an address that may
make 1,000 calls a minute. Fifty of them take all that two cores give, which also carry the broker, Redis and the sandbox;
with the access journal half as many do, and more of them measure the machine instead of the limiter.
"""

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from connector.demo.deployment import Deployment
from connector.demo.node import RabbitNode
from tests.bench.campaign import publish
from tests.jobs import job
from tests.sandbox_control import SandboxControl
from tests.servers.redis_node import RedisNode
from tests.town import import_town, sirets

CALLS_PER_SECOND: Final = 4
LATENCY_SECONDS: Final = 0.05
_SETTLING_SECONDS: Final = 10.0
"""Before the count: the workers read the lane, and the tenants' own queues are made."""
_MINUTE: Final = 60.0
_REFUSED: Final = 429
_MARGIN: Final = 1.3


def quotas(minutes: float, tenants: int, journal: Mapping[str, str]) -> dict[str, Any]:
    """Measure ``minutes`` minutes without a quota of the address, and as many with one."""
    return {
        "has_journal": bool(journal),
        "tenants": tenants,
        "token_quota": _measure(minutes, "0", tenants, journal),
        "egress_quota": _measure(minutes, "1000/min", tenants, journal),
    }


def _measure(minutes: float, egress: str, count: int, journal: Mapping[str, str]) -> dict[str, Any]:
    seconds = minutes * _MINUTE
    settings = {
        "CONNECTOR_TOKEN_QUOTA": f"{CALLS_PER_SECOND}/s",
        "CONNECTOR_EGRESS_QUOTA": egress,
        # Two cores also carry the broker, Redis and the sandbox: what is not measured leaves them alone.
        "CONNECTOR_REPLY_MEMORY_SECONDS": "0",
        **journal,
    }
    sandbox_options = ["--latency", str(LATENCY_SECONDS), "--quota", f"{CALLS_PER_SECOND}/s"]
    with (
        RabbitNode() as node,
        RedisNode() as redis,
        Deployment(node.url(), sandbox_options) as deployment,
    ):
        tenants = sirets(count)
        import_town(deployment, tenants)
        sandbox = SandboxControl(deployment.environment["CONNECTOR_API_PARTICULIER_URL"])
        shared = settings | {"CONNECTOR_REDIS_URL": redis.url()}
        with deployment.worker(settings=shared), deployment.worker(settings=shared):
            each = int(_MARGIN * CALLS_PER_SECOND * (_SETTLING_SECONDS + seconds))
            jobs = (
                job(job_id=f"{siret}-{number}", tenant=siret) for number in range(each) for siret in tenants
            )
            published_in = publish(node.port, "millesime", "batch", jobs)
            time.sleep(_SETTLING_SECONDS)
            begun = time.time()
            time.sleep(seconds)
            calls = sandbox.calls()
    counted = [call for call in calls if begun <= call["at"] < begun + seconds]
    return _figures(counted, tenants, seconds, egress) | {"published_in_seconds": round(published_in, 1)}


def _figures(
    counted: list[dict[str, Any]], tenants: list[str], seconds: float, egress: str
) -> dict[str, Any]:
    refused = sum(call["status"] == _REFUSED for call in counted)
    per_tenant = Counter(call["recipient"] for call in counted if call["status"] != _REFUSED)
    allowed = CALLS_PER_SECOND * seconds
    shares = sorted(per_tenant[siret] for siret in tenants)
    instants = [call["at"] for call in counted]
    busiest = max(bisect_left(instants, at + _MINUTE) - index for index, at in enumerate(instants))
    return {
        "egress": egress,
        "seconds": seconds,
        "calls": len(counted),
        "refused": refused,
        "refused_per_1000": round(1000 * refused / len(counted), 2),
        "least_use_of_a_tenants_quota": round(shares[0] / allowed, 3),
        "calls_of_the_busiest_minute": busiest,
        "calls_of_a_tenant": {"least": shares[0], "median": shares[len(shares) // 2], "most": shares[-1]},
    }
