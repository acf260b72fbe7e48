"""CPU and memory are those of a process and of all that descend from it; a stopped one does nothing."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.peers.processes import cpu_seconds, family, own_seconds, rss_mib, stopped

_USED_SECONDS = 0.05
_CHILD = f"""import time
while time.process_time() < {_USED_SECONDS}: pass
print('ready', flush=True)
time.sleep(600)"""
_PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {_CHILD!r}])"


@pytest.fixture
def parent() -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", _PARENT], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        members = family([process.pid])
        yield process.pid
        for pid in reversed(members):
            subprocess.run(["kill", "-KILL", str(pid)], check=False)


def test_a_family_is_a_process_and_its_descendants(parent: int) -> None:
    first, child = family([parent])
    assert first == parent
    assert family([child]) == [child]
    assert rss_mib([parent]) > rss_mib([child]) > 1
    # Linux counts hundredths.
    assert cpu_seconds([parent]) >= cpu_seconds([child]) >= _USED_SECONDS - 0.02


def test_stopped_processes_go_on_afterwards(parent: int) -> None:
    def states() -> set[str]:
        return {
            Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] for pid in family([parent])
        }

    with stopped([parent]):
        assert states() == {"T"}
    assert "T" not in states()


def test_what_a_child_has_used_is_counted_after_its_end() -> None:
    burn = f"import time\nwhile time.process_time() < {4 * _USED_SECONDS}: pass"
    before = own_seconds()
    subprocess.run([sys.executable, "-c", burn], check=True)
    assert own_seconds() - before >= 3 * _USED_SECONDS
