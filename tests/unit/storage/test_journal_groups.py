"""Records on their way to the broker: together, a few messages at a time, and known to be there."""

import asyncio
from typing import cast

import pytest
import structlog
from pydantic import SecretStr
from structlog.testing import capture_logs

from connector.amqp.confirmed_channel import Confirmation, PublishError
from connector.amqp.publisher import FIRST_PAUSE_SECONDS, Outgoing, Publisher
from connector.jobs.delivery import MAX_ENVELOPE_BYTES
from connector.storage.journal.groups import LARGEST_GROUP, PURPOSE, Group, Groups
from connector.storage.journal.record import Record, read
from connector.vault import Vault, new_key
from tests.records import record

VAULT = Vault(SecretStr(new_key()))


class Broker:
    """Confirms each message when the test says so."""

    def __init__(self) -> None:
        self.messages: list[Outgoing] = []
        self.asked: list[asyncio.Future[Confirmation]] = []
        self.has_ended = False

    async def publish(self, message: Outgoing) -> Confirmation:
        """Take the message, and wait for its fate."""
        self.messages.append(message)
        self.asked.append(asyncio.get_running_loop().create_future())
        return await self.asked[-1]

    async def say(self, fate: Confirmation | Exception = Confirmation.ROUTED) -> None:
        """Decide the fate of the last message."""
        if isinstance(fate, Exception):
            self.asked[-1].set_exception(fate)
        else:
            self.asked[-1].set_result(fate)
        await turn()

    def sent(self) -> list[tuple[Record, ...]]:
        """Return the records of each message."""
        return [read(VAULT.open_for(PURPOSE, message.body)) for message in self.messages]

    def groups(self) -> Groups:
        """Return groups that are sent here."""
        return Groups(cast("Publisher", self), VAULT)


async def turn() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def waiting(*groups: Group) -> list["asyncio.Task[None]"]:
    return [asyncio.create_task(group.confirmed()) for group in groups]


@pytest.fixture
def one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have one message under way at most."""
    monkeypatch.setattr("connector.storage.journal.groups.MOST_UNDER_WAY", 1)


@pytest.mark.usefixtures("one_at_a_time")
async def test_what_comes_while_groups_wait_for_their_confirms_goes_in_the_next() -> None:
    broker = Broker()
    groups = broker.groups()
    first = waiting(groups.add(record(1), is_urgent=True))
    await turn()
    rest = waiting(groups.add(record(2), is_urgent=True), groups.add(record(3), is_urgent=True))
    await turn()
    assert broker.sent() == [(record(1),)]

    await broker.say()
    assert first[0].done()
    assert broker.sent() == [(record(1),), (record(2), record(3))]
    assert not any(each.done() for each in rest)

    await broker.say()
    assert all(each.done() for each in rest)
    assert {message.queue for message in broker.messages} == {"connector.journal"}


async def test_a_record_does_not_wait_for_the_confirm_of_another_message() -> None:
    broker = Broker()
    groups = broker.groups()
    waiting(groups.add(record(1), is_urgent=True))
    await turn()
    second = waiting(groups.add(record(2), is_urgent=True))
    await turn()
    assert broker.sent() == [(record(1),), (record(2),)]
    await broker.say()
    assert second[0].done()
    groups.close()


async def test_a_record_that_nobody_waits_for_goes_with_the_next_that_somebody_does() -> None:
    broker = Broker()
    groups = broker.groups()
    ended = groups.add(record(1), is_urgent=False)
    await turn()
    assert broker.messages == []
    assert groups.add(record(2), is_urgent=True) is ended
    await turn()
    assert broker.sent() == [(record(1), record(2))]
    groups.close()


async def test_a_record_that_nobody_waits_for_goes_a_moment_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connector.storage.journal.groups.LATER_SECONDS", 0)
    broker = Broker()
    groups = broker.groups()
    ended = waiting(groups.add(record(1), is_urgent=False))
    await turn()
    assert broker.sent() == [(record(1),)]
    await broker.say()
    assert ended[0].done()


async def test_what_is_not_sent_yet_is_told_when_it_is_closed() -> None:
    broker = Broker()
    groups = broker.groups()
    ended = waiting(groups.add(record(1), is_urgent=False))
    groups.close()
    await turn()
    assert isinstance(ended[0].exception(), PublishError)


@pytest.mark.usefixtures("one_at_a_time")
async def test_a_group_is_sealed_and_no_longer_than_what_is_taken_in() -> None:
    broker = Broker()
    groups = broker.groups()
    long = "\u4e00" * 128
    records = [
        record(number, agent=long, dossier=long, job_id="j" * 128, label=long, purpose=long[:64])
        for number in range(LARGEST_GROUP + 1)
    ]
    for each in records:
        groups.add(each, is_urgent=True)
    await turn()
    assert len(broker.sent()[0]) == LARGEST_GROUP
    assert len(broker.messages[0].body) < MAX_ENVELOPE_BYTES
    assert b"millesime" not in broker.messages[0].body
    await broker.say()
    assert broker.sent()[1] == (records[-1],)
    await broker.say()


async def test_a_group_that_is_not_taken_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connector.amqp.publisher.FIRST_PAUSE_SECONDS", 0)
    broker = Broker()
    groups = broker.groups()
    confirmed = waiting(groups.add(record(1), is_urgent=True))
    await turn()
    with capture_logs() as logs:
        await broker.say(Confirmation.REFUSED)
        await broker.say(Confirmation.UNROUTABLE)
        await broker.say(PublishError("the broker sent no confirm in time"))
        await broker.say(PublishError("the broker sent no confirm in time"))
        assert not confirmed[0].done()
        held_up = [groups.is_held_up]
        await broker.say()
    held_up.append(groups.is_held_up)
    await confirmed[0]
    assert [(log["event"], log.get("reason"), log["log_level"]) for log in logs] == [
        ("journal.unconfirmed", "refused", "critical"),
        ("journal.unconfirmed", "unroutable", "critical"),
        ("journal.unconfirmed", "unconfirmed", "critical"),
        ("journal.confirmed_again", None, "info"),
    ]
    assert held_up == [True, False]
    assert broker.sent() == [(record(1),)] * 5
    assert FIRST_PAUSE_SECONDS > 0


async def test_a_defect_of_ours_loses_no_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job whose record went with it would be acknowledged, or wait for ever."""
    monkeypatch.setattr("connector.amqp.publisher.FIRST_PAUSE_SECONDS", 0)
    broker = Broker()
    confirmed = waiting(broker.groups().add(record(1), is_urgent=True))
    await turn()
    with capture_logs() as logs:
        await broker.say(AttributeError("a defect"))
    assert "journal.unexpected_error" in [log["event"] for log in logs]
    assert not confirmed[0].done()
    await broker.say()
    await confirmed[0]


async def test_what_is_said_of_records_is_not_said_of_the_job_that_came_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("connector.amqp.publisher.FIRST_PAUSE_SECONDS", 0)
    broker = Broker()
    with structlog.contextvars.bound_contextvars(job_id="first"):
        waiting(broker.groups().add(record(1), is_urgent=True))
    await turn()
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
        await broker.say(Confirmation.REFUSED)
        await broker.say()
    assert [log.get("job_id") for log in logs] == [None, None]


@pytest.mark.usefixtures("one_at_a_time")
async def test_whoever_waits_is_told_that_the_connection_has_ended() -> None:
    broker = Broker()
    groups = broker.groups()
    waits = waiting(groups.add(record(1), is_urgent=True))
    await turn()
    waits += waiting(groups.add(record(2), is_urgent=True))
    await turn()
    broker.has_ended = True
    await broker.say(PublishError("the connection ended (OSError)"))
    for wait in waits:
        with pytest.raises(PublishError, match="the connection ended"):
            await wait


async def test_who_is_cancelled_leaves_the_group_to_the_others() -> None:
    broker = Broker()
    groups = broker.groups()
    group = groups.add(record(1), is_urgent=True)
    first, second = waiting(group, group)
    await turn()
    first.cancel()
    await broker.say()
    await second


async def test_nothing_is_sent_once_it_is_closed() -> None:
    broker = Broker()
    groups = broker.groups()
    groups.close()
    late = waiting(groups.add(record(1), is_urgent=True))
    await turn()
    assert isinstance(late[0].exception(), PublishError)
    assert broker.messages == []


async def test_who_waits_for_a_record_is_told_when_it_is_closed() -> None:
    broker = Broker()
    groups = broker.groups()
    waits = waiting(groups.add(record(1), is_urgent=True))
    await turn()
    waits += waiting(groups.add(record(2), is_urgent=True))
    groups.close()
    await turn()
    assert [type(wait.exception()) for wait in waits if wait.done()] == [PublishError] * 2
