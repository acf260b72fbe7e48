"""Taking groups of records from a session: let go once written, put aside where they cannot be, none without a writer."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from connector.amqp.confirmed_channel import Confirmation, PublishError
from connector.amqp.publisher import Outgoing
from connector.amqp.session import BrokerSession
from connector.storage.journal.writer import MOST_HELD, Held, JournalWriter
from connector.telemetry.metrics import Metrics
from connector.telemetry.prometheus import PrometheusMetrics
from tests.fakes import START
from tests.scrapes import Scrape
from workers.journal import JournalIntake


class Session:
    """Keeps what is told of deliveries, and gives each publish the next of its fates."""

    def __init__(self, *fates: Confirmation | PublishError) -> None:
        self._fates = list(fates)
        self.told: list[tuple[str, int]] = []
        self.published: list[Outgoing] = []
        self.publisher = self
        self.metrics = PrometheusMetrics()

    def counted(self) -> dict[tuple[str, ...], float]:
        """Return the dead letters counted, by their reason."""
        return Scrape.of(self.metrics).counted("connector_dead_letters_total")

    async def publish(self, message: Outgoing) -> Confirmation:
        """Say what became of it."""
        self.published.append(message)
        fate = self._fates.pop(0)
        if isinstance(fate, PublishError):
            raise fate
        return fate

    def acknowledge(self, tag: int) -> None:
        """Note it."""
        self.told.append(("acknowledge", tag))

    def requeue(self, tag: int) -> None:
        """Note it."""
        self.told.append(("give back", tag))


class Writer:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.held: list[Held] = []
        self.take = self.held.append


def taken(session: Session) -> Held:
    """Return what a writer is given of a message."""
    writer = Writer()
    intake = JournalIntake(
        cast("BrokerSession", session), cast("JournalWriter", writer), lambda: START, session.metrics
    )
    assert intake.queues() == {"connector.journal": MOST_HELD}
    intake.take(message())
    return writer.held[0]


def message() -> Any:
    return SimpleNamespace(body=b"sealed", delivery_info={"delivery_tag": 7})


async def turn() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_group_is_let_go_once_it_is_written_or_given_back() -> None:
    session = Session()
    held = taken(session)
    assert held.body == b"sealed"
    held.written()
    held.requeue()
    assert session.told == [("acknowledge", 7), ("give back", 7)]


async def test_a_group_that_cannot_be_written_is_put_where_an_operator_finds_it() -> None:
    session = Session(Confirmation.ROUTED)
    taken(session).unreadable()
    await turn()
    (letter,) = session.published
    assert (letter.queue, letter.body) == ("connector.dead", b"sealed")
    assert letter.headers == {
        "x-connector-reason": "unreadable_journal",
        "x-connector-queue": "connector.journal",
        "x-connector-since": START.isoformat(),
    }
    assert session.told == [("acknowledge", 7)]
    assert session.counted() == {("unreadable_journal",): 1}


@pytest.mark.parametrize(
    ("fate", "reason"),
    [
        (Confirmation.REFUSED, "refused"),
        (Confirmation.UNROUTABLE, "unroutable"),
        (PublishError("the broker sent no confirm in time"), "unconfirmed"),
    ],
)
async def test_what_cannot_be_put_aside_comes_again_and_is_told(
    fate: Confirmation | PublishError, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.journal._TRY_AGAIN_SECONDS", 0)
    session = Session(fate)
    with capture_logs() as logs:
        taken(session).unreadable()
        await turn()
    assert session.told == [("give back", 7)]
    assert [(entry["event"], entry["reason"]) for entry in logs] == [("journal.not_put_aside", reason)]
    assert session.counted() == {}


async def test_without_a_journal_no_queue_is_consumed() -> None:
    off = JournalIntake(cast("BrokerSession", Session()), None, lambda: START, Metrics())
    assert off.queues() == {}
    await off.finish()
    with pytest.raises(RuntimeError):
        off.take(message())
