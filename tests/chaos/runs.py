"""One run of a scenario: with every protection, or without one."""

from typing import Final

from connector.demo.node import RabbitNode
from tests.chaos.scenarios import Scenario
from tests.chaos.stage import Result, play
from tests.deployments import Deployment

_CONTROL_PATIENCE_SECONDS: Final = 20.0


def run(node: RabbitNode, deployment: Deployment, scenario: Scenario, jobs: int) -> tuple[Result, list[str]]:
    """Run a scenario with every protection; return what it showed, and what is wrong with that."""
    prefix = scenario.name.replace(" ", "-").replace(",", "")
    result = play(
        node,
        deployment,
        scenario.make(prefix, jobs),
        scenario.lives(jobs),
        scenario.act,
        lane=scenario.lane,
        jobs_per_second=scenario.jobs_per_second,
        is_revived=scenario.is_revived,
    )
    return result, scenario.judge(result)


def run_without(
    node: RabbitNode, deployment: Deployment, scenario: Scenario, protection: str, jobs: int
) -> list[str]:
    """Run a scenario without one protection; return what was noticed, which must be something."""
    prefix = f"{scenario.name} without {protection}".replace(" ", "-").replace(",", "")
    lives = [(*life, "--without", protection) for life in scenario.lives(jobs)]
    result = play(
        node,
        deployment,
        scenario.make(prefix, jobs),
        lives,
        scenario.act,
        lane=scenario.lane,
        jobs_per_second=scenario.jobs_per_second,
        is_revived=scenario.is_revived,
        patience_seconds=_CONTROL_PATIENCE_SECONDS,
    )
    return scenario.judge(result)
