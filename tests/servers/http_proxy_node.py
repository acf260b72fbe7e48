"""A private HTTP proxy that asks for a user and a password: Tinyproxy."""

import shutil
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from connector.demo.private import NodeError, PrivateServer

USER, PASSWORD = "town-hall", "s3same"


class HttpProxyNode(PrivateServer):
    """A proxy as a town hall has one; it writes down whom it was asked for."""

    product = "Tinyproxy"

    def __init__(self, upstreams: Mapping[str, int] | None = None) -> None:
        """``upstreams`` are hosts that it asks on a port of this machine, whatever their names resolve to."""
        program = shutil.which("tinyproxy")
        if program is None:
            raise NodeError("tinyproxy is not installed")
        super().__init__()
        self._program = program
        self._upstreams = upstreams or {}

    def url(self, password: str = PASSWORD) -> str:
        """Return its address, with its user."""
        return f"http://{USER}:{password}@127.0.0.1:{self.port}"

    def log(self) -> str:
        """Return what it has written."""
        return (self._folder / "node.log").read_text("utf-8")

    def _prepare(self) -> None:
        lines = [
            f"Port {self.port}",
            "Listen 127.0.0.1",
            "Timeout 60",
            "MaxClients 50",
            "Allow 127.0.0.1",
            f"BasicAuth {USER} {PASSWORD}",
            "LogLevel Connect",
            *(f'Upstream http 127.0.0.1:{port} "{host}"' for host, port in self._upstreams.items()),
        ]
        (self._folder / "tinyproxy.conf").write_text("\n".join(lines) + "\n", "utf-8")

    def _command(self) -> Sequence[str | Path]:
        return [self._program, "-d", "-c", self._folder / "tinyproxy.conf"]

    def _takes_connections(self) -> bool:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=2).close()
            return True
        return False
