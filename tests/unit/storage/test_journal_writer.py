"""From the broker to the database: a group is let go once it is written, and none is lost while the database is away."""

import asyncio
from collections.abc import Iterator, Sequence

import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy import Engine
from sqlalchemy.exc import DataError
from structlog.testing import capture_logs

from connector.storage.journal.groups import PURPOSE
from connector.storage.journal.record import UNKNOWN, Record, written
from connector.storage.journal.store import JournalStore, Wanted
from connector.storage.journal.writer import Held, JournalWriter
from connector.vault import Vault, VaultError, new_key
from tests.databases import Database
from tests.records import record

VAULT = Vault(SecretStr(new_key()))
LOOKS = 3000


class Fates:
    """What becomes of groups, each by its number."""

    def __init__(self) -> None:
        self.told: dict[int, str] = {}
        self._changed = asyncio.Event()

    def held(self, number: int, *records: Record, body: bytes | None = None) -> Held:
        """Return a group whose fate is noted."""
        sealed = VAULT.seal_for(PURPOSE, written(records)) if body is None else body

        def note(fate: str) -> None:
            assert number not in self.told, "told twice"
            self.told[number] = fate
            self._changed.set()

        return Held(
            body=sealed,
            loop=asyncio.get_running_loop(),
            written=lambda: note("written"),
            requeue=lambda: note("given back"),
            unreadable=lambda: note("unreadable"),
        )

    async def all(self, count: int) -> dict[int, str]:
        """Return the fates, once there are so many."""
        while len(self.told) < count:
            self._changed.clear()
            await self._changed.wait()
        return self.told


async def is_away(writer: JournalWriter) -> None:
    """Return once the writer has met a database that is away."""
    for _ in range(LOOKS):
        if writer.is_away:
            return
        await asyncio.sleep(0.01)
    pytest.fail("the writer has not noticed")


@pytest.fixture
def store(engine: Engine) -> JournalStore:
    return JournalStore(engine)


@pytest.fixture
def writer(store: JournalStore) -> Iterator[JournalWriter]:
    opened = JournalWriter(store, VAULT, away_seconds=0.01)
    yield opened
    opened.close()


async def test_groups_are_let_go_once_they_are_written(writer: JournalWriter, store: JournalStore) -> None:
    fates = Fates()
    writer.take(fates.held(1, record(1, outcome=UNKNOWN), record(2)))
    writer.take(fates.held(2, record(1)))
    writer.take(fates.held(3, record(1), record(2)))
    assert set((await fates.all(3)).values()) == {"written"}
    assert list(store.each(Wanted())) == [record(1), record(2)]


async def test_what_was_taken_is_written_at_the_end(writer: JournalWriter, store: JournalStore) -> None:
    fates = Fates()
    await writer.finish()
    writer.take(fates.held(1, record(1)))
    await writer.finish()
    assert fates.told == {1: "written"}
    assert store.count(Wanted()) == 1
    await writer.finish()


async def test_while_the_database_is_away_groups_are_held(
    writer: JournalWriter, store: JournalStore, engine: Engine, database: Database
) -> None:
    fates = Fates()
    database.take_away(engine)
    with capture_logs() as logs:
        writer.take(fates.held(1, record(1)))
        await is_away(writer)
        writer.take(fates.held(2, record(2)))
        assert fates.told == {}
        database.bring_back(engine)
        assert set((await fates.all(2)).values()) == {"written"}
    assert [log["event"] for log in logs] == ["journal.away", "journal.back"]
    assert store.count(Wanted()) == 2


async def test_held_for_long_they_are_given_back(
    writer: JournalWriter, engine: Engine, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.storage.journal.writer._HELD_SECONDS", 0)
    fates = Fates()
    database.take_away(engine)
    writer.take(fates.held(1, record(1)))
    assert await fates.all(1) == {1: "given back"}
    database.bring_back(engine)


async def test_a_worker_that_ends_while_the_database_is_away_leaves_them_to_the_broker(
    writer: JournalWriter, engine: Engine, database: Database
) -> None:
    fates = Fates()
    database.take_away(engine)
    writer.take(fates.held(1, record(1)))
    await is_away(writer)
    writer.close()
    assert fates.told == {}
    database.bring_back(engine)


@pytest.mark.parametrize(
    "body",
    [
        b"nonsense",
        Vault(SecretStr(new_key())).seal_for(PURPOSE, written([record()])),
        VAULT.seal_for("deferral", written([record()])),
        VAULT.seal_for(PURPOSE, b"[{}]"),
    ],
    ids=["not sealed", "another key's", "sealed for something else", "not records"],
)
async def test_what_no_key_opens_holds_nothing_up(
    writer: JournalWriter, store: JournalStore, body: bytes
) -> None:
    fates = Fates()
    with capture_logs() as logs:
        writer.take(fates.held(1, body=body))
        writer.take(fates.held(2, record(2)))
        assert await fates.all(2) == {1: "unreadable", 2: "written"}
    assert store.count(Wanted()) == 1
    ((event, error),) = [(entry["event"], entry["exc_info"]) for entry in logs]
    assert event == "journal.unreadable"
    assert isinstance(error, VaultError | ValidationError)


async def test_what_the_database_can_never_take_holds_nothing_up(engine: Engine) -> None:
    class Picky(JournalStore):
        def write(self, records: "Sequence[Record]") -> None:  # type: ignore[override]
            if any(each.job_id == "job-2" for each in records):
                raise DataError("INSERT", None, ValueError("too long"))
            super().write(records)

    writer, fates = JournalWriter(Picky(engine), VAULT, away_seconds=0.01), Fates()
    for number in range(1, 4):
        writer.take(fates.held(number, record(number)))
    assert await fates.all(3) == {1: "written", 2: "unreadable", 3: "written"}
    assert JournalStore(engine).count(Wanted()) == 2
    writer.close()


async def test_a_loop_that_is_gone_is_no_trouble(writer: JournalWriter, store: JournalStore) -> None:
    gone = asyncio.new_event_loop()
    gone.close()
    fates = Fates()
    writer.take(
        Held(
            body=VAULT.seal_for(PURPOSE, written([record(1)])),
            loop=gone,
            written=lambda: None,
            requeue=lambda: None,
            unreadable=lambda: None,
        )
    )
    writer.take(fates.held(2, record(2)))
    assert await fates.all(1) == {2: "written"}
    assert store.count(Wanted()) == 2
