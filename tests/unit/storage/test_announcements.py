"""What is told once is told once, whoever restarts, and twice rather than never."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine

from connector.events import Event
from connector.storage.announcements import NoticedAnnouncements
from connector.storage.database import open_database
from connector.storage.notices import Notices
from connector.storage.upgrading import upgrade
from connector.telemetry.token_alerts import TokenAlert
from tests.databases import Database

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ALERT = TokenAlert(event=Event.TOKEN_REFUSED, tenant="26920023600017", to_do="rotate it")


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    opened = open_database(SecretStr(database.url))
    upgrade(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def told() -> list[TokenAlert]:
    return []


def announcements(notices: Notices, told: list[TokenAlert]) -> NoticedAnnouncements:
    return NoticedAnnouncements(notices, told.append, lambda: NOW)


async def test_one_process_tells_it_once(engine: Engine, told: list[TokenAlert]) -> None:
    one = announcements(Notices(engine), told)
    for _ in range(3):
        await one.tell_once("token.refused/a", ALERT)
    await one.tell_once("token.refused/b", ALERT)
    assert told == [ALERT, ALERT]


async def test_another_process_does_not_tell_it_again(engine: Engine, told: list[TokenAlert]) -> None:
    for _ in range(2):
        await announcements(Notices(engine), told).tell_once("token.refused/a", ALERT)
    assert told == [ALERT]


async def test_without_the_database_each_process_tells_it_once(
    database: Database, engine: Engine, told: list[TokenAlert]
) -> None:
    database.take_away(engine)
    for _ in range(2):
        one = announcements(Notices(engine), told)
        for _ in range(2):
            await one.tell_once("token.refused/a", ALERT)
    assert told == [ALERT, ALERT]
