"""A worker that writes down the trip of its second job: the first one warms caches up.

Run as ``python -m tests.trip.worker FILE`` with the settings of any worker. FILE gets the names of modules, one a line, in
the order in which the job goes from one to another: down into what is called, and back up before the next call.
"""

import os
import sys
from pathlib import Path
from types import FrameType
from typing import Any, Final

from connector.bootstrap.worker import build_services
from connector.jobs.records import Lane
from connector.settings.settings import load_settings
from connector.sources.transport import http_transport
from connector.telemetry.logs import configure_logs
from workers.app import Work, make_app, start_worker

OURS: Final = ("connector.", "schemas.", "workers.")
_BEGINS: Final = ("workers.consumer", "_on_message")
_ENDS: Final = ("acknowledge",)
_JOB: Final = 2


class Trip:
    """Traces the calls of functions of ours, from when a job is delivered until its acknowledgement."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._deliveries = 0
        self._ended: set[FrameType] = set()
        self._before: set[FrameType] = set()
        """Of the former job, which is acknowledged after its reply, hence maybe during this one."""
        self._is_recording = False
        self._entered: list[FrameType] = []
        """Kept alive, so that a coroutine that goes on is told from another call."""
        self._modules: list[str] = []

    def trace(self, frame: FrameType, event: str, _argument: Any) -> None:
        """Take one event of ``sys.settrace``."""
        module = frame.f_globals.get("__name__", "")
        if event != "call" or not module.startswith(OURS) or frame.f_code.co_filename.startswith("<"):
            return
        name = frame.f_code.co_name
        if (module, name) == _BEGINS:
            self._deliveries += 1
            self._is_recording = self._deliveries == _JOB
        if name in _ENDS:
            self._ended.add(frame)
        if self._deliveries == _JOB - 1:
            self._before.add(frame)
        if not self._is_recording or frame in self._before or any(frame is each for each in self._entered):
            return
        self._entered.append(frame)
        self._modules += [*self._caller_of(frame), module]
        if len(self._ended) == _JOB:
            self._is_recording = False
            self._file.write_text("\n".join(self._modules) + "\n", "utf-8")

    def _caller_of(self, frame: FrameType) -> list[str]:
        caller = frame.f_back
        while caller is not None:
            module = caller.f_globals.get("__name__", "")
            if module.startswith(OURS):
                return [module]
            caller = caller.f_back
        return []


def main() -> int:
    """Run the worker until it is told to stop."""
    settings = load_settings(os.environ)
    configure_logs(settings.log_format, "INFO")
    services = build_services(settings, http_transport(), 1)
    work = Work(lanes=(Lane.INTERACTIVE,), concurrency=1, services=services)
    sys.settrace(Trip(Path(sys.argv[1])).trace)
    return start_worker(make_app(settings, work), "trip@localhost")


if __name__ == "__main__":
    sys.exit(main())
