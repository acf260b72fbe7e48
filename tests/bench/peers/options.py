"""The options of a comparison with the peers, and what becomes of its figures."""

import argparse
from functools import partial
from pathlib import Path
from typing import TypeVar

from tests.bench.peers.growth import GROWTHS
from tests.bench.peers.page.tables import print_tables
from tests.bench.peers.plan import ARMS, Part, Plan
from tests.bench.peers.run import Measured, peers, write_json

ItemT = TypeVar("ItemT")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``--only peers``; it shares --jobs, --warm-up and --rounds."""
    group = parser.add_argument_group(
        "peers",
        "Example: python -m tests.bench --only peers --parts throughput,latency --rounds 1 --json peers.json",
    )
    group.add_argument(
        "--parts",
        type=partial(_chosen, {part.value: part for part in Part}),
        default=tuple(Part),
        help=f"of {','.join(Part)} (default: all)",
    )
    group.add_argument(
        "--arms",
        type=partial(_chosen, dict(ARMS)),
        default=tuple(ARMS.values()),
        help=f"of {','.join(ARMS)} (default: all)",
    )
    group.add_argument(
        "--growths",
        type=partial(_chosen, {name: name for name in GROWTHS}),
        default=tuple(GROWTHS),
        help=f"of {','.join(GROWTHS)} (default: all)",
    )
    group.add_argument(
        "--rates",
        type=_rates,
        default=(25.0, 100.0),
        help="jobs a second at which latency is measured (default: 25,100); half of the slowest arm's throughput is added",
    )
    group.add_argument(
        "--rate-seconds", type=float, default=20.0, help="how long each rate lasts (default: 20)"
    )
    group.add_argument(
        "--json", type=Path, metavar="FILE", help="also write the figures there, after each part"
    )


def compare_peers(options: argparse.Namespace) -> Measured:
    """Run what the options say, print its tables on stderr, and return its figures."""
    plan = Plan(
        parts=options.parts,
        arms=options.arms,
        growths=options.growths,
        rounds=options.rounds,
        jobs=options.jobs,
        warm_up=options.warm_up,
        rates=options.rates,
        seconds=options.rate_seconds,
    )
    measured = peers(plan, partial(_keep, options))
    print_tables(measured)
    return measured


def _keep(options: argparse.Namespace, measured: Measured) -> None:
    if options.json is not None:
        write_json(measured, options.json)


def _chosen(known: dict[str, ItemT], text: str) -> tuple[ItemT, ...]:
    names = [name.strip() for name in text.split(",")]
    if unknown := [name for name in names if name not in known]:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {','.join(known)}")
    return tuple(known[name] for name in names)


def _rates(text: str) -> tuple[float, ...]:
    try:
        rates = tuple(float(rate) for rate in text.split(","))
    except ValueError:
        rates = ()
    if not rates or min(rates) <= 0:
        raise argparse.ArgumentTypeError("give rates above 0, for instance 25,100")
    return rates
