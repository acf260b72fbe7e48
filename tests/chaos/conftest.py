"""A broker that the scenarios may kill, cut and starve, and a deployment on one."""

from collections.abc import Iterator

import pytest

from connector.demo.deployment import Deployment
from connector.demo.install import HOW_TO_GET_ONE, install_rabbitmq
from connector.demo.node import RabbitNode
from tests.brokers import guest_and
from tests.chaos.stage import theatre


@pytest.fixture(scope="module")
def own_node() -> Iterator[RabbitNode]:
    """A node that this module may do anything to."""
    if not install_rabbitmq(print):
        pytest.fail(HOW_TO_GET_ONE, pytrace=False)
    with RabbitNode(guest_and({})) as started:
        yield started


@pytest.fixture(scope="module")
def parts() -> Iterator[tuple[RabbitNode, Deployment]]:
    """The broker and the deployment of every scenario of a module."""
    with theatre() as built:
        yield built
