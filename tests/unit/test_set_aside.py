"""A job that cannot be taken in hand is kept in its flow's own queue, and comes back from there whole."""

import math
from types import SimpleNamespace

import httpx
import pytest

from connector.messaging.deferral import read_deferred, set_aside
from connector.messaging.delivery import Lane
from connector.registry.records import Flow
from connector.services import Services
from connector.settlement import Answer, SetAside
from schemas.codes import JobStatus
from tests.fakes import ManualTime, services, verified
from tests.jobs import QF
from tests.registry import CLAMART, OneToken
from tests.unit.test_call import FC, Api
from tests.unit.test_pursuit import delivery, found

FLOW = Flow("batch", "millesime", CLAMART)


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Services:
    """Services that have as many jobs of the flow in hand as there may be."""
    monkeypatch.setattr("connector.intake.SLOWEST_READING_PER_SECOND", math.inf)
    made = services(httpx.MockTransport(Api(quotient_familial=found())), OneToken(), ManualTime())
    for _ in range(100):
        made.intake.take(FLOW)
    return made


async def test_what_cannot_be_taken_in_hand_is_set_aside(full: Services) -> None:
    given = delivery(QF, lane=Lane.BATCH)
    assert await verified(given, full) == SetAside(FLOW, given)
    assert full.intake.in_hand(FLOW) == 100


async def test_it_comes_back_whole_and_is_run(full: Services) -> None:
    given = delivery(QF, lane=Lane.BATCH)
    message = set_aside(given, FLOW, full.vault)
    assert message.queue == f"connector.backlog.batch.millesime.{CLAMART}"
    assert b"EXEMPLE" not in message.body
    came_back = read_deferred(
        SimpleNamespace(body=message.body, properties={}, delivery_info={"redelivered": False}), full.vault
    )
    assert came_back == given
    settlement = await verified(came_back, full, was_set_aside=True)
    assert isinstance(settlement, Answer)
    assert settlement.reply.status is not JobStatus.REJECTED
    assert full.intake.in_hand(FLOW) == 100


async def test_a_job_with_a_persons_token_is_run_whatever_the_room(full: Services) -> None:
    assert isinstance(await verified(delivery(QF, lane=Lane.BATCH, **FC), full), Answer)


async def test_a_job_that_is_rejected_waits_for_nobody(full: Services) -> None:
    settlement = await verified(delivery(QF, lane=Lane.BATCH, version=7), full)
    assert isinstance(settlement, Answer)
    assert settlement.reply.status is JobStatus.REJECTED


async def test_the_other_lane_and_other_tenants_go_on(full: Services) -> None:
    assert isinstance(await verified(delivery(QF, lane=Lane.INTERACTIVE), full), Answer)
