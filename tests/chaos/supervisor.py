"""What starts a worker again when it has crashed, as a service manager does, and nothing else."""

import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from connector.demo.program import Process
from tests.forked.start import start_process

WORKER: Final = (sys.executable, "-m", "tests.chaos.worker")
_STOP_SECONDS: Final = 90.0


class Supervisor:
    """Runs one worker at a time, from when it is entered until it is left.

    Each life of the worker has the next of ``lives`` as its options, the last one for ever. A worker that ended by
    a signal has crashed, and is started again; one that ended by itself is not, unless ``is_revived``.
    """

    def __init__(
        self,
        lives: Sequence[Sequence[str]],
        environment: Mapping[str, str],
        log: Path,
        *,
        is_revived: bool = False,
    ) -> None:
        self._is_revived = is_revived
        self._lives = [tuple(life) for life in lives] or [()]
        self._environment = dict(environment)
        self._log = log
        self._process: Process | None = None
        self._stopping = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self.crashes = 0
        """Lives that ended by a signal that was not the supervisor's."""

    def __enter__(self) -> Self:
        self._start()
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        with self._changed:
            self._stopping = True
            process = self._process
        if process is not None:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
        self._thread.join()

    @property
    def pid(self) -> int:
        """The process of the life that is running, or ran last."""
        if self._process is None:
            raise RuntimeError("the supervisor was not entered")
        return self._process.pid

    def kill(self) -> None:
        """End the worker as a power cut would."""
        if self._process is not None:
            self._process.kill()

    def ask_to_stop(self) -> None:
        """Ask the worker to end (SIGTERM), and start another once it has: a deployment."""
        with self._changed:
            before = self._process
            if before is not None:
                before.terminate()
            self._changed.wait_for(lambda: self._process is not before, _STOP_SECONDS)

    def wait_for_crashes(self, count: int, timeout_seconds: float = 120.0) -> None:
        """Return once the worker has crashed so often. Raises ``TimeoutError``."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.crashes >= count, timeout_seconds):
                raise TimeoutError(f"{self.crashes} of {count} crashes; see {self._log}")

    def _start(self) -> None:
        options = self._lives.pop(0) if len(self._lives) > 1 else self._lives[0]
        with self._log.open("ab") as log:
            self._process = start_process([*WORKER, *options], self._environment, log.fileno(), log.fileno())

    def _watch(self) -> None:
        while self._process is not None:
            status = self._process.wait()
            with self._changed:
                self.crashes += status < 0
                if self._stopping or (status > 0 and not self._is_revived):
                    self._changed.notify_all()
                    return
                self._start()
                self._changed.notify_all()
