"""Getting the servers that the suite needs beside RabbitMQ, on a Debian or Ubuntu machine where they are missing."""

import shutil
from collections.abc import Callable
from typing import Final

from connector.demo.install import install_packages
from tests.servers.postgres_node import postgresql_programs
from tests.servers.redis_node import redis_server

HOW_TO_GET_REDIS: Final = "Redis is needed, and is not here: sudo apt-get install redis-server"
HOW_TO_GET_POSTGRESQL: Final = "PostgreSQL is needed, and is not here: sudo apt-get install postgresql"
HOW_TO_GET_PGBOUNCER: Final = "PgBouncer is needed, and is not here: sudo apt-get install pgbouncer"
HOW_TO_GET_TINYPROXY: Final = "Tinyproxy is needed, and is not here: sudo apt-get install tinyproxy"
HOW_TO_GET_PROMTOOL: Final = "promtool is needed, and is not here: sudo apt-get install prometheus"
HOW_TO_GET_SYSTEMD: Final = "systemd-analyze is needed, and is not here: sudo apt-get install systemd"


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


def install_pgbouncer(say: Callable[[str], None]) -> bool:
    """Install Debian's package where PgBouncer is missing; tell whether it is here.

    Where Debian runs services, it starts one then, on port 6432, of which nothing here makes use.
    """
    if shutil.which("pgbouncer") is None:
        install_packages(["pgbouncer"], say)
    return shutil.which("pgbouncer") is not None


def install_tinyproxy(say: Callable[[str], None]) -> bool:
    """Install Debian's package where Tinyproxy is missing; tell whether it is here.

    Where Debian runs services, it starts one then, on port 8888, of which nothing here makes use.
    """
    if shutil.which("tinyproxy") is None:
        install_packages(["tinyproxy"], say)
    return shutil.which("tinyproxy") is not None


def install_promtool(say: Callable[[str], None]) -> bool:
    """Install Debian's package where Prometheus's ``promtool`` is missing; tell whether it is here.

    Where Debian runs services, it starts a Prometheus then, on port 9090, of which nothing here makes use.
    """
    if shutil.which("promtool") is None:
        install_packages(["prometheus"], say)
    return shutil.which("promtool") is not None


def install_systemd(say: Callable[[str], None]) -> bool:
    """Install Debian's package where ``systemd-analyze`` is missing, as in a container; tell whether it is here.

    It reads unit files where no systemd runs.
    """
    if shutil.which("systemd-analyze") is None:
        install_packages(["systemd"], say)
    return shutil.which("systemd-analyze") is not None
