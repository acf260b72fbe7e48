"""systemd itself reads the units, and rates what they leave open to whoever takes over their program."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from connector.settings.settings import PREFIX
from tests.deploy import DEPLOY
from tests.servers.install import HOW_TO_GET_SYSTEMD, install_systemd
from tests.units import (
    BEAT,
    PROGRAM,
    SYSTEMD,
    WORKER,
    credentials_of,
    environment_of,
    one_of,
    settings_of,
)

UNITS = (WORKER, BEAT)
README = (DEPLOY / "README.md").read_text("utf-8")
PATH = os.environ["PATH"]
MOST_EXPOSED = 2.5
"""Of ten: systemd calls what is below two well closed, and below five acceptable."""


@pytest.fixture(scope="module", autouse=True)
def _systemd() -> None:
    if not install_systemd(print):
        pytest.fail(HOW_TO_GET_SYSTEMD, pytrace=False)


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The folder of the units, which start the program of this environment."""
    program = Path(sys.executable).parent / "ccas-connector"
    for unit in UNITS:
        text = unit.read_text("utf-8").replace(PROGRAM, str(program))
        (tmp_path / unit.name).write_text(text, "utf-8")
    return tmp_path


def analyze(*arguments: str) -> tuple[int, str]:
    """Return how ``systemd-analyze`` ends, and what it says; it asks no systemd that runs."""
    finished = subprocess.run(["systemd-analyze", *arguments], check=False, capture_output=True, text=True)
    return finished.returncode, finished.stdout + finished.stderr


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_understands_every_line_of_a_unit(unit: Path, units: Path) -> None:
    assert analyze("verify", "--man=no", str(units / unit.name)) == (0, "")


@pytest.mark.parametrize("mistake", ["Restart=allways", "Restarts=always", "SystemCallFilter=setpriorities"])
def test_a_line_that_systemd_does_not_understand_is_noticed(mistake: str, units: Path) -> None:
    unit = units / BEAT.name
    unit.write_text(unit.read_text("utf-8").replace("Restart=always", mistake), "utf-8")
    assert analyze("verify", "--man=no", str(unit)) != (0, "")


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_leaves_little_open(unit: Path, units: Path) -> None:
    status, said = analyze(
        "security", "--offline=true", f"--threshold={MOST_EXPOSED * 10:.0f}", str(units / unit.name)
    )
    assert status == 0, said
    assert exposure(said) < MOST_EXPOSED


def test_a_unit_that_is_not_closed_is_noticed(units: Path) -> None:
    unit = units / BEAT.name
    unit.write_text(re.sub(r"(?m)^(CapabilityBoundingSet|SystemCall\w+)=.*$", "", unit.read_text("utf-8")))
    status, said = analyze("security", "--offline=true", f"--threshold={MOST_EXPOSED * 10:.0f}", str(unit))
    assert status != 0
    assert exposure(said) > MOST_EXPOSED


def test_the_system_call_that_a_worker_may_make_beside_is_one_of_those_refused() -> None:
    """Else the unit's exception would be for nothing, or for what a newer systemd no longer refuses."""
    [beside] = [one for one in settings_of(WORKER)["SystemCallFilter"] if not one.startswith(("@", "~"))]
    status, said = analyze("syscall-filter", "@resources")
    assert status == 0
    assert beside in said.split()


def test_systemd_makes_the_user(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    made = subprocess.run(
        ["systemd-sysusers", f"--root={tmp_path}", "--inline", *_users()],
        check=False,
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr
    assert one_of(WORKER, "User") in (tmp_path / "etc" / "passwd").read_text("utf-8")


def test_the_commands_of_the_page_have_the_settings_of_the_units(tmp_path: Path) -> None:
    """What a root shell is told to read first, with a program in place of the connector that shows what it was given."""
    shell = next(block for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) if "basename" in block)
    lines = shell.split("\ncd ")[0].removeprefix("sudo -s\n").replace("/etc/ccas-connector", str(tmp_path))
    (tmp_path / "connector.env").write_text((SYSTEMD / "connector.env").read_text("utf-8"), "utf-8")
    (tmp_path / "credentials").mkdir()
    secrets = {name: f"{name} = 'a' $b" for name in credentials_of(WORKER)} | {"redis-url": ""}
    for name, secret in secrets.items():
        (tmp_path / "credentials" / name).write_text(f"{secret}\n", "utf-8")
    shown = subprocess.run(
        ["bash", "-euc", f"{lines}\nexec env -0"],
        check=True,
        capture_output=True,
        text=True,
        env={"PATH": PATH},
    ).stdout
    given = dict(line.split("=", 1) for line in shown.rstrip("\0").split("\0"))
    assert {name: text for name, text in given.items() if name.startswith(PREFIX)} == environment_of(
        SYSTEMD / "connector.env"
    ) | {f"{PREFIX}{name.upper().replace('-', '_')}": secret for name, secret in secrets.items()}


def _users() -> list[str]:
    lines = (SYSTEMD / "ccas-connector.sysusers.conf").read_text("utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


def exposure(said: str) -> float:
    """Return the figure that systemd sums a unit up in."""
    found = re.search(r"Overall exposure level for .*: ([0-9.]+)", said)
    assert found is not None, said
    return float(found[1])
