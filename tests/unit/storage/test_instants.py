"""An instant comes back from the database as it was meant."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import StatementError

from connector.storage.database import open_database
from connector.storage.tables import NOTICES
from connector.storage.upgrading import upgrade
from tests.databases import Database

NOON_IN_PARIS = datetime(2026, 7, 1, 12, tzinfo=ZoneInfo("Europe/Paris"))


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    opened = open_database(SecretStr(database.url))
    upgrade(opened)
    yield opened
    opened.dispose()


def test_it_is_the_same_instant_in_utc(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(insert(NOTICES).values(name="noon", given_at=NOON_IN_PARIS))
        (found,) = connection.execute(select(NOTICES.c.given_at)).scalars()
    assert found == NOON_IN_PARIS
    assert found.isoformat() == "2026-07-01T10:00:00+00:00"


def test_one_that_is_compared_has_any_time_zone(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(insert(NOTICES).values(name="noon", given_at=NOON_IN_PARIS))
        found = connection.execute(
            select(NOTICES.c.name).where(NOTICES.c.given_at <= NOON_IN_PARIS)
        ).scalars()
        assert list(found) == ["noon"]


def test_one_without_a_time_zone_is_refused(engine: Engine) -> None:
    naive = NOON_IN_PARIS.replace(tzinfo=None)
    with engine.begin() as connection, pytest.raises(StatementError, match="time zone"):
        connection.execute(insert(NOTICES).values(name="noon", given_at=naive))
