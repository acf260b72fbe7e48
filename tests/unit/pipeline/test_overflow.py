"""A job that cannot be taken in is kept in its flow's own queue, and comes back from there whole."""

import math
from dataclasses import replace
from types import SimpleNamespace

import httpx
import pytest

from connector.amqp.deferral import overflowed, read_deferred
from connector.jobs.records import EVERY_TENANT, Flow, Lane
from connector.jobs.settlement import Answer, Overflow
from connector.limits.intake import Door, Intake
from connector.limits.lane_shares import LaneShares
from connector.pipeline.run_job import turn_away, verify
from connector.pipeline.services import Services
from connector.pipeline.settle import Kept
from schemas.codes import CheckCode, CheckStatus, JobStatus
from tests.answers import found
from tests.calls import FC, Api
from tests.deliveries import delivery
from tests.fakes import DOOR, ManualTime, services, verified
from tests.jobs import QF
from tests.registry import CLAMART, OneToken

FLOW = Flow("batch", "millesime", CLAMART)


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Services:
    """Services that have as many jobs of the flow in flight as there may be."""
    monkeypatch.setattr("connector.limits.intake.SLOWEST_READING_PER_SECOND", math.inf)
    made = services(httpx.MockTransport(Api(quotient_familial=found())), OneToken(), ManualTime())
    for _ in range(100):
        made.intake.take(FLOW)
    return made


async def test_what_cannot_be_taken_in_is_set_aside(full: Services) -> None:
    given = delivery(QF, lane=Lane.BATCH)
    assert await verified(given, full) == Overflow(FLOW, given)
    assert full.intake.in_flight(FLOW) == 100


async def test_with_nowhere_to_wait_it_is_run_within_its_vendors_share_and_answered_beyond(
    full: Services,
) -> None:
    """The database is away, and no queue can be made: one vendor must not have the lane's messages all in flight."""
    records = Kept(full.journal.open())
    within = await verify(delivery(QF, lane=Lane.BATCH), records, full, door=DOOR, can_wait=False)
    assert isinstance(within, Answer)
    assert within.reply.checks[0].status is CheckStatus.FOUND
    for _ in range(150):
        full.intake.take(FLOW, DOOR)
    beyond = await verify(delivery(QF, lane=Lane.BATCH), records, full, door=DOOR, can_wait=False)
    assert isinstance(beyond, Answer)
    assert beyond.reply.checks[0].reason is not None
    assert beyond.reply.checks[0].reason.code is CheckCode.RATE_LIMITED
    assert full.intake.in_flight(FLOW) == 250


async def test_it_comes_back_whole_and_is_run(full: Services) -> None:
    given = delivery(QF, lane=Lane.BATCH)
    message = overflowed(given, FLOW, full.vault)
    assert message.queue == f"connector.backlog.batch.millesime.{CLAMART}"
    assert b"EXEMPLE" not in message.body
    came_back = read_deferred(
        SimpleNamespace(body=message.body, properties={}, delivery_info={"redelivered": False}), full.vault
    )
    assert came_back == given
    settlement = await verified(came_back, full, went_to_overflow=True)
    assert isinstance(settlement, Answer)
    assert settlement.reply.status is not JobStatus.REJECTED
    assert full.intake.in_flight(FLOW) == 100


async def test_a_persons_token_opens_no_other_door(full: Services) -> None:
    """Beyond the share of its flow such a job is answered at once: its token would end while it waits."""
    api = Api()
    full = replace(full, upstreams=services(httpx.MockTransport(api), OneToken()).upstreams)
    settlement = await verified(delivery(QF, lane=Lane.BATCH, **FC), full)
    assert isinstance(settlement, Answer)
    (check,) = settlement.reply.checks
    assert check.reason is not None
    assert (check.reason.code, check.reason.retryable) == (CheckCode.RATE_LIMITED, True)
    assert not api.calls
    assert full.intake.in_flight(FLOW) == 100


async def test_however_its_key_is_spelt(full: Services) -> None:
    """What a job asks is read from the job, not from its bytes."""
    given = delivery(QF, lane=Lane.BATCH, **FC)
    spelt = replace(given, body=given.body.replace(b"france_connect_token", rb"france\u005fconnect_token"))
    assert spelt.body != given.body
    settlement = await verified(spelt, full)
    assert isinstance(settlement, Answer)
    assert settlement.reply.checks[0].reason is not None
    assert settlement.reply.checks[0].reason.code is CheckCode.RATE_LIMITED


async def test_a_token_that_no_call_uses_makes_no_difference(full: Services) -> None:
    given = delivery({**QF, "call": "identite"}, lane=Lane.BATCH, france_connect_token="sesame")
    assert await verified(given, full) == Overflow(FLOW, given)


async def test_of_a_job_that_asks_both_ways_the_rest_is_set_aside(full: Services) -> None:
    by_token = {**QF, "id": "by_token", "call": "france_connect"}
    given = delivery(by_token, {**QF, "call": "identite"}, lane=Lane.BATCH, france_connect_token="sesame")
    settlement = await verified(given, full)
    assert isinstance(settlement, Overflow)
    message = overflowed(settlement.delivery, FLOW, full.vault)
    came_back = read_deferred(
        SimpleNamespace(body=message.body, properties={}, delivery_info={"redelivered": False}), full.vault
    )
    assert came_back is not None
    assert came_back.body == given.body
    answered = await verified(came_back, full, went_to_overflow=True)
    assert isinstance(answered, Answer)
    first, second = answered.reply.checks
    assert first.reason is not None
    assert first.reason.code is CheckCode.RATE_LIMITED
    assert second.status is CheckStatus.FOUND


async def test_what_can_neither_be_taken_in_nor_wait_is_told_to_come_back(full: Services) -> None:
    given = delivery(QF, {"id": "unheard_of", "check": "unheard_of"}, lane=Lane.BATCH)
    records = Kept(full.journal.open())
    settlement = await turn_away(given, records, full)
    assert isinstance(settlement, Answer)
    quotient, unknown = settlement.reply.checks
    assert quotient.reason is not None
    assert (quotient.reason.code, quotient.reason.retryable) == (CheckCode.RATE_LIMITED, True)
    assert unknown.reason is not None
    assert unknown.reason.code is CheckCode.UNKNOWN_CHECK


async def test_a_vendor_of_many_tenants_leaves_messages_of_the_lane_to_others() -> None:
    """Each of its flows has room, all of them together a share: the broker gives a worker so many messages, then none."""
    intake = Intake(100)
    tenants = (f"{number:014}" for number in range(1000))
    while await intake.enter(Flow("batch", "millesime", next(tenants)), DOOR):
        pass
    held = int(next(tenants)) - 1
    assert held == 150
    turned = Flow("batch", "millesime", next(tenants))
    assert intake.overflow_of(turned, DOOR) == turned.of_every_tenant
    assert intake.overflow_of(turned, Door("connector.backlog.batch.millesime", math.inf)) == turned
    others = 0
    while others < 20 and await intake.enter(Flow("batch", "sonate-opus", next(tenants)), DOOR):
        others += 1
    assert others == 20


async def test_a_job_that_is_rejected_waits_for_nobody(full: Services) -> None:
    settlement = await verified(delivery(QF, lane=Lane.BATCH, version=7), full)
    assert isinstance(settlement, Answer)
    assert settlement.reply.status is JobStatus.REJECTED


async def test_the_other_lane_and_other_tenants_go_on(full: Services) -> None:
    assert isinstance(await verified(delivery(QF, lane=Lane.INTERACTIVE), full), Answer)


async def test_whoever_fills_the_lane_overflows_whatever_it_asks_and_a_persons_token_is_answered() -> None:
    api = Api(quotient_familial=found())
    intake = Intake(100, LaneShares({DOOR.queue: 200}))
    acting = replace(services(httpx.MockTransport(api), OneToken(), ManualTime()), intake=intake)
    first = await verified(delivery(QF), acting)
    assert isinstance(first, Answer)
    # The job was counted as it was read.
    assert intake.lanes.look(DOOR.queue, 1000)
    given = delivery(QF)
    assert await verified(given, acting) == Overflow(Flow("interactive", "millesime", EVERY_TENANT), given)
    by_token = await verified(delivery(QF, **FC), acting)
    assert isinstance(by_token, Answer)
    assert by_token.reply.checks[0].reason is not None
    assert by_token.reply.checks[0].reason.code is CheckCode.RATE_LIMITED
    assert len(api.calls) == 1
    assert intake.in_flight_of_lane("interactive") == 0
