"""Programs that take long: started, followed in a log, and ended with whoever started them."""

import os
import shutil
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from connector.demo.install import install_packages

_NEEDED: Final = ("debootstrap", "buildah")
_END_SECONDS: Final = 30.0
_LAST_LINES: Final = 25


class ImageError(Exception):
    """The image cannot be made, or is not what it must be; the message says what to do."""


def require_tools(say: Callable[[str], None]) -> None:
    """Install the programs that are missing. Raises ``ImageError`` where that cannot be."""
    if os.geteuid() != 0:
        raise ImageError(
            "Root is needed, to mount and to change the root folder: sudo .venv/bin/python -m tests.image"
        )
    missing = [name for name in _NEEDED if shutil.which(name) is None]
    if missing:
        install_packages(missing, say)
    if still := [name for name in _NEEDED if shutil.which(name) is None]:
        names = " ".join(still)
        raise ImageError(
            f"Not here, and apt-get did not bring it: {names}. On Debian or Ubuntu: apt-get update && apt-get install "
            f"{names}. Elsewhere, build with Docker: see deploy/README.md"
        )


def run(command: Sequence[str], log: Path) -> None:
    """Run a program, its output added to a log. Raises ``ImageError`` with its last lines."""
    with log.open("ab") as output:
        # A group of its own: buildah and debootstrap start others, which are to end too.
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            status = process.wait()
        except BaseException:
            end(process)
            raise
    if status != 0:
        with log.open(encoding="utf-8", errors="replace") as lines:
            last = "".join(deque(lines, _LAST_LINES))
        raise ImageError(f"{command[0]} ended with {status}; all of it is in {log}:\n{last}")


def output_of(command: Sequence[str]) -> str:
    """Return what a short program prints. Raises ``ImageError``."""
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    if ended.returncode != 0:
        raise ImageError(f"{' '.join(command)} ended with {ended.returncode}: {ended.stderr.strip()}")
    return ended.stdout.strip()


def end(process: subprocess.Popen[bytes]) -> None:
    """End a program and those that it started."""
    for signum in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, signum)
            process.wait(_END_SECONDS)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
    process.wait()


def remove(folder: Path) -> None:
    """Remove a folder, after what is mounted within it."""
    within = f"{folder.resolve()}/"
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text("utf-8").splitlines()]
    for mounted in sorted((each for each in mounts if each.startswith(within)), reverse=True):
        output_of(["umount", mounted])
    shutil.rmtree(folder, ignore_errors=True)
