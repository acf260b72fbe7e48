"""Every fault for a moment, and a few of them without their protection: ``make chaos`` in short."""

from collections.abc import Iterator

import pytest

from connector.demo.deployment import Deployment
from connector.demo.node import RabbitNode
from tests.chaos.runs import run, run_without
from tests.chaos.scenarios import SCENARIOS, Scenario
from tests.chaos.stage import theatre

JOBS = 60
SHORT = [scenario for scenario in SCENARIOS if scenario.name != "jobs that end the worker"]
"""Those take more than twenty deaths."""
CONTROLS = [
    (scenario, protection)
    for scenario in SCENARIOS
    for protection in scenario.protections
    if protection in {"marking duplicates", "retrying", "reply memory"}
]


@pytest.fixture(scope="module")
def parts() -> Iterator[tuple[RabbitNode, Deployment]]:
    """The broker and the deployment of every scenario."""
    with theatre() as built:
        yield built


@pytest.mark.parametrize("scenario", SHORT, ids=lambda scenario: scenario.name)
def test_nothing_is_lost(parts: tuple[RabbitNode, Deployment], scenario: Scenario) -> None:
    result, wrong = run(*parts, scenario, JOBS)

    result.account.print(scenario.name)
    assert wrong == []
    assert result.account.as_dict()["published"] == JOBS


@pytest.mark.parametrize(
    ("scenario", "protection"), CONTROLS, ids=lambda part: part if isinstance(part, str) else part.name
)
def test_without_its_protection_the_fault_would_be_noticed(
    parts: tuple[RabbitNode, Deployment], scenario: Scenario, protection: str
) -> None:
    assert run_without(*parts, scenario, protection, JOBS)
