"""What the commands of the journal print and write: records, without anything of a person but that there is one."""

import contextlib
import csv
import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, TextIO

import click

from connector.cli.options import Interruption
from connector.cli.tables import print_table, tracked
from connector.files import private_file
from connector.storage.journal.record import Record
from connector.storage.journal.store import JournalStore, Wanted

_HASHES: Final = ("person", "identifier")
"""Not shown: they would link a person's records, and say nothing to a reader."""
_COLUMNS: Final = tuple(name for name in Record.__dataclass_fields__ if name not in _HASHES)
_FORMULA: Final = re.compile("(?<![^\\W_])(?=[=+\\-@\uff1d\uff0b\uff0d\uff20\\t\\r\\n\\0])")
"""Where a formula could begin: before a character that OWASP's page on CSV injection or ASVS 1.2.10 names, at the start of
a text, and after whatever a spreadsheet may split at. It may split at any character but a letter or a digit: Excel opens
a file by the list separator of its country, ``;`` in France, and then the quotes of a field hold nothing together."""


class _InterruptedError(Exception):
    """The command was told to end."""


def print_records(records: Sequence[Record], *, as_json: bool, has_more: bool) -> None:
    """Print records as a table or as JSON, and say on standard error that there are more."""
    if as_json:
        click.echo(json.dumps([shown(record) for record in records], indent=2))
    elif not records:
        click.echo("No record.")
    else:
        print_table(
            ("At (UTC)", "Vendor", "Agent", "Dossier", "Purpose", "Check", "Outcome", "Try", "Job"),
            [
                (
                    f"{record.at:%Y-%m-%d %H:%M:%S}",
                    record.vendor,
                    record.agent or "-",
                    record.dossier or "-",
                    record.purpose or "-",
                    record.check,
                    record.outcome,
                    str(record.attempt),
                    record.job_id,
                )
                for record in records
            ],
        )
    if has_more:
        click.echo(f"the newest {len(records)} of more; narrow the search, give --limit, or export", err=True)


def warn_of_keys(by_key: Mapping[str, int], known: Sequence[str]) -> int:
    """Say on standard error how many records could not be searched, for want of their key; return how many."""
    lacking = sum(count for name, count in by_key.items() if name not in known)
    if lacking:
        click.echo(
            f"{lacking} records of this CCAS are hashed under a key that is not in CONNECTOR_JOURNAL_KEY, and were not "
            "searched: add the former keys behind the first",
            err=True,
        )
    return lacking


def shown(record: Record) -> dict[str, Any]:
    """Return a record in JSON's types, without its hashes."""
    values = asdict(record)
    return {name: values[name] for name in _COLUMNS} | {"at": record.at.isoformat()}


def export_records(
    store: JournalStore, wanted: Wanted, form: str, output: Path | None, interruption: Interruption
) -> int:
    """Write the records wanted, as they are read; return how many. Raises ``PrivateFileError``.

    A file that stood there stays, when the export is interrupted or fails.
    """
    total, done = store.count(wanted), 0
    with contextlib.suppress(_InterruptedError), _opened(output) as file:
        rows = csv.writer(file)
        if form == "csv":
            rows.writerow(_COLUMNS)
        for record in tracked(store.each(wanted), total, "Exporting"):
            if interruption.signum is not None:
                raise _InterruptedError
            values = shown(record)
            if form == "csv":
                rows.writerow([csv_cell(values[name]) for name in _COLUMNS])
            else:
                file.write(json.dumps(values, ensure_ascii=False) + "\n")
            done += 1
    return done


def csv_cell(value: Any) -> Any:
    """Return what a cell of the export holds: a text in which no formula begins, whatever it is split at.

    A vendor chooses some of the texts: no part of one may be run by whoever opens the file. Each place where one could begin
    has an apostrophe; JSON lines hold the texts as they are.
    """
    return _FORMULA.sub("'", value) if isinstance(value, str) else value


def _opened(output: Path | None) -> contextlib.AbstractContextManager[TextIO]:
    # The csv module ends its lines itself.
    return contextlib.nullcontext(sys.stdout) if output is None else private_file(output, newline="")
