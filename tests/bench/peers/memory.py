"""What a worker's processes hold in memory: at rest, and with many jobs in hand, none of which the upstream answers yet."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.bench.campaign import publish
from tests.bench.peers.arms import Arm, Order
from tests.bench.peers.ground import Ground
from tests.bench.peers.jobs import jobs
from tests.bench.peers.processes import end, rss_mib

IN_HAND: Final = (1000, 10_000)
_LOOK_SECONDS: Final = 1.0
_LOOKS: Final = 25
"""The calls of the first jobs would time out after 30 s."""
_STEADY_LOOKS: Final = 4
_STEADY_SHARE: Final = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a worker holds with jobs in hand."""

    asked: int
    in_hand: int
    """Messages that the broker has handed to it and that it has not settled."""
    calls: int
    """Calls that the upstream had not answered: some wait for a connection or a thread."""
    rss_mib: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What a worker holds at rest, and then."""

    idle_mib: float
    held: tuple[Held, ...]


def memory(ground: Ground, arm: Arm, asked: tuple[int, ...] = IN_HAND) -> Memory:
    """Measure a worker of its own for each number of jobs that one can be told to take."""
    measured = [_held(ground, arm, count) for count in asked if count <= arm.most_in_hand]
    return Memory(idle_mib=measured[0][0], held=tuple(held for _idle, held in measured))


def _held(ground: Ground, arm: Arm, count: int) -> tuple[float, Held]:
    with ground.host() as host:
        order = Order(broker_url=host.url, upstream_url=ground.upstream_url, concurrency=count)
        with arm.start(order) as running:
            idle = _steady(lambda: rss_mib(running.pids))
            ground.tell_upstream("hold")
            try:
                publish(host.node.port, arm.publisher, arm.lane, jobs(count), virtual_host=host.name)
                held = [Held(asked=count, in_hand=0, calls=0, rss_mib=idle)]
                for _ in range(_LOOKS):
                    time.sleep(_LOOK_SECONDS)
                    held.append(
                        Held(
                            asked=count,
                            in_hand=host.in_hand(),
                            calls=ground.tell_upstream("waiting"),
                            rss_mib=round(rss_mib(running.pids), 1),
                        )
                    )
                    if _is_steady([one.rss_mib for one in held]) and held[-1].in_hand >= count:
                        break
            finally:
                end(running.pids)
                ground.tell_upstream("release")
    return round(idle, 1), max(held, key=lambda one: (min(one.in_hand, count), one.calls, one.rss_mib))


def _steady(measure: Callable[[], float]) -> float:
    """Return a measurement once it has stayed the same, or the last one."""
    values = [measure()]
    for _ in range(_LOOKS):
        time.sleep(_LOOK_SECONDS)
        values.append(measure())
        if _is_steady(values):
            break
    return values[-1]


def _is_steady(values: list[float]) -> bool:
    recent = values[-_STEADY_LOOKS:]
    return len(recent) == _STEADY_LOOKS and max(recent) - min(recent) <= _STEADY_SHARE * max(recent)
