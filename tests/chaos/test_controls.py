"""A few of the faults without their protection: the runs of ``test_scenarios.py`` would notice."""

import pytest

from connector.demo.node import RabbitNode
from tests.chaos.runs import run_without
from tests.chaos.scenarios import SCENARIOS, Scenario
from tests.deployments import Deployment

CONTROLS = [
    (scenario, protection)
    for scenario in SCENARIOS
    for protection in scenario.protections
    if protection in {"marking duplicates", "retrying", "reply memory", "noting before the call"}
]


@pytest.mark.parametrize(
    ("scenario", "protection"), CONTROLS, ids=lambda part: part if isinstance(part, str) else part.name
)
def test_without_its_protection_the_fault_is_noticed(
    parts: tuple[RabbitNode, Deployment], scenario: Scenario, protection: str
) -> None:
    assert run_without(*parts, scenario, protection, scenario.short)
