"""Passwords of the broker's users: which stay, which are made, and what a file may be."""

import json
import stat
from pathlib import Path

import pytest

from connector.amqp.definitions.passwords import (
    HASHING,
    PasswordsError,
    credentials_of,
    hashed,
    read_hashes,
    read_passwords,
    verifies,
)
from connector.files import PrivateFileError, write_private

SALT = bytes.fromhex("908dc60a")


def test_a_hash_is_rabbitmq_s() -> None:
    """The worked example of RabbitMQ's documentation."""
    assert hashed("test12", SALT) == "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR"


def test_a_hash_verifies_its_own_password_alone() -> None:
    held = hashed("test12", SALT)
    assert verifies("test12", held)
    assert not verifies("test13", held)
    assert not verifies("test12", "not base 64")


def test_who_has_neither_password_nor_hash_gets_a_new_one() -> None:
    found = credentials_of(["a", "b"], {"a": "known"}, {})
    assert found.new == ("b",)
    assert verifies("known", found.hashes["a"])
    assert verifies(found.passwords["b"], found.hashes["b"])
    assert len(found.passwords["b"]) >= 32
    assert found.passwords["b"] not in repr(found)


def test_a_hash_stays_where_nothing_has_changed() -> None:
    held = {"known": hashed("k", SALT), "forgotten": hashed("f", SALT)}
    found = credentials_of(held, {"known": "k"}, held)
    assert found.hashes == held
    assert (found.new, found.changed) == ((), ())


def test_a_password_that_is_given_wins_over_the_hash() -> None:
    found = credentials_of(["a"], {"a": "second"}, {"a": hashed("first", SALT)})
    assert verifies("second", found.hashes["a"])
    assert (found.new, found.changed) == ((), ("a",))


@pytest.mark.parametrize("known", [{}, {"a": "first"}])
def test_a_new_password_may_be_asked_for(known: dict[str, str]) -> None:
    found = credentials_of(["a"], known, {"a": hashed("first", SALT)}, ["a"])
    assert (found.new, found.changed) == (("a",), ("a",))
    assert not verifies("first", found.hashes["a"])


def test_files_that_are_not_there_hold_nothing(tmp_path: Path) -> None:
    assert read_passwords(tmp_path / "none") == {}
    assert read_hashes(tmp_path / "none") == {}


@pytest.mark.parametrize("text", ["", "[]", '{"a": 1}', '{"a": {"b": "secret"}}', "secret", '{"a": ""}'])
def test_a_wrong_file_of_passwords_is_told_without_what_it_holds(tmp_path: Path, text: str) -> None:
    file = tmp_path / "passwords.json"
    write_private(file, text)
    with pytest.raises(PasswordsError) as raised:
        read_passwords(file)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("text", ["", "{}", '{"users": [{"name": "secret"}]}'])
def test_what_is_no_definitions_file_is_not_overwritten(tmp_path: Path, text: str) -> None:
    file = tmp_path / "definitions.json"
    write_private(file, text)
    with pytest.raises(PasswordsError, match="no definitions file"):
        read_hashes(file)


def test_a_hash_of_another_algorithm_is_not_kept(tmp_path: Path) -> None:
    file = tmp_path / "definitions.json"
    users = [
        {"name": "a", "password_hash": "1", "hashing_algorithm": "rabbit_password_hashing_md5"},
        {"name": "b", "password_hash": "2", "hashing_algorithm": HASHING},
    ]
    write_private(file, json.dumps({"users": users}))
    assert read_hashes(file) == {"b": "2"}


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "passwords.json"
    write_private(file, "{}")
    file.chmod(mode)
    with pytest.raises(PasswordsError, match="chmod 600"):
        read_passwords(file)


def test_a_private_file_replaces_another_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("former", "utf-8")
    write_private(file, "é")
    assert file.read_text("utf-8") == "é"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(PrivateFileError, match="nowhere"):
        write_private(tmp_path / "nowhere" / "file", "")
    (tmp_path / "folder").mkdir()
    with pytest.raises(PrivateFileError, match="folder"):
        write_private(tmp_path / "folder", "")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
