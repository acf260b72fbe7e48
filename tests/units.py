"""The units of systemd and their settings files, read for the tests."""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from connector.jobs.records import Lane
from tests.deploy import DEPLOY

SYSTEMD: Final = DEPLOY / "systemd"
WORKER: Final = SYSTEMD / "ccas-connector-worker@.service"
BEAT: Final = SYSTEMD / "ccas-connector-beat.service"
PROGRAM: Final = "/opt/ccas-connector/bin/ccas-connector"
"""Where deploy/README.md installs it."""


def settings_of(file: Path) -> dict[str, list[str]]:
    """Return what a unit sets, in its order: a name may be given several times."""
    found: dict[str, list[str]] = {}
    for line in file.read_text("utf-8").splitlines():
        if (match := re.fullmatch(r"([A-Za-z]+)=(.*)", line)) is not None:
            found.setdefault(match[1], []).append(match[2])
    return found


def one_of(file: Path, name: str) -> str:
    """Return what a unit sets once."""
    [value] = settings_of(file)[name]
    return value


def environment_of(file: Path) -> dict[str, str]:
    """Return the variables that a settings file gives, without those that are commented out."""
    lines = (line for line in file.read_text("utf-8").splitlines() if line and not line.startswith("#"))
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


def lane_environment(lane: Lane) -> dict[str, str]:
    """Return what the settings file of one lane's worker gives."""
    return environment_of(SYSTEMD / f"worker-{lane}.env")


def words_of(file: Path, lane: Lane, environment: Mapping[str, str]) -> list[str]:
    """Return the words that systemd starts a unit's program with, after the program itself."""
    program, *words = shlex.split(one_of(file, "ExecStart"))
    assert program == PROGRAM
    filled = [word.replace("%i", lane) for word in words]
    return [re.sub(r"\$\{(\w+)\}", lambda name: environment[name[1]], word) for word in filled]


def credentials_of(file: Path) -> dict[str, str]:
    """Return the file of each credential of a unit, by its name."""
    return dict(one.split(":", 1) for one in settings_of(file)["LoadCredential"])


def optional_credentials_of(file: Path) -> dict[str, str]:
    """Return what takes the place of each credential of a unit whose file may be missing."""
    defaults = dict(one.split(":", 1) for one in settings_of(file)["SetCredential"])
    return {name: text.encode().decode("unicode_escape") for name, text in defaults.items()}
