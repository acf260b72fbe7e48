"""RabbitMQ 4 of a later Debian on a machine with Debian 12: in a folder of its own, from Debian's packages, for the suite.

    python -m tests.servers.rabbitmq4 /var/tmp/rabbitmq4
    RABBITMQ_PROGRAMS=/var/tmp/rabbitmq4/programs make test

Needs root: it changes the root folder of the broker's programs. /proc, /dev and /tmp are those of this machine.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from connector.demo.install import install_packages

_SUITE: Final = "trixie"
"""Debian 13, which has RabbitMQ 4.0; the Debian that is being made has 4.3."""
_PROGRAMS: Final = ("rabbitmq-server", "rabbitmqctl")
_SHARED: Final = ("proc", "dev", "tmp")
_WITHIN: Final = "/usr/lib/rabbitmq/bin"
_SHIM: Final = '#!/bin/sh\ncd /\nexec chroot {root} {program} "$@"\n'


def make(folder: Path, suite: str) -> Path:
    """Install the broker of a Debian into a folder, unless it is there; return the folder of its programs. Raises ``CalledProcessError``."""
    root = folder / "root"
    if not (root / _WITHIN.lstrip("/")).is_dir():
        if shutil.which("debootstrap") is None:
            install_packages(["debootstrap"], _say)
        folder.mkdir(parents=True, exist_ok=True)
        options = ("--variant=minbase", "--include=rabbitmq-server")
        _run("debootstrap", *options, suite, str(root))
    # Without it, "localhost" has no address there.
    shutil.copy("/etc/hosts", root / "etc/hosts")
    # ``os.path.ismount`` does not see a folder that is mounted from the same file system.
    mounted = {line.split()[1] for line in Path("/proc/mounts").read_text("utf-8").splitlines()}
    for name in _SHARED:
        if str(root / name) not in mounted:
            _run("mount", "--bind", f"/{name}", str(root / name))
    programs = folder / "programs"
    programs.mkdir(exist_ok=True)
    for name in _PROGRAMS:
        shim = programs / name
        shim.write_text(_SHIM.format(root=root, program=f"{_WITHIN}/{name}"), "utf-8")
        shim.chmod(0o755)
    return programs


def _run(*command: str) -> None:
    _say(" ".join(command))
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def main() -> None:
    """Install it, and say how the suite uses it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="where it is to live; 600 MB")
    parser.add_argument("--suite", default=_SUITE, help="the Debian whose packages are taken: trixie, sid, …")
    options = parser.parse_args()
    programs = make(options.folder.resolve(), options.suite)
    sys.stdout.write(f"RABBITMQ_PROGRAMS={programs}\n")


if __name__ == "__main__":
    main()
