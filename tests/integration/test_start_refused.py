"""What stops a worker before it takes a job, and is told."""

import pytest

from connector.demo.deployment import DeploymentError
from connector.demo.node import RabbitNode
from tests.deployments import Deployment


def test_a_worker_says_what_its_user_may_not_declare(own_node: RabbitNode) -> None:
    """On a node that knows its user, and has none of its objects."""
    password = "sesame-of-a-test"
    with Deployment(own_node.url()) as deployment:
        own_node.ctl("change_password", "connector", password)
        url = own_node.url("connector", password)
        with deployment.start_worker(settings={"CONNECTOR_BROKER_URL": url}) as program:
            line = program.wait_for("topology.refused")
            assert program.wait() == 1
        deployment.environment["CONNECTOR_BROKER_URL"] = url
        with pytest.raises(DeploymentError, match=r"connector\.dead does not exist and this user may not"):
            deployment.command("topology", "declare")

    assert "connector.dead does not exist and this user may not declare it" in line
    assert password not in "".join(program.said)
