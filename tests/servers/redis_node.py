"""A private Redis or Valkey, which keeps nothing on disk."""

import shutil
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from connector.demo.private import NodeError, PrivateServer


def redis_server() -> Path | None:
    """Return the program of Redis, else of Valkey, or None when neither is installed."""
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    return Path(found) if found else None


class RedisNode(PrivateServer):
    """A private Redis: what it holds is gone when it is stopped or killed."""

    product = "Redis"

    def __init__(self, password: str | None = None) -> None:
        program = redis_server()
        if program is None:
            raise NodeError("neither redis-server nor valkey-server is installed")
        super().__init__()
        self._program = program
        self._password = password

    def url(self) -> str:
        """Return the address of its first database."""
        user = "" if self._password is None else f":{self._password}@"
        return f"redis://{user}127.0.0.1:{self.port}/0"

    def _command(self) -> Sequence[str | Path]:
        options = {
            **({} if self._password is None else {"--requirepass": self._password}),
            "--bind": "127.0.0.1",
            "--port": str(self.port),
            "--dir": str(self._folder),
            "--save": "",
            "--appendonly": "no",
            "--daemonize": "no",
        }
        return [self._program, *(word for option in options.items() for word in option)]

    def _takes_connections(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith((b"+PONG", b"-NOAUTH"))
        return False
