"""Deployments whose programs are forks of one process that has imported them."""

from collections.abc import Mapping, Sequence

from connector.demo import deployment
from connector.demo.program import Process
from tests.forked.start import start_process


class Deployment(deployment.Deployment):
    """A deployment as ``connector.demo`` has it, whose programs start ten times as cheaply."""

    def _start_process(
        self, arguments: Sequence[str], environment: Mapping[str, str], output: int, errors: int
    ) -> Process:
        return start_process(arguments, environment, output, errors)
