"""The arms: ways to answer the same jobs, each started and stopped alike."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Final

CONCURRENCY: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How an arm is to be started."""

    broker_url: str
    upstream_url: str
    concurrency: int = CONCURRENCY
    processes: int = 1
    tenants: tuple[str, ...] = ()
    """SIRETs of tenants that the jobs are for, beside the one of the demonstration."""
    redis_url: str | None = None
    """What several processes of the connector share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """An arm that takes jobs."""

    pids: tuple[int, ...]
    finish: Callable[[int, int], None] = lambda _jobs, _calls: None
    """Stops it after so many jobs and calls, and makes sure that it was what it is said to be. Raises ``AssertionError``."""
    watched: Callable[[], AbstractContextManager[None]] = nullcontext
    """Has it watched as in production, while it is measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One way to answer the jobs."""

    name: str
    title: str
    """What it is, for who reads the figures."""
    start: Callable[[Order], AbstractContextManager[Running]]
    publisher: str = "bench"
    """The vendor and the lane that its jobs are published under, which make the routing key."""
    lane: str = "jobs"
    replies: str = "bench.replies"
    most_in_hand: int = 10_000
    """Jobs that one process can be told to have in hand."""
