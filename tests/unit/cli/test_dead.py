"""The commands on dead letters: the order of the list, what a terminal is spared, and a run that is told to end."""

import os
import signal
from datetime import UTC, datetime, timedelta

import click
import pytest

from connector.amqp.dead.letters import Arrival, DeadLetter
from connector.cli.dead.options import check_ids, read_age
from connector.cli.dead.report import list_of
from connector.cli.options import finishing
from connector.cli.tables import printable

DAY = datetime(2026, 11, 23, tzinfo=UTC)


def letter(name: str, since: datetime | None, queue: str = "connector.dead") -> DeadLetter:
    return DeadLetter(
        id=name, queue=queue, arrival=Arrival.CONNECTOR, reason="unknown_vendor", since=since, size_bytes=1
    )


LETTERS = [
    letter("undated", None),
    letter("old", DAY),
    letter("new", DAY + timedelta(days=2)),
    letter("middle", DAY + timedelta(days=1), "connector.undeliverable"),
]


@pytest.mark.parametrize(
    ("oldest_first", "limit", "shown"),
    [
        (False, 50, ["new", "middle", "old", "undated"]),
        (True, 50, ["old", "middle", "new", "undated"]),
        (False, 2, ["new", "middle"]),
        (True, 1, ["old"]),
    ],
)
def test_letters_are_listed_in_order_and_all_are_counted(
    *, oldest_first: bool, limit: int, shown: list[str]
) -> None:
    listed = list_of(iter(LETTERS), limit, oldest_first=oldest_first)
    assert [each.id for each in listed.letters] == shown
    assert listed.counts == {
        ("connector.dead", "unknown_vendor"): 3,
        ("connector.undeliverable", "unknown_vendor"): 1,
    }


def test_what_a_vendor_wrote_does_not_act_on_a_terminal() -> None:
    assert printable("é\n\x1b[2J\x9b1m\u202e") == "é\n\\x1b[2J\\x9b1m\\u202e"


@pytest.mark.parametrize(
    ("text", "age"),
    [("30d", timedelta(days=30)), ("12h", timedelta(hours=12)), ("45m", timedelta(minutes=45))],
)
def test_an_age_is_read(text: str, age: timedelta) -> None:
    assert read_age(None, None, text) == age


@pytest.mark.parametrize("text", ["", "30", "d", "-1d", "1.5h", "30 d", "30s", "999999d"])
def test_what_is_no_age_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        read_age(None, None, text)


@pytest.mark.parametrize("text", ["", "0123456789a", "0123456789AB", "--all"])
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        check_ids(None, None, ("0123456789ab", text))


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_noted_and_a_second_one_acts(signum: signal.Signals) -> None:
    class SecondError(Exception):
        pass

    def act(*_arguments: object) -> None:
        raise SecondError

    previous = signal.signal(signum, act)
    try:
        with finishing() as interruption:
            assert interruption.exit_status == 0
            os.kill(os.getpid(), signum)
            assert interruption.exit_status == 128 + signum
            with pytest.raises(SecondError):
                os.kill(os.getpid(), signum)
        assert signal.getsignal(signum) is act
    finally:
        signal.signal(signum, previous)
