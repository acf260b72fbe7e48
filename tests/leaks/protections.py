"""The protections, as data: what each removal takes away, which paths then leak, and where the leak is seen.

Where two cover each other, so that the outside shows nothing when one is gone, the place is what one hands to the other.
Those that are no worker's are removed where they are tested: the records' ``repr`` and pydantic's ``hide_input_in_errors``
(``test_records``), and what hides a vendor's words from ``dead show`` (``test_leaks``). Not removed here, since what is
behind them already shows nothing, and tested apart: the SDK's own integrations, breadcrumbs and local variables
(``before_send`` is handed all of these here), Celery's own masking of the broker's password, and the levels of libraries'
loggers (``tests/unit/test_logs.py``). With the root logger, and SQLAlchemy's, urllib3's and Sentry's of their own, at DEBUG
and every path through a worker with a Redis, the filled-in texts of celery, amqp, redis, alembic, asyncio, SQLAlchemy and
urllib3 held no canary: the client of the sources logs nothing, and SQLAlchemy hides parameters itself.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, takewhile
from pathlib import Path
from typing import Final

from tests.leaks import removals
from tests.leaks.lying import HEADERS, SEALED
from tests.leaks.noting import FILLED, HANDED, RAISED
from tests.leaks.paths import every_path
from tests.leaks.run import (
    CHECK_INS,
    EVENTS,
    JOURNAL,
    LOGS,
    METRICS,
    REJECTED,
    TRANSACTIONS,
    Host,
    Run,
    run,
)


@dataclass(frozen=True, slots=True)
class Protection:
    """One of them."""

    name: str
    remove: Callable[[], None]
    shown_in: str
    """The place where a canary is found without it."""
    paths: tuple[str, ...]
    """Those that lead there."""


PROTECTIONS: Final = (
    Protection("bare tracebacks", removals.show_texts_of_exceptions, LOGS, ("crash-decide",)),
    Protection("libraries' unfilled texts", removals.fill_in_texts_of_libraries, LOGS, ("crash-library",)),
    Protection("crashes logged by type", removals.leave_crashes_to_python, LOGS, ("crash-thread",)),
    Protection("odd members unnamed", removals.name_odd_members, LOGS, ("found",)),
    Protection("loop's errors logged by type", removals.leave_the_loop_to_asyncio, FILLED, ("crash-loop",)),
    Protection("events rebuilt", removals.send_events_as_they_come, EVENTS, ("crash-sdk",)),
    Protection("exceptions' texts left out", removals.send_texts_of_exceptions, EVENTS, ("crash-sdk",)),
    Protection("frames rebuilt", removals.send_frames_whole, EVENTS, ("crash-sdk",)),
    Protection("values of a vocabulary", removals.send_any_value, EVENTS, ("crash-sdk",)),
    Protection("transactions rebuilt", removals.send_transactions_as_they_come, TRANSACTIONS, ("crash-sdk",)),
    Protection("spans rebuilt", removals.send_spans_whole, TRANSACTIONS, ("crash-sdk",)),
    Protection("check-ins rebuilt", removals.send_check_ins_as_they_come, CHECK_INS, ("crash-sdk",)),
    Protection("fields reported by name", removals.hand_over_whole_events, HANDED, ("crash-thread",)),
    Protection("stacks as values", removals.hand_over_texts_of_exceptions, HANDED, ("crash-decide",)),
    Protection(
        "no error leaves the transport",
        removals.let_errors_of_the_transport_through,
        RAISED,
        ("crash-transport-http",),
    ),
    Protection("parameters hidden", removals.show_parameters_of_statements, RAISED, ("crash-database",)),
    Protection("persons hashed", removals.keep_the_person_in_the_journal, JOURNAL, ("again",)),
    Protection("messages sealed", removals.leave_messages_open, SEALED, ("deferred",)),
    Protection("headers listed", removals.carry_every_header, HEADERS, ("nobody",)),
    Protection(
        "wrong members unrepeated", removals.repeat_wrong_members, REJECTED, ("a job_id of another form",)
    ),
    Protection(
        "checks counted by known names",
        removals.count_checks_by_any_name,
        METRICS,
        ("a check of another name",),
    ),
)


def grouped() -> Iterator[tuple[Protection, ...]]:
    """Yield protections that are removed together, as few times as it takes: each is seen in a place of its own."""
    yield from takewhile(bool, map(_nth_of_each_place, count()))


def _nth_of_each_place(number: int) -> tuple[Protection, ...]:
    by_place: dict[str, list[Protection]] = {}
    for protection in PROTECTIONS:
        by_place.setdefault(protection.shown_in, []).append(protection)
    return tuple(of_place[number] for of_place in by_place.values() if len(of_place) > number)


def unprotected_run(host: Host, protections: Sequence[Protection], folder: Path) -> Run:
    """Send the paths that lead to them through a worker that lacks some protections."""
    options = [option for each in protections for option in ("--without", each.remove.__name__)]
    wanted = {name for each in protections for name in each.paths}
    return run(host, [path for path in every_path() if path.name in wanted], folder, *options)
