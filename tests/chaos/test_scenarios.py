"""Every fault for a moment: ``make chaos`` in short."""

import pytest

from connector.demo.node import RabbitNode
from tests.chaos.runs import run
from tests.chaos.scenarios import SCENARIOS, Scenario
from tests.deployments import Deployment

ELSEWHERE = {"jobs that end the worker", "every part of the topology deleted in turn"}
"""The first takes more than twenty deaths; the other has a module of its own, since a module's tests run one by one."""
SHORT = [scenario for scenario in SCENARIOS if scenario.name not in ELSEWHERE]


@pytest.mark.parametrize("scenario", SHORT, ids=lambda scenario: scenario.name)
def test_nothing_is_lost(parts: tuple[RabbitNode, Deployment], scenario: Scenario) -> None:
    result, wrong = run(*parts, scenario, scenario.short)

    result.account.print(scenario.name)
    assert wrong == []
    assert result.account.as_dict()["published"] == result.jobs
    assert result.jobs == scenario.short or scenario.jobs_per_second is not None
