"""A held connection, and rows inserted many at once."""

from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Column, Integer, MetaData, String, Table, event, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from connector.storage.bulk import MOST_AT_ONCE, BulkInsert
from connector.storage.database import open_database
from connector.storage.dialects import insert_into
from connector.storage.held import HeldConnection

THINGS = Table(
    "things",
    MetaData(),
    Column("order", Integer, primary_key=True),
    Column("name", String(20), nullable=False),
)


def test_as_many_rows_as_there_are_go_in_few_statements_and_those_that_are_there_are_not_counted(
    tmp_path: Path,
) -> None:
    engine = open_database(SecretStr(f"sqlite:///{tmp_path / 'things.db'}"))
    THINGS.create(engine)
    things = BulkInsert(engine, insert_into(engine, THINGS).on_conflict_do_nothing(), ["order", "name"])
    rows = [{"order": number, "name": f"n{number}"} for number in range(2 * MOST_AT_ONCE + 1)]
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    with engine.begin() as connection:
        assert things.execute(connection, rows[:3]) == 3
        assert things.execute(connection, rows) == len(rows) - 3
        kept = connection.execute(select(THINGS).order_by(THINGS.c.order)).all()
    assert [tuple(row) for row in kept] == [tuple(row.values()) for row in rows]
    assert sum(statement.startswith("INSERT") for statement in statements) == 1 + 3
    engine.dispose()


def test_what_fails_leaves_nothing_and_the_next_transaction_goes_on(tmp_path: Path) -> None:
    engine = open_database(SecretStr(f"sqlite:///{tmp_path / 'things.db'}"))
    THINGS.create(engine)
    held = HeldConnection(engine)
    insert = THINGS.insert()
    with pytest.raises(IntegrityError):
        held.run(
            lambda connection: connection.execute(
                insert, [{"order": 1, "name": "a"}, {"order": 1, "name": None}]
            )
        )
    held.run(lambda connection: connection.execute(insert, [{"order": 2, "name": "b"}]))
    with engine.connect() as connection:
        assert connection.execute(select(THINGS.c.order)).scalars().all() == [2]
    engine.dispose()


def test_a_connection_that_the_server_has_closed_is_opened_anew_once(tmp_path: Path) -> None:
    engine = open_database(SecretStr(f"sqlite:///{tmp_path / 'things.db'}"))
    held = HeldConnection(engine)
    tried: list[int] = []

    def lost(times: int) -> int:
        tried.append(times)
        if len(tried) <= times:
            raise DBAPIError("", None, Exception(), connection_invalidated=True)
        return len(tried)

    assert held.run(lambda _connection: lost(1)) == 2
    tried.clear()
    with pytest.raises(DBAPIError):
        held.run(lambda _connection: lost(2))
    engine.dispose()
