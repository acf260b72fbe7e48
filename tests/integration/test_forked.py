"""A fork is to its caller what a program is that was started by itself."""

import os
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

from connector.demo.deployment import PROGRAM
from connector.demo.program import Program, Start, start_process
from tests.forked.start import run
from tests.forked.start import start_process as start_fork


@pytest.mark.parametrize("arguments", [("checks", "list"), ("checks", "nothing"), ("tenants", "import", "-")])
def test_it_says_and_exits_as_a_program_does(arguments: tuple[str, ...], tmp_path: Path) -> None:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CONNECTOR_")},
        "CONNECTOR_DATABASE_URL": f"sqlite:///{tmp_path / 'registry.db'}",
    }
    fork = run([*PROGRAM, *arguments], environment, "[tenants]\n")
    alone = subprocess.run(
        [*PROGRAM, *arguments],
        env=environment,
        input="[tenants]\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (fork.returncode, fork.stdout, fork.stderr) == (alone.returncode, alone.stdout, alone.stderr)


@pytest.mark.parametrize("start", [start_process, start_fork])
def test_its_end_by_a_signal_is_told(start: Start) -> None:
    with tempfile.TemporaryFile() as said:
        process = start([*PROGRAM, "sandbox", "--port", "0"], os.environ, said.fileno(), said.fileno())
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01)
        process.kill()
        assert process.wait() == process.wait() == -signal.SIGKILL
        process.kill()


def test_each_has_its_own_output_while_others_run() -> None:
    with (
        Program([*PROGRAM, "sandbox", "--port", "0"], os.environ, start_fork) as first,
        Program([*PROGRAM, "sandbox", "--port", "0"], os.environ, start_fork) as second,
    ):
        lines = {program.wait_for("sandbox ready on ") for program in (first, second)}
        assert len(lines) == 2
        assert first.stop() == 0
        assert second.pid != first.pid
    assert not [line for line in second.said if line in first.said]
