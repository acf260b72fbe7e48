"""Every part of the topology is deleted in turn under load, and every job is accounted for."""

from connector.demo.node import RabbitNode
from tests.chaos.runs import run
from tests.chaos.scenarios import SCENARIOS
from tests.deployments import Deployment

(SCENARIO,) = (
    scenario for scenario in SCENARIOS if scenario.name == "every part of the topology deleted in turn"
)


def test_nothing_is_lost(parts: tuple[RabbitNode, Deployment]) -> None:
    result, wrong = run(*parts, SCENARIO, SCENARIO.short)

    result.account.print(SCENARIO.name)
    assert wrong == []
    assert result.account.as_dict()["published"] == result.jobs
