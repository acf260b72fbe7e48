"""Getting RabbitMQ on a Debian or Ubuntu machine where it is missing."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from connector.demo.node import rabbitmq_server

HOW_TO_GET_RABBITMQ: Final = (
    "RabbitMQ n'est pas installé. Debian, Ubuntu : sudo apt-get install rabbitmq-server ; ailleurs : "
    "https://www.rabbitmq.com/docs/download"
)
"""For who sets up a workbench, in French."""
HOW_TO_GET_ONE: Final = (
    "RabbitMQ is needed, and is not here.\n"
    "Install it, for example with: sudo apt-get install rabbitmq-server\n"
    "or name a broker of yours: CONNECTOR_BROKER_URL=amqp://user:password@host:5672//"
)
_PACKAGES: Final = ("rabbitmq-server", "amqp-tools")


def install_rabbitmq(say: Callable[[str], None]) -> bool:
    """Install Debian's packages where they are missing and apt may be used; tell whether RabbitMQ is here.

    ``amqp-tools`` brings ``amqp-publish``, a vendor's simplest client.
    """
    if rabbitmq_server() is not None and shutil.which("amqp-publish") is not None:
        return True
    install_packages(_PACKAGES, say)
    return rabbitmq_server() is not None


def install_packages(packages: Sequence[str], say: Callable[[str], None]) -> None:
    """Install Debian packages where apt may be used. Whether they are there afterwards is for the caller to see."""
    command = _apt()
    if command is None:
        return
    say(f"installing {', '.join(packages)} with apt-get …")
    with _one_at_a_time():
        for arguments in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
            subprocess.run(  # noqa: S603 - apt's own program, with arguments of ours
                [*command, *arguments],
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            )


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Wait for another process that installs: apt refuses two."""
    folder = os.open(Path(__file__).parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _apt() -> list[str] | None:
    apt = shutil.which("apt-get")
    if apt is None:
        return None
    if os.geteuid() == 0:
        return [apt]
    sudo = shutil.which("sudo")
    if sudo is None:
        return None
    asked = subprocess.run([sudo, "--non-interactive", "true"], check=False, capture_output=True)  # noqa: S603 - asks whether sudo asks
    return [sudo, "--non-interactive", apt] if asked.returncode == 0 else None
