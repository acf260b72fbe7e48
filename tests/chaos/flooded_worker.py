"""A worker of default settings without one of its protections against floods.

Example: python -m tests.chaos.flooded_worker --without "the door"
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

import connector.checks.parsing
import connector.limits.entry
import connector.limits.suspension
import connector.pipeline.heed
import connector.pipeline.run_job
from connector.checks.advance import PlannedJob
from connector.jobs.records import Flow
from connector.limits.intake import Door, Intake
from connector.limits.lane_shares import LaneShares
from workers.cli import main as command_line

_NO_BOUND: Final = 10**9


def _without_the_door() -> None:
    """Take in whatever carries a token, as if it could not wait elsewhere."""
    enter = connector.limits.entry.enter

    async def entered(job: PlannedJob, door: Door | None, intake: Intake, *, can_wait: bool) -> Any:
        if job.admitted.job.france_connect_token is None or door is None:
            return await enter(job, door, intake, can_wait=can_wait)
        intake.take(job.admitted.flow, door)
        return job

    _replace(connector.pipeline.run_job, "enter", entered)


def _without_a_vendors_share() -> None:
    def has_share(_intake: Intake, _flow: Flow, _door: Door | None) -> bool:
        return True

    _replace(Intake, "has_share", has_share)


def _without_the_lanes_shares() -> None:
    """Look at no lane."""
    _replace(LaneShares, "count", lambda *_read: None)


def _without_the_counts() -> None:
    """Look at every member of a body, whatever there are."""
    _replace(connector.checks.parsing, "FEW_PARTS", _NO_BOUND)
    _replace(connector.checks.parsing, "MAX_PARTS", _NO_BOUND)


def _without_the_refusals() -> None:
    """Count refusals against the address alone."""
    _replace(connector.limits.suspension, "MOST_OF_A_VENDOR", _NO_BOUND)
    _replace(connector.pipeline.heed, "MOST_OF_FRANCE_CONNECT", _NO_BOUND)
    for owner in (connector.limits.suspension, connector.pipeline.heed):
        _replace(owner, "MOST_OF_A_TENANT", _NO_BOUND)


def _replace(owner: Any, name: str, value: Any) -> None:
    # A name that is gone must not go unnoticed.
    getattr(owner, name)
    setattr(owner, name, value)


PROTECTIONS: Final[Mapping[str, Callable[[], None]]] = {
    "the door": _without_the_door,
    "a vendor's share": _without_a_vendors_share,
    "the lane's shares": _without_the_lanes_shares,
    "the counts": _without_the_counts,
    "the refusals": _without_the_refusals,
}


def main() -> None:
    """Run the worker."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--without", choices=PROTECTIONS, required=True)
    options, given = parser.parse_known_args()
    PROTECTIONS[options.without]()
    sys.argv[1:] = ["worker", *given]
    command_line()


if __name__ == "__main__":
    main()
