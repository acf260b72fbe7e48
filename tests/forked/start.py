"""Starting a program of the project's as a fork: what ``subprocess.Popen`` and ``subprocess.run`` are to other programs."""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Final

from connector.demo import program
from connector.demo.program import Process
from tests.forked.server import STATUS

ROOT: Final = Path(__file__).parents[2]
_PYTHON: Final = (sys.executable, "-m")
_RUN_SECONDS: Final = 180.0
"""A program that does not end is to fail, not to hang."""


class ForkedProcess:
    """A program that is running, or has ended: the part of ``subprocess.Popen`` that the tests use."""

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        output: int,
        errors: int,
        given: str = "",
    ) -> None:
        """Start ``python -m …`` with an environment, the descriptors of its output and errors, and what it reads."""
        self._told, status = os.pipe()
        try:
            asked = {
                "module": arguments[2],
                "arguments": list(arguments[3:]),
                "environment": dict(environment),
                "folder": str(Path.cwd()),
            }
            with _in_memory(json.dumps(asked)) as request, _in_memory(given) as read:
                socket.send_fds(_channel(), [b"\0"], [request, read, output, errors, status])
        finally:
            os.close(status)
        self._reading = Lock()
        self.pid = self._read()
        self.returncode: int | None = None

    def _read(self) -> int:
        said = os.read(self._told, STATUS.size)
        if not said:
            raise ChildProcessError("the server of forks has ended")
        (value,) = STATUS.unpack(said)
        return int(value)

    def poll(self) -> int | None:
        """Return the exit status, as ``subprocess`` has it; None while it runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end, and return the exit status. Raises ``subprocess.TimeoutExpired``."""
        if self.returncode is None and not select.select([self._told], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
        with self._reading:
            if self.returncode is None:
                self.returncode = self._read()
                # Left open: another thread may be waiting on it.
        return self.returncode

    def __del__(self) -> None:
        os.close(self._told)

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


def start_process(
    arguments: Sequence[str], environment: Mapping[str, str], output: int, errors: int
) -> Process:
    """Start a program: as a fork where it is a Python module, by itself otherwise."""
    if tuple(arguments[:2]) == _PYTHON:
        return ForkedProcess(arguments, environment, output, errors)
    return program.start_process(arguments, environment, output, errors)


def run(
    arguments: Sequence[str], environment: Mapping[str, str], given: str = ""
) -> "subprocess.CompletedProcess[str]":
    """Run a Python module to its end, and return its exit status and what it said. Raises ``TimeoutExpired``."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        process = ForkedProcess(arguments, environment, output.fileno(), errors.fileno(), given)
        try:
            status = process.wait(_RUN_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        output.seek(0)
        errors.seek(0)
        return subprocess.CompletedProcess(list(arguments), status, output.read(), errors.read())


@contextmanager
def _in_memory(text: str) -> Iterator[int]:
    descriptor = os.memfd_create("text")
    try:
        os.write(descriptor, text.encode())
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


@cache
def _channel() -> socket.socket:
    """Start the server, once, which ends with this process; return where it takes requests."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        server = subprocess.Popen(
            [*_PYTHON, "tests.forked.server", str(theirs.fileno())],
            cwd=ROOT,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
        )
    atexit.register(_end, ours, server)
    return ours


def _end(channel: socket.socket, server: "subprocess.Popen[bytes]") -> None:
    channel.close()
    server.wait()
