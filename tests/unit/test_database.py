"""Opening the registry's database: what an address may be, and what SQLite is told."""

from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from connector.registry.database import DatabaseError, ensure_current, open_database
from tests.databases import Database


def test_sqlite_keeps_its_foreign_keys_and_lets_readers_read(database: Database) -> None:
    engine = open_database(SecretStr(database.url))
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
    engine.dispose()


@pytest.mark.parametrize("url", ["sqlite:///{folder}", "sqlite:///{folder}/s3same/registry.db"])
def test_a_database_that_cannot_be_opened_says_so(url: str, tmp_path: Path) -> None:
    engine = open_database(SecretStr(url.format(folder=tmp_path)))
    with pytest.raises(DatabaseError) as caught:
        ensure_current(engine)
    assert str(caught.value).startswith("CONNECTOR_DATABASE_URL: ")
    assert "s3same" not in str(caught.value)
    engine.dispose()


@pytest.mark.parametrize(
    "url",
    [
        "s3same",
        "sqlite+s3same://",
        "oracle+s3same://db.test",
        "postgresql://user:s3same@db.test:s3same/registry",
    ],
)
def test_an_address_that_means_nothing_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(DatabaseError) as caught:
        ensure_current(open_database(SecretStr(url)))
    message = str(caught.value)
    assert message.startswith("CONNECTOR_DATABASE_URL: ")
    assert "s3same" not in message
    assert "\n" not in message
