"""``make surroundings``: what workers stand on fails over, part by part, under load; prints what became of every job.

Exits 1 where a job is lost or not answered, where a worker would have to be started again, or where jobs are not answered again
within ten seconds of the part's return.
"""

import argparse
import json
import signal
import sys
from typing import Final

from connector.cli.tables import print_table
from connector.demo.install import HOW_TO_GET_ONE, install_rabbitmq
from tests.surroundings import postgresql, rabbitmq, redis
from tests.surroundings.stage import Outcome

AGAIN_WITHIN_SECONDS: Final = 10.0
PARTS: Final = {"rabbitmq": rabbitmq.play, "postgresql": postgresql.play, "redis": redis.play}
_HEADINGS: Final = (
    "Fault",
    "jobs",
    "answered",
    "completed",
    "lost",
    "twice",
    "longest silence, s",
    "served again after, s",
    "restarts",
)


def is_good(outcome: Outcome) -> bool:
    """Tell whether a fault showed nothing that must not be."""
    return (
        outcome.answered == outcome.jobs == outcome.completed
        and not outcome.lost
        and not outcome.restarts
        and outcome.again_seconds <= AGAIN_WITHIN_SECONDS
    )


def main() -> None:
    """Play the faults that were asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog="Example: python -m tests.surroundings --part rabbitmq --only killed"
    )
    parser.add_argument("--part", choices=list(PARTS), action="append", help="repeat it (default: every one)")
    parser.add_argument("--only", action="append", default=[], help="faults whose names hold this; repeat it")
    options = parser.parse_args()
    # As Ctrl-C does: what was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if not install_rabbitmq(_say):
        sys.exit(HOW_TO_GET_ONE)
    outcomes: list[Outcome] = []
    for part in options.part or PARTS:
        _say(f"{part} …")
        for outcome in PARTS[part](options.only):
            _say(f"{outcome.fault}: {'good' if is_good(outcome) else 'NOT GOOD'}")
            outcomes.append(outcome)
    rows = [tuple(map(str, outcome.as_dict().values())) for outcome in outcomes]
    print_table(_HEADINGS, rows, "What became of every job")
    print(json.dumps([outcome.as_dict() for outcome in outcomes], indent=2))
    sys.exit(0 if all(map(is_good, outcomes)) else 1)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
