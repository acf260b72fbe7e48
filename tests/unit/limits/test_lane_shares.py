"""Who fills a lane that a worker does not keep up with."""

import asyncio

import pytest

from connector.jobs.records import Flow
from connector.limits.intake import Door, Intake
from connector.limits.lane_shares import ALONE_LOOKS, NEWCOMER_LOOKS, LaneShares

LANE = "verifications.interactive"
FLOODER, OTHER = "millesime", "sonate-opus"
A = Flow("interactive", FLOODER, "26920023600017")
B = Flow("interactive", OTHER, "26920023600017")


def read(lanes: LaneShares, **counts: int) -> None:
    """Have so many jobs been read of each vendor."""
    for vendor, count in counts.items():
        for _ in range(count):
            lanes.count(LANE, vendor.replace("_", "-"))


def growing(messages: int = 200) -> LaneShares:
    """Return the shares of a lane that was empty when this worker last looked."""
    lanes = LaneShares({LANE: messages})
    lanes.pass_over()
    return lanes


def test_a_backlog_that_was_there_before_is_worked_off_in_its_order_where_one_vendor_is_alone() -> None:
    lanes = LaneShares({LANE: 200})
    read(lanes, millesime=200)
    assert not lanes.look(LANE, 1000)
    read(lanes, millesime=200)
    assert not lanes.look(LANE, 800)
    # More than that comes: whoever publishes faster than this worker answers keeps others waiting.
    read(lanes, millesime=200)
    assert lanes.look(LANE, 900)
    assert lanes.filling(LANE) == {FLOODER}


def test_once_another_vendor_was_read_nobody_is_alone_for_a_while() -> None:
    lanes = LaneShares({LANE: 200})
    read(lanes, sonate_opus=1)
    assert not lanes.look(LANE, 100)
    for _ in range(ALONE_LOOKS - 1):
        read(lanes, millesime=1)
        assert not lanes.look(LANE, 100)
    lanes.stall()
    read(lanes, millesime=200)
    assert not lanes.look(LANE, 1000), "alone by now"
    read(lanes, millesime=200, sonate_opus=1)
    assert lanes.look(LANE, 900)
    assert lanes.filling(LANE) == {FLOODER}


def test_a_newcomer_is_not_to_come_too_late_behind_a_vendor_alone() -> None:
    lanes = LaneShares({LANE: 200})
    read(lanes, millesime=100)
    assert not lanes.look(LANE, 100 * NEWCOMER_LOOKS)
    lanes.stall()
    read(lanes, millesime=100)
    assert lanes.look(LANE, 100 * NEWCOMER_LOOKS + 1)


def test_what_came_while_the_worker_stood_still_says_nothing_of_its_pace() -> None:
    lanes = growing()
    lanes.stall()
    read(lanes, millesime=200)
    assert not lanes.look(LANE, 1000)


def test_a_lane_with_little_in_it_is_filled_by_nobody() -> None:
    lanes = growing()
    read(lanes, millesime=500)
    assert not lanes.look(LANE, 100)
    assert lanes.filling(LANE) == frozenset()


def test_whoever_has_sent_an_equal_share_of_what_was_read_fills_a_lane_that_is_behind() -> None:
    lanes = growing()
    read(lanes, millesime=300, sonate_opus=1, carte_plus=2)
    assert lanes.look(LANE, 101)
    assert lanes.filling(LANE) == {FLOODER}
    read(lanes, millesime=50, sonate_opus=50, carte_plus=2)
    # It is said once.
    assert not lanes.look(LANE, 80)
    assert lanes.filling(LANE) == {FLOODER, OTHER}


def test_it_is_behind_until_nothing_waits() -> None:
    lanes = growing()
    read(lanes, millesime=300)
    lanes.look(LANE, 1000)
    # Nothing was read since: there is nobody new to name.
    lanes.look(LANE, 1)
    assert lanes.filling(LANE) == {FLOODER}
    assert lanes.lanes_in_use() == [LANE]
    lanes.look(LANE, 0)
    assert lanes.filling(LANE) == frozenset()
    assert lanes.lanes_in_use() == []


def test_a_lane_of_which_nothing_was_read_is_not_looked_at() -> None:
    lanes = growing()
    assert lanes.lanes_in_use() == []
    lanes.count("verifications.batch", FLOODER)
    assert lanes.lanes_in_use() == []
    lanes.count(LANE, FLOODER)
    assert lanes.lanes_in_use() == [LANE]


async def test_who_fills_a_lane_has_its_jobs_overflow_and_others_enter() -> None:
    lanes = growing()
    intake, door = Intake(100, lanes), Door(LANE, 200)
    assert await intake.enter(A, door)
    read(lanes, millesime=300, sonate_opus=1)
    lanes.look(LANE, 1000)
    assert not await intake.enter(A, door)
    assert not intake.enter_at_once(A, door)
    assert intake.overflow_of(A, door) == A.of_every_tenant
    assert await intake.enter(B, door)
    # What comes out of the vendor's own queue is not in the way.
    assert await intake.enter(A, Door("connector.backlog.interactive.millesime.any", float("inf")))


async def test_what_has_overflowed_gives_way_until_the_lane_is_kept_up_with() -> None:
    lanes = growing()
    # Nothing holds it up before, nor a vendor that does not fill the lane.
    await lanes.give_way(LANE, FLOODER)
    read(lanes, millesime=300, sonate_opus=1)
    lanes.look(LANE, 1000)
    await lanes.give_way(LANE, OTHER)
    waiting = asyncio.create_task(lanes.give_way(LANE, FLOODER))
    await asyncio.sleep(0)
    assert not waiting.done()
    lanes.look(LANE, 0)
    await waiting


async def test_what_has_overflowed_gives_way_for_so_long_at_the_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connector.limits.lane_shares.GIVES_WAY_SECONDS", 0.0)
    lanes = growing()
    read(lanes, millesime=300)
    lanes.look(LANE, 1000)
    await lanes.give_way(LANE, FLOODER)
    assert lanes.filling(LANE) == {FLOODER}
