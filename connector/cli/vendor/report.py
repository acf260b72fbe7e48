"""Report on a trial at its end: a table, a summary that adds up, the same as JSON, and an exit status."""

from collections.abc import Iterator, Mapping
from enum import IntEnum
from typing import Any, Final

import click

from connector.cli.tables import print_table
from connector.cli.vendor.ledger import Ledger, counts
from connector.cli.vendor.outcome import Row

MOST_ROWS: Final = 60
"""Of the table; beyond, what is to mend comes first, and the rest is in the report."""
_MOST_LISTED: Final = 1000


class Exit(IntEnum):
    """Exit statuses of the command."""

    ANSWERED = 0
    TO_MEND = 1
    USAGE = 2
    MISSING = 3


def exit_status(ledger: Ledger) -> Exit:
    """Return what the answers, and those that are missing, make of the command."""
    if ledger.answered < len(ledger.jobs):
        return Exit.MISSING
    return Exit.TO_MEND if _to_mend(ledger) else Exit.ANSWERED


def print_answers(rows: Mapping[str, tuple[Row, ...]], ledger: Ledger) -> None:
    """Print what was answered to each job in this run; where there is too much, what the vendor has to mend alone."""
    every = list(_lines(rows))
    outcomes = ledger.outcomes
    shown = every
    if len(every) > MOST_ROWS:
        shown = [line for line in every if outcomes[line[0]].is_to_mend][:MOST_ROWS]
    if shown:
        print_table(("Demande", "Vérification", "Statut", "Code", "Ce qui est dit"), shown)
    if len(every) > len(shown):
        click.echo(f"{len(every) - len(shown)} autres lignes ne sont pas montrées ; --report les compte")


def _lines(rows: Mapping[str, tuple[Row, ...]]) -> Iterator[tuple[str, ...]]:
    for job_id, of_job in rows.items():
        for row in of_job:
            yield job_id, row.check, row.status, row.code, row.said


def print_summary(ledger: Ledger) -> None:
    """Print how many jobs there are of each kind; the parts add up to the whole."""
    statuses, codes = counts(ledger.outcomes.values())
    total, awaited = len(ledger.jobs), len(ledger.awaited)
    click.echo(
        f"{total} demandes : {ledger.answered} répondues, {awaited} publiées et en attente, "
        f"{total - ledger.published} non publiées ; {ledger.duplicates} réponses en double"
    )
    if statuses:
        click.echo(
            "par statut : " + ", ".join(f"{status} {count}" for status, count in statuses.most_common())
        )
    if codes:
        click.echo("par code : " + ", ".join(f"{code} {count}" for code, count in codes.most_common()))
    if to_mend := _to_mend(ledger):
        click.echo(f"à corriger par l'éditeur : {to_mend}")


def report_of(ledger: Ledger, about: Mapping[str, str]) -> dict[str, Any]:
    """Return the report, in which ``jobs`` is the sum of ``answered``, ``awaited`` and ``not_published``."""
    statuses, codes = counts(ledger.outcomes.values())
    awaited = ledger.awaited
    return {
        **about,
        "jobs": len(ledger.jobs),
        "published": ledger.published,
        "answered": ledger.answered,
        "awaited": len(awaited),
        "not_published": len(ledger.jobs) - ledger.published,
        "duplicates": ledger.duplicates,
        "runs": ledger.runs,
        "by_status": dict(sorted(statuses.items())),
        "by_code": dict(sorted(codes.items())),
        "to_mend": _to_mend(ledger),
        "to_mend_jobs": [job for job, outcome in ledger.outcomes.items() if outcome.is_to_mend][
            :_MOST_LISTED
        ],
        "awaited_jobs": [job.job_id for job in awaited][:_MOST_LISTED],
    }


def _to_mend(ledger: Ledger) -> int:
    return sum(outcome.is_to_mend for outcome in ledger.outcomes.values())
