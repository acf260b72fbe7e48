"""``make bench``: what a worker costs, how long a job takes, and what an outage changes, as JSON.

Machines differ and are noisy: the ratios are what carries over.
"""

import argparse
import json
import sys
from typing import Any

from connector.demo.install import HOW_TO_GET_ONE, install_rabbitmq
from tests.bench.cpu import CONCURRENCY, compare
from tests.bench.endurance import endurance
from tests.bench.fan_out import fan_out
from tests.bench.outage import outage


def main() -> None:
    """Run the benchmarks."""
    parser = argparse.ArgumentParser(description=__doc__, epilog="Example: make bench")
    parser.add_argument(
        "--only", choices=("cpu", "fan-out", "outage", "endurance"), help="one of them (default: all)"
    )
    parser.add_argument("--jobs", type=int, default=4000, help="jobs of each worker (default: 4000)")
    parser.add_argument(
        "--warm-up", type=int, default=500, help="replies before the count starts (default: 500)"
    )
    parser.add_argument("--rounds", type=int, default=1, help="CPU measurements, in turn (default: 1)")
    parser.add_argument("--repeats", type=int, default=7, help="jobs behind each median (default: 7)")
    parser.add_argument(
        "--outage-jobs",
        type=int,
        default=100,
        help="jobs behind each median of the outage, 50 at the least (default: 100)",
    )
    parser.add_argument(
        "--endurance-jobs", type=int, default=10_000, help="jobs through cut connections (default: 10,000)"
    )
    options = parser.parse_args()
    if options.outage_jobs < 50:
        parser.error("--outage-jobs: 50 at the least, or the provider is not probed twice")
    if not install_rabbitmq(lambda line: print(line, file=sys.stderr)):
        sys.exit(HOW_TO_GET_ONE)
    results: dict[str, Any] = {}
    if options.only in (None, "fan-out"):
        results["fan_out"] = fan_out(options.repeats)
    if options.only in (None, "cpu"):
        rounds = [compare(options.jobs, options.warm_up) for _ in range(options.rounds)]
        results["cpu"] = {"jobs": options.jobs, "concurrency": CONCURRENCY, "rounds": rounds}
    if options.only in (None, "outage"):
        results["outage"] = outage(options.outage_jobs)
    if options.only in (None, "endurance"):
        results["endurance"] = endurance(options.endurance_jobs)
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
