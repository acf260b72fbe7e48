"""Files with keys, passwords and records are their owner's alone, whatever the umask, and whatever stands there."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import SecretStr

from connector.cli import command_line
from connector.files import PrivateFileError, write_new_private, write_private
from connector.storage.journal.keys import JournalKeys
from connector.vault import Vault
from tests.modes import mode, modes, umask_of

ROOT = Path(__file__).parents[2]
NEW_KEYS: dict[str, Callable[[SecretStr], object]] = {"registry": Vault, "journal": JournalKeys}
PUBLIC = {"tenants.toml", "ccas.toml", "job.json"}
"""What the pages' own shell writes: no secret is in them."""


@pytest.mark.parametrize("write", [write_private, write_new_private])
@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077, 0o277, 0o777])
def test_a_file_is_its_owners_alone_whatever_the_umask(
    write: Callable[[Path, str], None], mask: int, tmp_path: Path
) -> None:
    with umask_of(mask):
        write(tmp_path / "file", "sesame")
    assert (mode(tmp_path / "file"), (tmp_path / "file").read_text("utf-8")) == (0o600, "sesame")


@pytest.mark.parametrize("group", NEW_KEYS)
def test_a_new_key_goes_to_a_file_of_its_own(group: str, tmp_path: Path) -> None:
    path = tmp_path / "key"
    with umask_of(0):
        made = CliRunner().invoke(command_line, [group, "new-key", "--output", str(path)])
    key = path.read_text("utf-8").strip()
    assert (made.exit_code, made.stdout, mode(path)) == (0, "", 0o600)
    assert key not in made.output
    NEW_KEYS[group](SecretStr(key))


@pytest.mark.parametrize("group", NEW_KEYS)
@pytest.mark.parametrize("held", ["the only one", ""])
def test_a_key_is_never_written_over_what_is_there(group: str, held: str, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(held, "utf-8")
    again = CliRunner().invoke(command_line, [group, "new-key", "--output", str(path)])
    assert (again.exit_code, again.stderr) == (
        2,
        f"ccas-connector: {path}: is there already, and stays as it is\n",
    )
    assert path.read_text("utf-8") == held


def test_a_link_is_not_followed_to_a_file_of_somebody_elses_choice(tmp_path: Path) -> None:
    (tmp_path / "key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PrivateFileError, match="is there already"):
        write_new_private(tmp_path / "key", "sesame")
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    made = CliRunner().invoke(command_line, ["registry", "new-key", "--output", str(tmp_path / "no" / "key")])
    assert made.exit_code == 2
    (line,) = made.stderr.splitlines()
    assert line.endswith("cannot be written (No such file or directory)")


def test_half_a_key_is_not_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full: an empty file would pass for a key that is there."""

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PrivateFileError, match="No space left on device"):
        write_new_private(tmp_path / "key", "sesame")
    assert list(tmp_path.iterdir()) == []


def _shell(page: str, containing: str, until: str | None = None) -> str:
    """Return a block of shell of a page, as it is written there, up to a line."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", (ROOT / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)
    block: str
    (block,) = [each for each in blocks if containing in each]
    return block if until is None else block[: block.index(until)]


FIRST_JOB = _shell("README.md", "tenants import tenants.toml\n\n", "ccas-connector topology declare")


@pytest.mark.parametrize(
    ("script", "made"),
    [
        (FIRST_JOB, {"key", "ccas-connector.db"}),
        (
            # Its last line asks the broker.
            FIRST_JOB + _shell("deploy/README.md", "journal new-key --output", "ccas-connector trace"),
            {"key", "ccas-connector.db", "journal.key", "journal.csv"},
        ),
        (
            # RabbitMQ's own command takes the file.
            FIRST_JOB + _shell("deploy/README.md", "ccas-connector vendors definitions", "sudo "),
            {"key", "ccas-connector.db", "rabbitmq-definitions.json", "rabbitmq-passwords.json"},
        ),
        (_shell("deploy/README.md", "control.token", "ccas-connector sandbox"), {"control.token"}),
    ],
    ids=["a first job", "the journal", "the broker's users", "the sandbox"],
)
def test_what_the_pages_commands_write_is_private_even_without_a_umask(
    script: str, made: set[str], tmp_path: Path
) -> None:
    run = subprocess.run(
        ["bash", "-c", f"umask 000\n{script}"],
        cwd=tmp_path,
        env={
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "LANG": "C.UTF-8",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    found = {name: mode for name, mode in modes(tmp_path).items() if name not in PUBLIC}
    assert set(found) == made, run.stdout + run.stderr
    assert set(found.values()) == {0o600}
