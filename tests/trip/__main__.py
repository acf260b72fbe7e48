"""Trace one ``quotient_familial`` through a running worker, and print its trip.

Example: python -m tests.trip
"""

import sys
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from connector.cli.tables import print_table
from connector.demo.deployment import Deployment
from connector.demo.node import RabbitNode
from connector.demo.vendor import VendorClient
from tests.jobs import job

PIPELINE: Final = ("connector.pipeline.", "connector.checks.")
"""The rooms that a reader of a job's way reads."""


def trip() -> list[str]:
    """Return the modules that the second of two jobs goes through, in order."""
    with (
        tempfile.TemporaryDirectory(prefix="ccas-connector-trip-") as folder,
        RabbitNode() as node,
        Deployment(node.url()) as deployment,
        VendorClient(node.url(), "millesime") as vendor,
    ):
        deployment.command("topology", "declare")
        file = Path(folder) / "trip"
        with deployment.start(sys.executable, "-m", "tests.trip.worker", str(file)) as worker:
            worker.wait_for("worker.ready")
            for number in range(2):
                vendor.publish(job(job_id=f"trip-{number}"))
                list(vendor.replies(1))
        return file.read_text("utf-8").split()


def changes_of(modules: Sequence[str]) -> int:
    """Return how often a trip changes from one module to another."""
    return sum(before != after for before, after in pairwise(modules))


def main() -> None:
    """Print the modules by room, and the figures."""
    modules = trip()
    entered = list(dict.fromkeys(modules))
    rooms: dict[str, list[str]] = {}
    for module in entered:
        room, _, name = module.rpartition(".")
        rooms.setdefault(room, []).append(name)
    print_table(
        ("room", "modules"), [(room, ", ".join(names)) for room, names in rooms.items()], "A job's trip"
    )
    of_the_pipeline = [module for module in modules if module.startswith(PIPELINE)]
    print(f"modules entered: {len(entered)}, in the pipeline and the checks: {len(set(of_the_pipeline))}")
    print(
        f"changes of module: {changes_of(modules)}, in the pipeline and the checks: {changes_of(of_the_pipeline)}"
    )


if __name__ == "__main__":
    main()
