"""What ``dead list`` prints: counts and rows, without anything that a vendor chose but its own name."""

import heapq
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import click

from connector.amqp.dead.letters import DeadLetter
from connector.cli.tables import print_table

Counts = Mapping[tuple[str, str], int]
"""How many letters there are, by queue and reason."""
_NONE = "-"


@dataclass(frozen=True, slots=True)
class Listed:
    """Every letter counted, some of them shown."""

    counts: Counts
    letters: tuple[DeadLetter, ...]


def list_of(letters: Iterable[DeadLetter], limit: int, *, oldest_first: bool) -> Listed:
    """Count ``letters`` and keep the first ``limit``, at least 1, in order; those of unknown age come last."""
    counts: Counter[tuple[str, str]] = Counter()

    def counted() -> Iterator[DeadLetter]:
        for letter in letters:
            counts[letter.queue, letter.reason] += 1
            yield letter

    def place(letter: DeadLetter) -> tuple[bool, float]:
        seconds = letter.since.timestamp() if letter.since else 0.0
        return letter.since is None, seconds if oldest_first else -seconds

    kept = heapq.nsmallest(limit, counted(), key=place)
    return Listed(counts, tuple(kept))


def print_counts(counts: Counts) -> None:
    """Print how many letters there are for each reason."""
    rows = [(queue, reason, str(count)) for (queue, reason), count in sorted(counts.items())]
    if rows:
        print_table(("Queue", "Reason", "Letters"), rows)


def print_list(listed: Listed) -> None:
    """Print the counts, then a row per letter."""
    total = sum(listed.counts.values())
    if total == 0:
        click.echo("No dead letter.")
        return
    print_counts(listed.counts)
    print_table(
        ("ID", "Queue", "Reason", "From", "Vendor", "Since", "Bytes"),
        [
            (
                letter.id,
                letter.queue,
                letter.reason,
                letter.origin or _NONE,
                letter.vendor or _NONE,
                instant(letter.since),
                str(letter.size_bytes),
            )
            for letter in listed.letters
        ],
    )
    click.echo(f"{len(listed.letters)} of {total} shown")


def print_json(listed: Listed) -> None:
    """Print the same as JSON; instants are RFC 3339, absent ones null."""
    value: dict[str, Any] = {
        "counts": [
            {"queue": queue, "reason": reason, "letters": count}
            for (queue, reason), count in sorted(listed.counts.items())
        ],
        "letters": [
            {
                "id": letter.id,
                "queue": letter.queue,
                "reason": letter.reason,
                "from": letter.origin,
                "vendor": letter.vendor,
                "since": letter.since.isoformat() if letter.since else None,
                "bytes": letter.size_bytes,
            }
            for letter in listed.letters
        ],
    }
    click.echo(json.dumps(value, indent=2))


def instant(value: datetime | None) -> str:
    """Return an aware instant as a person reads it."""
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if value else _NONE
