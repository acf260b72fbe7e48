"""The databases that the registry and the reply memory are tested on: the same tests run on each."""

import base64
import os
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Protocol

import psycopg
from sqlalchemy import Engine

from tests.servers.postgres_node import PostgresNode


class Database(Protocol):
    """A database of one test's own, empty."""

    url: str

    def take_away(self, engine: Engine) -> None:
        """Make it unreachable for ``engine``, with what it holds."""

    def bring_back(self, engine: Engine) -> None:
        """Make it reachable for ``engine`` again."""

    def locked(self) -> AbstractContextManager[None]:
        """Keep everybody else from the replies while the block runs."""

    def at_rest(self) -> bytes:
        """Return what somebody who got hold of it, or of its backup, would read."""


def forms(private: bytes) -> list[bytes]:
    """Return the bytes by which ``private`` would be found in a file: as it is, in hexadecimal, in base 64."""
    hexadecimal = private.hex().encode()
    return [private, hexadecimal, hexadecimal.upper(), *(_base64(private, before) for before in range(3))]


def _base64(private: bytes, before: int) -> bytes:
    # Only groups of three bytes that are private's alone are the same whatever surrounds it.
    start = -before % 3
    return base64.b64encode(private[start : start + (len(private) - start) // 3 * 3])


class SqliteDatabase:
    """A file, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._file = folder / "registry.db"
        self._away = folder / "away.db"
        self.url = f"sqlite:///{self._file}"

    def take_away(self, engine: Engine) -> None:
        """Put a link in its place that leads nowhere."""
        # Who has a file open keeps it when it is moved.
        engine.dispose()
        os.link(self._file, self._away)
        nowhere = self._file.with_name("nowhere")
        nowhere.symlink_to(nowhere / "registry.db")
        nowhere.replace(self._file)

    def bring_back(self, engine: Engine) -> None:
        """Put it back, at once: who looks in between would make an empty one."""
        engine.dispose()
        self._away.replace(self._file)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the only lock there is."""
        with closing(sqlite3.connect(self._file, isolation_level=None)) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            yield

    def at_rest(self) -> bytes:
        """Return the file, and the log of what is not in it yet."""
        return b"".join(path.read_bytes() for path in sorted(self._file.parent.iterdir()))


class PostgresDatabase:
    """A database on a server that one test may kill."""

    def __init__(self, node: PostgresNode, url: str) -> None:
        self._node = node
        self.url = url

    def take_away(self, engine: Engine) -> None:  # noqa: ARG002 - it loses what it holds by itself
        """Kill its server."""
        self._node.kill()

    def bring_back(self, engine: Engine) -> None:  # noqa: ARG002 - it finds out by itself
        """Start its server again."""
        self._node.start()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the whole table."""
        with psycopg.connect(self.url) as connection:
            connection.execute("LOCK TABLE replies IN ACCESS EXCLUSIVE MODE")
            yield
            connection.rollback()

    def at_rest(self) -> bytes:
        """Return its dump."""
        return self._node.dump(self.url.rpartition("/")[2]).encode()
