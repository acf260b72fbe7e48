"""Getting RabbitMQ, and the other servers that the suite needs, on a Debian or Ubuntu machine where they are missing."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from connector.demo.node import rabbitmq_server
from connector.demo.postgres_node import postgresql_programs
from connector.demo.redis_node import redis_server

HOW_TO_GET_ONE: Final = (
    "RabbitMQ is needed, and is not here.\n"
    "Install it, for example with: sudo apt-get install rabbitmq-server\n"
    "or name a broker of yours: CONNECTOR_BROKER_URL=amqp://user:password@host:5672//"
)
HOW_TO_GET_REDIS: Final = "Redis is needed, and is not here: sudo apt-get install redis-server"
HOW_TO_GET_POSTGRESQL: Final = "PostgreSQL is needed, and is not here: sudo apt-get install postgresql"
HOW_TO_GET_PROMTOOL: Final = "promtool is needed, and is not here: sudo apt-get install prometheus"
_PACKAGES: Final = ("rabbitmq-server", "amqp-tools")


def install_rabbitmq(say: Callable[[str], None]) -> bool:
    """Install Debian's packages where they are missing and apt may be used; tell whether RabbitMQ is here.

    ``amqp-tools`` brings ``amqp-publish``, a vendor's simplest client.
    """
    if rabbitmq_server() is not None and shutil.which("amqp-publish") is not None:
        return True
    install_packages(_PACKAGES, say)
    return rabbitmq_server() is not None


def install_redis(say: Callable[[str], None]) -> bool:
    """Install Debian's package where neither Redis nor Valkey is here; tell whether one is."""
    if redis_server() is None:
        install_packages(["redis-server"], say)
    return redis_server() is not None


def install_postgresql(say: Callable[[str], None]) -> bool:
    """Install Debian's package where PostgreSQL is missing; tell whether it is here.

    Debian makes a cluster of its own then, on port 5432, of which nothing here makes use.
    """
    if postgresql_programs() is None:
        install_packages(["postgresql"], say)
    return postgresql_programs() is not None


def install_promtool(say: Callable[[str], None]) -> bool:
    """Install Debian's package where Prometheus's ``promtool`` is missing; tell whether it is here.

    Where Debian runs services, it starts a Prometheus then, on port 9090, of which nothing here makes use.
    """
    if shutil.which("promtool") is None:
        install_packages(["prometheus"], say)
    return shutil.which("promtool") is not None


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
