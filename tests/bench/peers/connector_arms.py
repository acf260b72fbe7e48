"""The connector's worker, with each of what production has on, or off."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from types import MappingProxyType
from typing import Final

from connector.demo.deployment import Deployment
from connector.jobs.records import Lane
from connector.storage.journal.keys import new_key
from tests.bench.peers.arms import Arm, Order, Running
from tests.bench.peers.connector_worker import ConnectorWorker, Feature
from tests.bench.peers.ground import VENDOR
from tests.town import import_town

_NEVER_REACHED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "CONNECTOR_TOKEN_QUOTA": "100000/s",
        "CONNECTOR_EGRESS_QUOTA": "6000000/min",
        "CONNECTOR_FRANCE_CONNECT_QUOTA": "6000000/min",
    }
)
"""Rates over the windows of the defaults, for which no call ever waits."""
_OFF: Final[Mapping[str, str]] = MappingProxyType(
    {
        "CONNECTOR_TOKEN_QUOTA": "0",
        "CONNECTOR_EGRESS_QUOTA": "0",
        "CONNECTOR_FRANCE_CONNECT_QUOTA": "0",
        "CONNECTOR_REPLY_MEMORY_SECONDS": "0",
        "CONNECTOR_LOG_FORMAT": "json",
    }
)
_ON: Final[Mapping[Feature, Callable[[], Mapping[str, str]]]] = MappingProxyType(
    {
        Feature.QUOTAS: lambda: _NEVER_REACHED,
        Feature.MEMORY: lambda: {"CONNECTOR_REPLY_MEMORY_SECONDS": "3600"},
        Feature.JOURNAL: lambda: {"CONNECTOR_JOURNAL_KEY": new_key()},
        Feature.METRICS: dict,
    }
)


def connector_arm(name: str, title: str, features: frozenset[Feature], lane: Lane = Lane.INTERACTIVE) -> Arm:
    """Return the connector's worker of one lane, with ``features`` and no other."""
    return Arm(
        name=name,
        title=title,
        start=partial(_started, features, lane),
        publisher=VENDOR,
        lane=lane,
        replies=f"replies.{VENDOR}",
        most_in_hand=2000,
    )


@contextmanager
def _started(features: frozenset[Feature], lane: Lane, order: Order) -> Iterator[Running]:
    settings = {
        **_OFF,
        **{name: value for feature in sorted(features) for name, value in _ON[feature]().items()},
        "CONNECTOR_API_PARTICULIER_URL": order.upstream_url,
        **({"CONNECTOR_REDIS_URL": order.redis_url} if order.redis_url else {}),
    }
    options = ["--lane", lane, "--concurrency", str(order.concurrency)]
    if Feature.METRICS in features:
        options += ["--http", "0"]
    with Deployment(order.broker_url, preset="all") as deployment, ExitStack() as workers:
        if order.tenants:
            import_town(deployment, order.tenants, VENDOR)
        started = [
            workers.enter_context(deployment.worker(*options, settings=settings))
            for _ in range(order.processes)
        ]
        worker = ConnectorWorker(features, deployment, tuple(started), workers)
        yield Running(
            pids=tuple(program.pid for program in started), finish=worker.finish, watched=worker.watched
        )


EVERYTHING: Final = connector_arm("connector", "connector, everything on", frozenset(Feature))
CAMPAIGN: Final = connector_arm(
    "connector-batch", "connector, everything on, batch lane", frozenset(Feature), Lane.BATCH
)
BARE: Final = connector_arm("connector-bare", "connector, those four off", frozenset())
ALONE: Final = tuple(
    connector_arm(f"connector-{feature}", f"connector, {feature} alone", frozenset({feature}))
    for feature in Feature
)
