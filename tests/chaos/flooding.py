"""Every flood against a worker of default settings, then without the protection that it is for.

Exits 1 when another vendor notices a flood, or when nobody notices one without its protection.

Example: python -m tests.chaos.flooding --only defects
"""

import argparse
import sys

import click

from connector.cli.tables import print_table
from connector.demo.install import HOW_TO_GET_ONE, install_rabbitmq
from connector.demo.node import RabbitNode
from tests.chaos.floods import FLOODS, Flood, Outcome, flooded, play

_HEADINGS = (
    "Flood",
    "without",
    "messages",
    "the other vendor's",
    "longest, s",
    "refusals",
    "paused",
    "noticed",
)


def main() -> int:
    """Play the floods and print what became of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=[flood.name for flood in FLOODS])
    parser.add_argument("--protected", action="store_true", help="not without the protections")
    options = parser.parse_args()
    if not install_rabbitmq(print):
        sys.exit(HOW_TO_GET_ONE)
    floods = [flood for flood in FLOODS if options.only in (None, flood.name)]
    outcomes = [
        (flood, without, _played(flood, without)) for flood in floods for without in _ways(flood, options)
    ]
    print_table(_HEADINGS, [_row(*each) for each in outcomes], "What another vendor noticed")
    is_good = all(outcome.is_noticed is (without is not None) for _, without, outcome in outcomes)
    return 0 if is_good else 1


def _ways(flood: Flood, options: argparse.Namespace) -> tuple[str | None, ...]:
    return (None,) if options.protected or flood.without is None else (None, flood.without)


def _played(flood: Flood, without: str | None) -> Outcome:
    click.echo(f"{flood.about}{f', without {without}' if without else ''} …", err=True)
    with RabbitNode() as node, flooded(node, without) as (deployment, url):
        return play(flood, deployment, url)


def _row(flood: Flood, without: str | None, outcome: Outcome) -> tuple[str, ...]:
    statuses = ", ".join(f"{count} {status}" for status, count in outcome.statuses.items())
    return (
        flood.name,
        without or "-",
        str(outcome.published),
        statuses,
        str(outcome.longest_seconds),
        str(outcome.refusals),
        "yes" if outcome.is_paused else "no",
        "yes" if outcome.is_noticed else "no",
    )


if __name__ == "__main__":
    sys.exit(main())
