"""Opening the registry's database: what an address may be, and what SQLite is told."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from alembic.script import ScriptDirectory
from click.testing import CliRunner
from pydantic import SecretStr
from sqlalchemy import event, text
from structlog.testing import capture_logs

from connector.cli import command_line
from connector.storage import upgrading
from connector.storage.database import DatabaseError, open_database
from connector.storage.schema import REVISION, ensure_current
from tests.databases import Database
from tests.modes import modes, umask_of


def test_sqlite_keeps_its_foreign_keys_and_lets_readers_read(database: Database) -> None:
    engine = open_database(SecretStr(database.url))
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
    engine.dispose()


def test_sqlite_keeps_what_was_written_through_a_loss_of_power(database: Database) -> None:
    """A call may have been made whose record is in the last transaction (https://www.sqlite.org/pragma.html#pragma_synchronous)."""
    engine, full = open_database(SecretStr(database.url)), 2
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == full
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


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o277, 0o777])
@pytest.mark.parametrize("is_pooled", [True, False])
def test_an_sqlite_file_is_its_owners_alone_from_the_first_moment(
    mask: int, tmp_path: Path, *, is_pooled: bool
) -> None:
    """Before SQLite has opened it; and so is what SQLite puts beside it."""
    engine = open_database(SecretStr(f"sqlite:///{tmp_path / 'registry.db'}"), is_pooled=is_pooled)
    first: list[dict[str, int]] = []
    event.listen(engine, "connect", lambda *_connection: first.append(modes(tmp_path)), insert=True)
    with umask_of(mask):
        ensure_current(engine)
        with engine.begin() as connection:
            connection.execute(text("UPDATE registry_revision SET revision = revision"))
            found = modes(tmp_path)
    engine.dispose()
    assert first[0] == {"registry.db": 0o600}
    assert found == dict.fromkeys(("registry.db", "registry.db-wal", "registry.db-shm"), 0o600)


def test_one_that_comes_back_while_it_serves_is_private_too(tmp_path: Path) -> None:
    """Somebody has removed it: SQLite makes another."""
    engine = open_database(SecretStr(f"sqlite:///{tmp_path / 'registry.db'}"), is_pooled=False)
    with umask_of(0):
        for _time in range(2):
            ensure_current(engine)
            assert modes(tmp_path)["registry.db"] == 0o600
            for path in tmp_path.iterdir():
                path.unlink()


def test_a_link_to_a_database_leads_to_a_private_one(tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "registry.db")
    engine = open_database(SecretStr(f"sqlite:///{tmp_path / 'link.db'}"), is_pooled=False)
    with umask_of(0), engine.connect():
        assert modes(tmp_path)["registry.db"] == 0o600


@pytest.fixture
def open_to_others(tmp_path: Path) -> Iterator[str]:
    """The address of a database as an earlier version made it, in use by somebody."""
    url = f"sqlite:///{tmp_path / 'registry.db'}"
    engine = open_database(SecretStr(url))
    ensure_current(engine)
    for path in tmp_path.iterdir():
        path.chmod(0o664)
    assert len(modes(tmp_path)) == 3
    yield url
    engine.dispose()


def test_one_that_others_could_read_is_closed_to_them_and_said(open_to_others: str, tmp_path: Path) -> None:
    # Another test may have configured the logs of this process.
    structlog.reset_defaults()
    run = CliRunner().invoke(
        command_line, ["tenants", "list"], env={"CONNECTOR_DATABASE_URL": open_to_others}
    )
    assert run.exit_code == 0
    assert set(modes(tmp_path).values()) == {0o600}
    told = run.stderr.splitlines()
    assert len(told) == 3
    assert (
        f"ccas-connector: {tmp_path / 'registry.db'}: others could read it; it is now its owner's alone (0600)"
        in told
    )
    again = CliRunner().invoke(
        command_line, ["tenants", "list"], env={"CONNECTOR_DATABASE_URL": open_to_others}
    )
    assert (again.exit_code, again.stderr) == (0, "")


def test_a_program_says_it_in_its_logs(open_to_others: str) -> None:
    with capture_logs() as logs:
        open_database(SecretStr(open_to_others)).dispose()
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [("database.was_open", "warning")] * 3
    assert {entry["file"] for entry in logs} == {"registry.db", "registry.db-wal", "registry.db-shm"}


def test_one_that_cannot_be_closed_to_others_is_refused(
    open_to_others: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is another user's: only its owner may change its mode."""

    def refused(_path: Path, _mode: int) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "chmod", refused)
    with pytest.raises(
        DatabaseError, match=r"registry\.db may be read by others, .*; have its owner run: chmod 600 "
    ):
        open_database(SecretStr(open_to_others))


def test_a_uri_in_place_of_a_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="give sqlite:///file"):
        open_database(SecretStr(f"sqlite:///file:{tmp_path}/registry.db?uri=true"))


def test_a_database_in_memory_has_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for url in ("sqlite://", "sqlite:///:memory:"):
        engine = open_database(SecretStr(url))
        with engine.connect():
            assert modes(tmp_path) == {}
        engine.dispose()


def test_the_revision_of_this_version_is_the_last_of_the_migrations() -> None:
    assert ScriptDirectory(str(Path(upgrading.__file__).parent / "migrations")).get_current_head() == REVISION
