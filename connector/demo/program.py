"""A program started in the background, waited for by what it says, and stopped."""

import os
import queue
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol, Self

READY_TIMEOUT_SECONDS: Final = 60.0
STOP_TIMEOUT_SECONDS: Final = 60.0
_LAST_LINES: Final = 20


class ProgramError(Exception):
    """The program ended, or said nothing in time; the message carries its last lines."""


class Process(Protocol):
    """What ``subprocess.Popen`` offers of a process, and is used here."""

    @property
    def pid(self) -> int:
        """Its number."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end, and return its exit status. Raises ``subprocess.TimeoutExpired``."""

    def terminate(self) -> None:
        """Ask it to end."""

    def kill(self) -> None:
        """End it at once."""


Start = Callable[[Sequence[str], Mapping[str, str], int, int], Process]
"""Starts a process of arguments, with an environment and the descriptors of its output and its errors."""


def start_process(
    arguments: Sequence[str], environment: Mapping[str, str], output: int, errors: int
) -> Process:
    """Start a process of its own."""
    return subprocess.Popen(  # noqa: S603 - programs of this project
        arguments, env=dict(environment), stdin=subprocess.DEVNULL, stdout=output, stderr=errors
    )


def ending_with_parent(arguments: Sequence[str | Path]) -> list[str | Path]:
    """Return a command that is told to end (SIGTERM) when this process does, were it by SIGKILL.

    util-linux's setpriv asks it of the kernel; where there is none, the command stays as it is.
    """
    setpriv = shutil.which("setpriv")
    return [*([setpriv, "--pdeathsig", "TERM"] if setpriv else []), *arguments]


class Program:
    """A child process whose output is read line by line."""

    def __init__(
        self, arguments: Sequence[str], environment: Mapping[str, str], start: Start = start_process
    ) -> None:
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self.said: list[str] = []
        """Every line that was waited through."""
        reading, writing = os.pipe()
        self._output = os.fdopen(reading, encoding="utf-8", errors="replace")
        try:
            self._process = start(arguments, environment, writing, writing)
        finally:
            os.close(writing)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Tell whether it runs no more."""
        try:
            self._process.wait(0)
        except subprocess.TimeoutExpired:
            return False
        return True

    def wait_for(self, text: str, timeout_seconds: float = READY_TIMEOUT_SECONDS) -> str:
        """Return the first line that holds ``text``. Raises ``ProgramError`` when the program ends before."""
        deadline = time.monotonic() + timeout_seconds
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            else:
                if line is None:
                    # The end stays to be seen by whoever reads the rest.
                    self._lines.put(None)
            if line is None:
                raise ProgramError(f"no line with {text!r}; last lines:\n{self.last_lines()}")
            self.said.append(line)
            if text in line:
                return line

    def last_lines(self) -> str:
        """Return what it said last, those lines included that nobody waited for."""
        self._take_waiting()
        return "".join(self.said[-_LAST_LINES:])

    def lines(self) -> Iterator[str]:
        """Yield each line that was not waited through, until the program's end."""
        while (line := self._lines.get()) is not None:
            yield line
        # The end stays to be seen by whoever stops it.
        self._lines.put(None)

    def stop(self) -> int:
        """Ask the program to end (SIGTERM), wait for it, and return its exit status."""
        self._process.terminate()
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            return self.kill()

    def wait(self) -> int:
        """Wait for the program to end by itself, and return its exit status."""
        status = self._process.wait(STOP_TIMEOUT_SECONDS)
        self._close()
        return status

    def kill(self) -> int:
        """End the program at once (SIGKILL)."""
        self._process.kill()
        status = self._process.wait()
        self._close()
        return status

    def _close(self) -> None:
        self._reader.join()
        self._take_waiting()
        self._output.close()

    def _take_waiting(self) -> None:
        with suppress(queue.Empty):
            while (line := self._lines.get_nowait()) is not None:
                self.said.append(line)
            # The end stays to be seen by whoever waits.
            self._lines.put(None)

    def _read(self) -> None:
        for line in self._output:
            self._lines.put(line)
        self._lines.put(None)
