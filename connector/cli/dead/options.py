"""What the commands of ``ccas-connector dead`` share: their options, and their way to the dead queues."""

import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from connector.cli.options import fail

if TYPE_CHECKING:
    from connector.amqp.dead.queue import DeadQueues, Held
    from connector.settings.settings import Settings

QUEUES: Final = {"dead": "connector.dead", "undeliverable": "connector.undeliverable"}
QUEUE: Final = click.option(
    "--queue",
    "queues",
    type=click.Choice(list(QUEUES)),
    callback=lambda _context, _option, chosen: [QUEUES[chosen]] if chosen else list(QUEUES.values()),
    help="Of connector.dead or of connector.undeliverable alone. Default: both.",
)
_UNITS: Final = {"d": "days", "h": "hours", "m": "minutes"}


def check_ids(_context: object, _argument: object, ids: str | tuple[str, ...]) -> Any:
    """Refuse, for click, what has not the form of an ID."""
    for each in [ids] if isinstance(ids, str) else ids:
        if not re.fullmatch(r"[0-9a-f]{12}", each):
            raise click.BadParameter("an ID is 12 of 0-9 and a-f; see: ccas-connector dead list")
    return ids


def read_age(_context: object, _option: object, text: str) -> timedelta:
    """Return, for click, how long ``30d``, ``12h`` or ``45m`` is."""
    found = re.fullmatch(r"(\d{1,5})([dhm])", text)
    if found is None:
        raise click.BadParameter("give days, hours or minutes: 30d, 12h, 45m")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


@contextlib.contextmanager
def open_dead_queues(settings: "Settings") -> Iterator["DeadQueues"]:
    """Give the dead queues of the broker; what was not let go is there again afterwards."""
    from connector.amqp.dead.queue import TRANSPORT_OPTIONS, DeadQueues
    from connector.cli.broker import connected

    with connected(settings, TRANSPORT_OPTIONS) as connection:
        yield DeadQueues(connection)


def look(dead_queues: "DeadQueues", queues: Sequence[str], what: str) -> tuple["Iterable[Held]", int]:
    """Return what lies on the queues at this moment, and how much it is."""
    from connector.cli.tables import tracked

    counts = {queue: dead_queues.count(queue) for queue in queues}
    total = sum(counts.values())
    return tracked(dead_queues.held(counts), total, what), total


def fail_unknown(letter_ids: Iterable[str]) -> NoReturn:
    """Exit since no letter has these IDs."""
    fail(f"no dead letter has the ID {', '.join(sorted(letter_ids))}; see: ccas-connector dead list")
