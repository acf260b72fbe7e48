"""A private PgBouncer before a private PostgreSQL."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import psycopg

from connector.demo.private import NodeError, PrivateServer
from tests.servers.postgres_node import PostgresNode


class PgBouncerNode(PrivateServer):
    """A pooler with one connection to the server, and PgBouncer's own settings otherwise."""

    product = "PgBouncer"

    def __init__(
        self, server: PostgresNode, mode: Literal["session", "transaction"], settings: str = ""
    ) -> None:
        """``settings`` are further lines of its ``pgbouncer.ini``."""
        program = shutil.which("pgbouncer")
        if program is None:
            raise NodeError("pgbouncer is not installed")
        # It refuses to run as root.
        self.user = server.user
        super().__init__()
        self._program = program
        self._server = server
        self._mode = mode
        self._settings = settings

    def url(self, database: str) -> str:
        """Return the address of a database through it."""
        return self._server.url(database).replace(f":{self._server.port}/", f":{self.port}/")

    def _prepare(self) -> None:
        user, password = self._server.url().partition("://")[2].partition("@")[0].split(":")
        users = self._folder / "users.txt"
        users.write_text(f'"{user}" "{password}"\n', "utf-8")
        lines = [
            "[databases]",
            f"* = host=127.0.0.1 port={self._server.port}",
            "[pgbouncer]",
            "listen_addr = 127.0.0.1",
            f"listen_port = {self.port}",
            "unix_socket_dir =",
            "auth_type = scram-sha-256",
            f"auth_file = {users}",
            f"pool_mode = {self._mode}",
            "default_pool_size = 1" if self._mode == "transaction" else "default_pool_size = 10",
            self._settings,
        ]
        (self._folder / "pgbouncer.ini").write_text("\n".join(lines) + "\n", "utf-8")
        if self.user is not None:
            for path in (self._folder, *self._folder.iterdir()):
                shutil.chown(path, self.user, self.user)

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "HOME": str(self._folder)}

    def _command(self) -> Sequence[str | Path]:
        return [self._program, self._folder / "pgbouncer.ini"]

    def _takes_connections(self) -> bool:
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True
