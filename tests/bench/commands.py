"""CPU that a command takes, from its start to its end, beside an interpreter that does nothing."""

import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

from connector.demo.deployment import PROGRAM, Deployment
from connector.demo.node import RabbitNode

COMMANDS: Final[Mapping[str, Sequence[str]]] = {
    "--help": ("--help",),
    "checks list": ("checks", "list"),
    "tenants list": ("tenants", "list"),
    "health": ("health",),
    "trace": ("trace", "of-no-job"),
}


def commands(repeats: int) -> dict[str, Any]:
    """Return the median of each command's CPU seconds, user and system, on a broker and a registry of two tenants."""
    with RabbitNode() as node, Deployment(node.url()) as deployment:
        deployment.command("topology", "declare")
        nothing = _median((sys.executable, "-c", ""), deployment.environment, repeats)
        taken = {
            name: _median((*PROGRAM, *arguments), deployment.environment, repeats)
            for name, arguments in COMMANDS.items()
        }
    return {
        "interpreter_cpu_seconds": nothing,
        "cpu_seconds": taken,
        "times_an_interpreter": {name: round(seconds / nothing, 1) for name, seconds in taken.items()},
    }


def _median(command: Sequence[str], environment: Mapping[str, str], repeats: int) -> float:
    kept = {name: value for name, value in environment.items() if name != "PYTHONDONTWRITEBYTECODE"}
    _cpu_seconds(command, kept)
    return round(statistics.median(_cpu_seconds(command, kept) for _ in range(repeats)), 3)


def _cpu_seconds(command: Sequence[str], environment: Mapping[str, str]) -> float:
    process = subprocess.Popen(
        command, env=dict(environment), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return _total(usage)


def _total(usage: resource.struct_rusage) -> float:
    return usage.ru_utime + usage.ru_stime
