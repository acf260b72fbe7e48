"""One vendor's flood, and another vendor's counter: a short form of ``python -m tests.chaos.flooding``."""

from collections.abc import Iterator

import pytest

from connector.demo.node import RabbitNode
from tests.chaos.floods import FLOODS, Flood, flooded, play
from tests.deployments import Deployment

SECONDS = 5
SHORT = [flood for flood in FLOODS if flood.name not in {"lacking-scopes", "full-speed"}]
"""Those last a minute, and half of one."""


@pytest.fixture(scope="module")
def flooded_deployment(own_node: RabbitNode) -> Iterator[tuple[Deployment, str]]:
    """A worker of default settings, for every flood in turn."""
    with flooded(own_node) as made:
        yield made


@pytest.mark.parametrize("flood", SHORT, ids=lambda flood: flood.name)
def test_another_vendors_counter_is_answered(
    flooded_deployment: tuple[Deployment, str], flood: Flood
) -> None:
    outcome = play(flood, *flooded_deployment, seconds=SECONDS)
    assert outcome.statuses == {"completed": SECONDS}
    assert not outcome.is_paused
