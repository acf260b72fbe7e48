"""A worker looks whether the counter's lane is behind, where that keeps another vendor waiting."""

from typing import cast

import pytest

from connector.amqp.session import BrokerSession
from connector.amqp.topology import lane_queue
from connector.jobs.records import Lane, Registry, Vendor
from connector.limits.lane_shares import LaneShares
from workers.lane_watch import LaneWatch

LANE = lane_queue(Lane.INTERACTIVE)


class Depths:
    """Says how many messages wait in a queue, and how often it was asked."""

    is_blocked = False

    def __init__(self, waiting: int) -> None:
        self._waiting = waiting
        self.asked: list[str] = []

    async def depth(self, queue: str) -> int:
        """Return it."""
        self.asked.append(queue)
        return self._waiting


def watched(depths: Depths, lanes: LaneShares, *, vendors: int = 2) -> LaneWatch:
    """Return a watch of ``lanes`` where so many vendors are known."""
    names = [f"vendor-{number}" for number in range(vendors)]
    known = {name: Vendor(name=name, product="M", publisher="Up", preset="all") for name in names}
    registry = Registry(revision=1, vendors=known, tenants={})
    return LaneWatch(cast("BrokerSession", depths), lanes, lambda: registry)


async def test_a_lane_that_is_behind_is_told_of_once(capsys: pytest.CaptureFixture[str]) -> None:
    lanes, depths = LaneShares({LANE: 200}), Depths(1000)
    watch = watched(depths, lanes)
    await watch.look()
    for _ in range(2):
        lanes.count(LANE, "millesime")
        await watch.look()
    assert lanes.filling(LANE) == {"millesime"}
    assert capsys.readouterr().out.count("lane.behind") == 1


async def test_the_broker_is_not_asked_of_a_lane_that_nothing_was_read_of() -> None:
    depths = Depths(1000)
    await watched(depths, LaneShares({LANE: 200})).look()
    assert depths.asked == []


async def test_a_vendor_alone_is_in_nobodys_way() -> None:
    lanes, depths = LaneShares({LANE: 200}), Depths(1000)
    lanes.count(LANE, "millesime")
    await watched(depths, lanes, vendors=1).look()
    assert depths.asked == []
    assert lanes.filling(LANE) == frozenset()
