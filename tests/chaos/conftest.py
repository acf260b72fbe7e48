"""A broker that the scenarios may kill, cut and starve, and a deployment on one."""

from collections.abc import Iterator

import pytest

from connector.demo.node import RabbitNode
from tests.chaos.stage import theatre
from tests.deployments import Deployment


@pytest.fixture(scope="module")
def parts(own_node: RabbitNode) -> Iterator[tuple[RabbitNode, Deployment]]:
    """The broker and the deployment of every scenario of a module."""
    with theatre(own_node) as deployment:
        yield own_node, deployment
