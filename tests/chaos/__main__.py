"""``make chaos``: every fault under load, then again without its protection; prints the account of every job.

Exits 1 when a run shows what must not be, or when a run without a protection shows nothing.
"""

import argparse
import json
import signal
import sys
from dataclasses import dataclass, field
from typing import Any, Final

from connector.cli.tables import print_table
from connector.demo.install import HOW_TO_GET_ONE, install_rabbitmq
from connector.demo.node import RabbitNode
from tests.chaos.runs import run, run_without
from tests.chaos.scenarios import SCENARIOS
from tests.chaos.stage import theatre

COUNTED: Final = (
    "published",
    "answered_once",
    "answered_more_than_once",
    "undeliverable",
    "dead",
    "stuck",
    "lost",
    "unexplained_duplicates",
)
_CONTROL_JOBS: Final = 150


@dataclass(slots=True)
class Report:
    """What every run has shown."""

    runs: list[dict[str, Any]] = field(default_factory=list)
    controls: list[dict[str, Any]] = field(default_factory=list)

    @property
    def totals(self) -> dict[str, int]:
        """The counts over all runs with every protection."""
        return {name: sum(run["account"][name] for run in self.runs) for name in COUNTED}

    @property
    def is_good(self) -> bool:
        """Nothing was wrong with a protected run, and something with each of the others."""
        return not any(run["wrong"] for run in self.runs) and all(run["noticed"] for run in self.controls)

    def print(self) -> None:
        """Print the account as tables, then as JSON."""
        headings = (
            "Fault",
            *(name.replace("_", " ") for name in COUNTED),
            "crashes",
            "calls",
            "journal",
            "unknown",
            "wrong",
        )
        rows = [
            (
                run["scenario"],
                *(str(run["account"][name]) for name in COUNTED),
                str(run["crashes"]),
                str(run["calls"]),
                str(run["journal"]["rows"]),
                str(run["journal"]["unknown"]),
                "; ".join(run["wrong"]) or "-",
            )
            for run in self.runs
        ]
        totals = self.totals
        rows.append(("all", *(str(totals[name]) for name in COUNTED), *[""] * 5))
        print_table(headings, rows, "What became of every job")
        print_table(
            ("Fault", "without", "what was noticed"),
            [
                (run["scenario"], run["without"], "; ".join(run["noticed"]) or "NOTHING")
                for run in self.controls
            ],
            "The same faults, each protection switched off once",
        )
        document = {**totals, "good": self.is_good, "runs": self.runs, "without_protection": self.controls}
        print(json.dumps(document, indent=2))


def main() -> None:
    """Run the scenarios that were asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog="Example: python -m tests.chaos --only 'broker killed'"
    )
    names = [scenario.name for scenario in SCENARIOS]
    parser.add_argument("--only", choices=names, action="append", help="repeat it (default: every one)")
    parser.add_argument("--jobs", type=int, help="jobs of each scenario (default: its own)")
    parser.add_argument("--no-controls", action="store_true", help="leave out the runs without a protection")
    options = parser.parse_args()
    # As Ctrl-C does: what was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if not install_rabbitmq(_say):
        sys.exit(HOW_TO_GET_ONE)
    chosen = [scenario for scenario in SCENARIOS if options.only is None or scenario.name in options.only]
    report = Report()
    with RabbitNode() as node, theatre(node) as deployment:
        for scenario in chosen:
            jobs = options.jobs or scenario.jobs
            _say(f"{scenario.name}: {jobs} jobs …")
            result, wrong = run(node, deployment, scenario, jobs)
            report.runs.append(
                {
                    "scenario": scenario.name,
                    "crashes": result.crashes,
                    "calls": result.calls,
                    "journal": {
                        "rows": result.journal.total,
                        "unknown": sum(result.journal.unknown.values()),
                        "in_flight": result.journal.in_flight,
                    },
                    "wrong": wrong,
                    "account": result.account.as_dict(),
                }
            )
        for scenario in () if options.no_controls else chosen:
            for protection in scenario.protections:
                jobs = min(options.jobs or scenario.jobs, _CONTROL_JOBS)
                _say(f"{scenario.name}, without {protection}: {jobs} jobs …")
                noticed = run_without(node, deployment, scenario, protection, jobs)
                report.controls.append({"scenario": scenario.name, "without": protection, "noticed": noticed})
    report.print()
    sys.exit(0 if report.is_good else 1)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
