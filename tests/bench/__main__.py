"""``make bench``: what a worker costs, how long a job takes, and how evenly quotas are shared, as JSON.

Machines differ and are noisy: the ratios are what carries over.
"""

import argparse
import functools
import json
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Any

from connector.demo.install import HOW_TO_GET_ONE, install_rabbitmq
from connector.storage.journal.keys import new_key
from tests.bench.bodies import bodies
from tests.bench.commands import commands
from tests.bench.cpu import CONCURRENCY, compare
from tests.bench.endurance import endurance
from tests.bench.fairness import fairness
from tests.bench.fan_out import fan_out
from tests.bench.observed import observed
from tests.bench.outage import outage
from tests.bench.peers.options import add_options, compare_peers
from tests.bench.quotas import quotas
from tests.bench.tenants import tenants
from tests.servers.install import HOW_TO_GET_REDIS, install_redis

Measure = Callable[[argparse.Namespace], Any]


def cpu(options: argparse.Namespace) -> dict[str, Any]:
    """Measure the worker's CPU beside the reference's."""
    rounds = [compare(options.jobs, options.warm_up) for _ in range(options.rounds)]
    return {"jobs": options.jobs, "concurrency": CONCURRENCY, "rounds": rounds}


MEASURES: Mapping[str, Measure] = {
    "peers": compare_peers,
    "fan-out": lambda options: fan_out(options.repeats),
    "cpu": cpu,
    "observed": lambda options: observed(options.observed_rounds, options.jobs, options.warm_up),
    "outage": lambda options: outage(options.outage_jobs),
    "endurance": lambda options: endurance(options.endurance_jobs),
    "quotas": lambda options: quotas(options.quota_minutes, options.quota_tenants, journal_of(options)),
    "fairness": lambda options: fairness(options.campaign, options.counter_seconds, journal_of(options)),
    "tenants": lambda options: tenants(options.repeats),
    "bodies": lambda options: bodies(options.repeats),
    "commands": lambda options: commands(options.repeats),
}


def journal_of(options: argparse.Namespace) -> dict[str, str]:
    """Return the setting of the access journal, where it is asked for."""
    return {"CONNECTOR_JOURNAL_KEY": new_key()} if options.with_journal else {}


def main() -> None:
    """Run the benchmarks."""
    options = _options()
    say = functools.partial(print, file=sys.stderr)
    if not install_rabbitmq(say):
        sys.exit(HOW_TO_GET_ONE)
    if not install_redis(say):
        sys.exit(HOW_TO_GET_REDIS)
    chosen = MEASURES if options.only is None else {options.only: MEASURES[options.only]}
    # Whatever ends it, nothing that it started goes on.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        results = {name.replace("-", "_"): measure(options) for name, measure in chosen.items()}
    except KeyboardInterrupt:
        sys.exit("interrupted: what was started is stopped")
    print(json.dumps(results, indent=2))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog="Example: python -m tests.bench --only cpu --rounds 1"
    )
    parser.add_argument("--only", choices=tuple(MEASURES), help="one of them (default: all)")
    parser.add_argument("--jobs", type=int, default=4000, help="jobs of each worker (default: 4000)")
    parser.add_argument(
        "--warm-up", type=int, default=500, help="replies before the count starts (default: 500)"
    )
    parser.add_argument(
        "--rounds", type=int, default=3, help="of peers and of cpu, whose medians count (default: 3)"
    )
    parser.add_argument(
        "--observed-rounds", type=int, default=5, help="with everything observed, and without (default: 5)"
    )
    parser.add_argument(
        "--repeats", type=int, default=7, help="jobs, or starts, behind each median (default: 7)"
    )
    parser.add_argument(
        "--outage-jobs",
        type=int,
        default=100,
        help="jobs behind each median of the outage, 50 at the least (default: 100)",
    )
    parser.add_argument(
        "--endurance-jobs", type=int, default=10_000, help="jobs through cut connections (default: 10,000)"
    )
    parser.add_argument(
        "--quota-minutes", type=float, default=1.5, help="of each count against quotas, 1 at the least"
    )
    parser.add_argument("--quota-tenants", type=int, default=50, help="that have a quota each (default: 50)")
    parser.add_argument(
        "--campaign", type=int, default=20_000, help="jobs that others wait beside (default: 20,000)"
    )
    parser.add_argument(
        "--counter-seconds", type=float, default=40.0, help="of a job a second at the counter (default: 40)"
    )
    parser.add_argument(
        "--with-journal",
        action="store_true",
        help="quotas and fairness with the access journal, whose record each call waits for",
    )
    add_options(parser)
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds: 1 at the least")
    if options.outage_jobs < 50:
        parser.error("--outage-jobs: 50 at the least, or the provider is not probed twice")
    if options.quota_minutes < 1:
        parser.error("--quota-minutes: 1 at the least, or no minute is whole")
    return options


if __name__ == "__main__":
    main()
