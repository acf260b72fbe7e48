"""A private Redis or Valkey, which keeps nothing on disk."""

import asyncio
import shutil
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Final

import redis

from connector.demo.authority import ServerFiles
from connector.demo.private import NodeError, PrivateServer


def redis_server() -> Path | None:
    """Return the program of Redis, else of Valkey, or None when neither is installed."""
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    return Path(found) if found else None


NO_SETTINGS: Final[Mapping[str, str]] = MappingProxyType({})


def _over_tls(port: int, files: ServerFiles) -> dict[str, str]:
    return {
        "--tls-port": str(port),
        "--tls-cert-file": str(files.certificate),
        "--tls-key-file": str(files.key),
        "--tls-ca-cert-file": str(files.authority),
        "--tls-auth-clients": "no",
    }


class RedisNode(PrivateServer):
    """A private Redis: what it holds is gone when it is stopped or killed."""

    product = "Redis"

    def __init__(
        self,
        password: str | None = None,
        *,
        settings: Mapping[str, str] = NO_SETTINGS,
        tls: ServerFiles | None = None,
    ) -> None:
        """Make one with further ``settings`` of its command line; with ``tls`` it speaks nothing else."""
        program = redis_server()
        if program is None:
            raise NodeError("neither redis-server nor valkey-server is installed")
        super().__init__()
        self._program = program
        self._password = password
        self._settings = settings
        self._tls = tls

    def url(self, files: ServerFiles | None = None) -> str:
        """Return the address of its first database; over TLS, for whoever trusts the authority of ``files``."""
        if files is not None:
            return f"rediss://default:{self._password}@localhost:{self.port}/0?cacertfile={files.authority}"
        user = "" if self._password is None else f":{self._password}@"
        return f"redis://{user}127.0.0.1:{self.port}/0"

    def _command(self) -> Sequence[str | Path]:
        options = {
            **({} if self._password is None else {"--requirepass": self._password}),
            "--bind": "127.0.0.1",
            "--port": "0" if self._tls else str(self.port),
            "--dir": str(self._folder),
            "--save": "",
            "--appendonly": "no",
            "--daemonize": "no",
            **(_over_tls(self.port, self._tls) if self._tls else {}),
            **self._settings,
        }
        return [self._program, *(word for option in options.items() for word in option)]

    def _takes_connections(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
            if self._tls is not None:
                return True
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith((b"+PONG", b"-NOAUTH"))
        return False


class SentinelNode(PrivateServer):
    """A lone Sentinel, which decides by itself within a second, and knows its master as ``connector``."""

    product = "Sentinel"

    def __init__(self, master_port: int) -> None:
        program = redis_server()
        if program is None:
            raise NodeError("neither redis-server nor valkey-server is installed")
        super().__init__()
        self._program = program
        self._master_port = master_port

    def url(self) -> str:
        """Return the address of the server that it names."""
        return f"redis+sentinel://127.0.0.1:{self.port}/0?service=connector"

    async def knows_replica(self, within_seconds: float) -> None:
        """Return once it knows whom it may promote."""
        until = time.monotonic() + within_seconds
        with redis.Redis(port=self.port) as sentinel:
            while not sentinel.sentinel_slaves("connector"):
                assert time.monotonic() < until
                await asyncio.sleep(0.1)

    def _prepare(self) -> None:
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"dir {self._folder}",
            f"sentinel monitor connector 127.0.0.1 {self._master_port} 1",
            "sentinel down-after-milliseconds connector 1000",
            "sentinel failover-timeout connector 3000",
        ]
        (self._folder / "sentinel.conf").write_text("\n".join(lines) + "\n", "utf-8")

    def _command(self) -> Sequence[str | Path]:
        return [self._program, self._folder / "sentinel.conf", "--sentinel"]

    def _takes_connections(self) -> bool:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=2).close()
            return True
        return False
