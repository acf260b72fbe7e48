"""One call of a check for unit tests: a source that answers alike, a limiter, a planned call."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from connector.catalogue import CATALOGUE
from connector.catalogue.grants import whole
from connector.checks.plan import PlannedCall, plan
from connector.clock import paris_day
from connector.limits.limiter import Demand, ServerHint, Slot
from connector.limits.refusals import (
    MOST_OF_A_TENANT,
)
from connector.pipeline.services import Services
from schemas.request import VerificationRequest
from tests.answers import found
from tests.deliveries import delivery
from tests.fakes import START, ManualTime, services, verified
from tests.jobs import job
from tests.registry import OneToken

FC: dict[str, Any] = {"france_connect_token": "fc-1", "identity": None}


class Api:
    """Answers each resource alike, and counts."""

    def __init__(self, **answers: httpx.Response) -> None:
        self.answers = answers
        self.calls: list[str] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer as a transport does."""
        await asyncio.sleep(0)
        name = request.url.path.split("/")[3]
        self.calls.append(name)
        return self.answers.get(name) or found()


class Limiter:
    """Lets everything through, or nothing, and keeps what was demanded."""

    def __init__(self, wait_seconds: float = 0.0) -> None:
        self.demands: list[Demand] = []
        self.notes: dict[str, ServerHint] = {}
        self._wait_seconds = wait_seconds

    async def grant(self, demands: Sequence[Demand], notes: Mapping[str, ServerHint]) -> list[Slot]:
        """Keep them."""
        self.demands += demands
        self.notes |= notes
        return [Slot(self._wait_seconds, is_reserved=self._wait_seconds == 0)] * len(demands)


async def refuse(api: Api, acted: Services, *checks: dict[str, Any], times: int = MOST_OF_A_TENANT) -> None:
    for number in range(times):
        await verified(delivery(*checks, job_id=f"refused-{number}"), acted)


def planned(*checks: dict[str, Any], **changes: Any) -> PlannedCall:
    asked = VerificationRequest.model_validate_json(json.dumps(job(*checks, **changes)))
    (first,) = plan(asked, CATALOGUE, whole(CATALOGUE), paris_day(START))
    assert isinstance(first, PlannedCall)
    return first


def made(
    time: ManualTime | None = None, holder: OneToken | None = None, **answers: httpx.Response
) -> Services:
    return services(httpx.MockTransport(Api(**answers)), holder or OneToken(), time)
