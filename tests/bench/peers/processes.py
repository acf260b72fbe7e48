"""CPU and memory of processes and of those that they have started, as Linux counts them; and how to stop them for a while."""

import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")
_PROC: Final = Path("/proc")
_STOPPED: Final = ("T", "Z")
_POLL_SECONDS: Final = 0.005


def family(pids: Sequence[int]) -> list[int]:
    """Return processes and all that descend from them."""
    found = list(pids)
    for pid in found:
        for thread in (_PROC / str(pid) / "task").glob("*/children"):
            with suppress(FileNotFoundError, ProcessLookupError):
                found += [int(child) for child in thread.read_text("ascii").split()]
    return found


def cpu_seconds(pids: Sequence[int]) -> float:
    """Return what processes and their descendants have used so far, user and system."""
    ticks = 0
    for pid in family(pids):
        fields = _fields(pid)
        ticks += int(fields[11]) + int(fields[12])
    return ticks / _TICKS_PER_SECOND


def _fields(pid: int) -> list[str]:
    """Return what Linux tells of a process, from its state on."""
    return (_PROC / str(pid) / "stat").read_text("ascii").rpartition(")")[2].split()


def rss_mib(pids: Sequence[int]) -> float:
    """Return the memory that processes and their descendants hold now, not at their peak."""
    kib = 0
    for pid in family(pids):
        lines = (_PROC / str(pid) / "status").read_text("ascii").splitlines()
        kib += int(next(line for line in lines if line.startswith("VmRSS")).split()[1])
    return kib / 1024


class Others:
    """What the machine does beside this process and its descendants: it takes from what is measured."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._used = self._now()

    def cores(self) -> float:
        """Return how many cores others have used on average since this was made; a hypervisor is one of them."""
        return max(0.0, (self._now() - self._used) / (time.monotonic() - self._begun))

    @staticmethod
    def _now() -> float:
        """Return the seconds that others have used so far."""
        user, nice, system, _idle, _waiting, *rest = map(int, _first_line("stat")[1:9])
        return (user + nice + system + sum(rest)) / _TICKS_PER_SECOND - own_seconds()


def own_seconds() -> float:
    """Return what this process and its descendants have used so far, those that have ended included."""
    ticks = 0
    for pid in family([os.getpid()]):
        with suppress(FileNotFoundError):
            ticks += sum(map(int, _fields(pid)[11:15]))
    return ticks / _TICKS_PER_SECOND


def _first_line(name: str) -> list[str]:
    with (_PROC / name).open(encoding="ascii") as file:
        return file.readline().split()


@contextmanager
def stopped(pids: Sequence[int]) -> Iterator[None]:
    """Have processes do nothing meanwhile, so that what is prepared for them is not begun."""
    members = family(pids)
    try:
        for pid in members:
            os.kill(pid, signal.SIGSTOP)
        while not all(_fields(pid)[0] in _STOPPED for pid in members):
            time.sleep(_POLL_SECONDS)
        yield
    finally:
        for pid in members:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def end(pids: Sequence[int]) -> None:
    """End processes and their descendants at once: what they have in hand is nobody's concern."""
    for pid in family(pids):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
