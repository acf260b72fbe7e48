"""Unit tests reach no network: a socket that would leave the process is an error."""

import socket
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.databases import Database, SqliteDatabase


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_socket: socket.socket, address: Any) -> NoReturn:
        raise AssertionError(f"a unit test reached for the network at {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """The database of a unit test."""
    return SqliteDatabase(tmp_path / "database")
