"""What the private servers share: a folder, ports and a process of their own, on loopback, without a service manager."""

import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, Final, Self

START_TIMEOUT_SECONDS: Final = 240.0
_STOP_TIMEOUT_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.1
# Below the ports that Linux lends to clients: one of those that call a killed server could be lent its port.
_PORTS: Final = range(10_000, 32_768)


class NodeError(Exception):
    """The server did not start, or refused a command; the message holds what it said."""


class PrivateServer(ABC):
    """A server that belongs to this process, and is gone when it is closed."""

    product: ClassVar[str]
    """Its name, for messages."""
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    kill_signal: ClassVar[signal.Signals] = signal.SIGKILL
    user: str | None = None
    """Whom it runs as, where that is not the user of this process."""

    def __init__(self, ports: int = 1) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix=f"ccas-connector-{self.product.lower()}-"))
        self._ports = free_ports(ports)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        """Where it listens, on 127.0.0.1; the same each time it is started."""
        return self._ports[0]

    def __enter__(self) -> Self:
        try:
            self._prepare()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Start the server and wait until it takes connections. Raises ``NodeError``."""
        log = (self._folder / "node.log").open("ab")
        with log:
            self._process = subprocess.Popen(  # noqa: S603 - the server's own program
                self._command(),
                env=dict(self._environment()),
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                user=self.user,
                group=self.user,
                extra_groups=[] if self.user else None,
            )
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not self._takes_connections():
            has_ended = self._process.poll() is not None
            if has_ended or time.monotonic() > deadline:
                said = self._last_words()
                self.kill()
                how = "ended" if has_ended else f"took no connection for {START_TIMEOUT_SECONDS:.0f} s"
                raise NodeError(f"{self.product} did not start, it {how}: {said}")
            time.sleep(_POLL_SECONDS)

    @property
    def has_ended(self) -> bool:
        """Tell whether its process runs no more."""
        return self._process is None or self._process.poll() is not None

    def wait(self) -> None:
        """Wait until the server has ended, by itself or because it was stopped."""
        if self._process is not None:
            self._process.wait()

    def stop(self) -> None:
        """Stop the server cleanly. Its data stays until it is closed."""
        if self._process is None:
            return
        self._process.send_signal(self.stop_signal)
        try:
            self._process.wait(_STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """End the server at once, as a power cut would."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, self.kill_signal)
            self._process.wait()

    def _prepare(self) -> None:  # noqa: B027 - a server may need nothing
        """Write what the server needs before its first start."""

    def _environment(self) -> Mapping[str, str]:
        return os.environ

    @abstractmethod
    def _command(self) -> Sequence[str | Path]:
        """Return the program and its arguments."""

    @abstractmethod
    def _takes_connections(self) -> bool:
        """Tell whether a client is served."""

    def _last_words(self) -> str:
        # The folder goes with the server, and its log with it.
        lines = (self._folder / "node.log").read_text("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"


def free_ports(count: int) -> list[int]:
    """Return ports of 127.0.0.1 on which nothing listens. Raises ``NodeError`` when there are not so many."""
    sockets: list[socket.socket] = []
    try:
        for port in random.sample(_PORTS, len(_PORTS)):
            with suppress(OSError):
                sockets.append(socket.create_server(("127.0.0.1", port)))
            if len(sockets) == count:
                return [listening.getsockname()[1] for listening in sockets]
    finally:
        for listening in sockets:
            listening.close()
    raise NodeError("no port of 127.0.0.1 is free")
