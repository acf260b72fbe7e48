"""Which jobs are in flight: some room is always left for the next tenant."""

import asyncio
import math

import pytest

from connector.jobs.records import Flow
from connector.limits.intake import Intake

A = Flow("batch", "millesime", "26920023600017")
B = Flow("batch", "millesime", "26750045200011")
SLOWLY = 1 / 3600
"""Jobs a second: who waits for one waits an hour."""
COUNTER = Flow("interactive", "millesime", "26920023600017")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a job that finds no room overflow at once."""
    monkeypatch.setattr("connector.limits.intake.SLOWEST_READING_PER_SECOND", math.inf)


async def filled(intake: Intake, flow: Flow) -> int:
    """Return how many jobs of a flow are taken in until one overflows."""
    taken = 0
    while await intake.enter(flow):
        taken += 1
    return taken


async def test_one_flow_alone_takes_half_of_the_room_and_the_next_finds_some() -> None:
    intake = Intake(concurrency=30)
    assert await filled(intake, A) == 30
    assert await filled(intake, B) == 15


async def test_two_that_go_on_end_with_as_much_each() -> None:
    intake = Intake(concurrency=30)
    in_flight = {A: await filled(intake, A), B: await filled(intake, B)}
    for turn in range(400):
        flow = (A, B)[turn % 2]
        intake.leave(flow)
        in_flight[flow] -= 1
        for other in (A, B):
            while await intake.enter(other):
                in_flight[other] += 1
    assert abs(in_flight[A] - in_flight[B]) <= 1
    assert in_flight[A] == pytest.approx(20, abs=1)


async def test_a_vendors_own_queues_take_no_more_room_from_others_than_its_share() -> None:
    intake = Intake(concurrency=100)
    for number in range(2400):
        intake.take(Flow("batch", "millesime", f"{number % 300:014d}"))
    assert await filled(intake, Flow("batch", "sonate-opus", A.siret)) == 25
    assert await filled(intake, Flow("batch", "millesime", "26750045200011")) == 1


async def test_many_flows_have_one_job_at_the_least() -> None:
    intake = Intake(concurrency=2)
    flows = [Flow("batch", "millesime", f"{number:014d}") for number in range(20)]
    assert [await intake.enter(flow) for flow in flows] == [True] * 20


async def test_a_lane_takes_no_room_from_the_other() -> None:
    intake = Intake(concurrency=10)
    await filled(intake, A)
    assert await filled(intake, COUNTER) == 10


async def test_a_job_that_was_set_aside_is_taken_whatever_the_room() -> None:
    intake = Intake(concurrency=1)
    await filled(intake, A)
    intake.take(A)
    intake.leave(A)
    assert not await intake.enter(A)
    intake.leave(A)
    assert await intake.enter(A)


async def test_a_job_waits_a_moment_for_its_flow_to_get_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connector.limits.intake.SLOWEST_READING_PER_SECOND", SLOWLY)
    intake = Intake(concurrency=1)
    intake.take(A)
    entering = [asyncio.create_task(intake.enter(A)) for _ in range(2)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in entering)
    intake.leave(A)
    assert await entering[0]
    assert not entering[1].done()
    intake.leave(A)
    assert await entering[1]


async def test_once_a_flow_does_not_get_on_its_jobs_do_not_wait_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("connector.limits.intake.SLOWEST_READING_PER_SECOND", 1000.0)
    intake = Intake(concurrency=1)
    assert await intake.enter(A)
    assert not await intake.enter(A)
    at_once = asyncio.create_task(intake.enter(A))
    await asyncio.sleep(0)
    assert at_once.done()
    intake.leave(A)
    assert await intake.enter(A)
    # It got on: the next one waits again.
    waiting = asyncio.create_task(intake.enter(A))
    await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()


async def test_a_job_that_is_cancelled_while_it_waits_leaves_no_trace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("connector.limits.intake.SLOWEST_READING_PER_SECOND", SLOWLY)
    intake = Intake(concurrency=1)
    intake.take(A)
    gone, staying = (asyncio.create_task(intake.enter(A)) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    intake.leave(A)
    assert await staying
