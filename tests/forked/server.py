"""Become the project's programs, a fork for each: ``python -m tests.forked.server DESCRIPTOR``.

The descriptor is that of a socket on which each message is a request, with five more descriptors: the request's text, the
program's input, output and errors, and where its exit status is written once it has ended. The end of the socket ends the
server.
"""

import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import socket
import struct
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import ModuleType
from typing import Final

import connector
import workers

PACKAGES: Final[tuple[ModuleType, ...]] = (connector, workers)
LIBRARIES: Final = (
    "alembic.command",
    "celery.apps.worker",
    "celery.worker.consumer",
    "celery.worker.consumer.connection",
    "celery.worker.worker",
    "kombu.transport.pyamqp",
    "psycopg",
    "redis.asyncio",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite.pysqlite",
)
"""What programs import by name, once they know that they need it."""
STATUS: Final = struct.Struct("i")
"""What is written of a program: its number, and once it has ended its exit status, as ``subprocess`` has it."""
_DESCRIPTORS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What a fork is to become."""

    module: str
    arguments: Sequence[str]
    environment: dict[str, str]
    folder: str


def import_everything() -> None:
    """Import what the programs do. Raises ``RuntimeError`` where that has started a thread, which no fork would have."""
    for package in PACKAGES:
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.endswith("__main__"):
                importlib.import_module(found.name)
    for library in LIBRARIES:
        importlib.import_module(library)
    if threading.active_count() > 1:
        raise RuntimeError(f"an import has started {threading.enumerate()}")
    # What is never collected is never written to, and stays shared with the forks.
    gc.collect()
    gc.freeze()


def serve(channel: socket.socket) -> Program | None:
    """Fork for each request until the channel ends, then return None; in a fork, return at once what it is to become."""
    poll = select.poll()
    poll.register(channel, select.POLLIN)
    running: dict[int, _Running] = {}
    while True:
        for handle, _ in poll.poll():
            if handle in running:
                poll.unregister(handle)
                running.pop(handle).end()
                continue
            _, passed, _, _ = socket.recv_fds(channel, 1, _DESCRIPTORS)
            if not passed:
                return None
            *taken, status = passed
            pid = os.fork()
            if not pid:
                channel.close()
                os.close(status)
                for other in running.values():
                    other.close()
                return _prepared(*taken)
            for descriptor in taken:
                os.close(descriptor)
            started = _Running(pid, os.pidfd_open(pid), status)
            poll.register(started.handle, select.POLLIN)
            running[started.handle] = started
            started.tell(pid)


@dataclass(frozen=True, slots=True)
class _Running:
    """A fork that has not ended."""

    pid: int
    handle: int
    """A descriptor of it, which can be read once it has ended."""
    status: int
    """The descriptor where what becomes of it is written."""

    def end(self) -> None:
        """Write the exit status of a fork that has ended."""
        _, ended = os.waitpid(self.pid, 0)
        self.tell(os.waitstatus_to_exitcode(ended))
        self.close()

    def tell(self, said: int) -> None:
        # Who asked may be gone.
        with suppress(BrokenPipeError):
            os.write(self.status, STATUS.pack(said))

    def close(self) -> None:
        os.close(self.handle)
        os.close(self.status)


def _prepared(request: int, *streams: int) -> Program:
    """Read what a fork is to become, and take on its input, output and errors, its environment and its folder."""
    with open(request, "rb") as file:
        program = Program(**json.load(file))
    for standard, taken in enumerate(streams):
        os.dup2(taken, standard)
        os.close(taken)
    os.environ.clear()
    os.environ.update(program.environment)
    time.tzset()
    os.chdir(program.folder)
    return program


def main() -> None:
    """Serve, and run what a fork became."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    import_everything()
    program = serve(channel)
    if program is None:
        return
    sys.argv = [program.module, *program.arguments]
    runpy.run_module(program.module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
