"""The folder of a workbench: what stays from one start to the next, so that a vendor's settings stay valid.

The authority, the passwords and the port stay; the queues, the registry and what was answered are new at each start.
"""

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from connector.clock import utc_now
from connector.demo.authority import ServerFiles, make_server_files
from connector.demo.connection_file import ConnectionFileError, read_connection
from connector.demo.private import free_ports
from connector.errors import OperatorError

AMQPS_PORT: Final = 5671
"""IANA's for AMQP over TLS."""
_LOCK: Final = ".verrou"
_MODE: Final = 0o700


class WorkbenchError(OperatorError):
    """A workbench cannot be set up there; the message, in French, says why and what to do."""


@contextmanager
def opened(folder: Path) -> Iterator[Path]:
    """Give the folder's absolute path, made if need be and held against another workbench. Raises ``WorkbenchError``."""
    path = folder.absolute()
    if "#" in str(path):
        raise WorkbenchError(
            f"{path} : RabbitMQ ne lit pas un chemin où il y a « # » ; choisir un autre dossier avec --folder"
        )
    try:
        path.mkdir(mode=_MODE, parents=True, exist_ok=True)
        if not (path / _LOCK).exists() and any(path.iterdir()):
            raise WorkbenchError(
                f"{path} : contient autre chose qu'un bac à sable ; choisir un dossier vide ou nouveau avec --folder"
            )
        lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise WorkbenchError(
            f"{path} : inutilisable ({error.strerror}) ; en choisir un autre avec --folder"
        ) from None
    try:
        _hold(path, lock)
        path.chmod(_MODE)
        # As virtual environments do: what is here is for this machine alone.
        (path / ".gitignore").write_text("*\n", "utf-8")
        yield path
    finally:
        os.close(lock)


def _hold(path: Path, lock: int) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        pid = os.pread(lock, 16, 0).decode("ascii", "replace").strip() or "inconnu"
        raise WorkbenchError(
            f"{path} : un bac à sable y tourne déjà (processus {pid}) ; s'en servir, l'arrêter avec Ctrl-C, ou en "
            "choisir un autre avec --folder"
        ) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)


def server_files(folder: Path) -> tuple[ServerFiles, bool]:
    """Return the certificates of the folder, and whether they were made now. Raises ``PrivateFileError``."""
    files = ServerFiles.within(folder)
    if files.serve(utc_now()):
        return files, False
    return make_server_files(folder), True


def chosen_port(folder: Path, wanted: int | None) -> int:
    """Return the port to listen on: the one that is ``wanted``, else the one before, else AMQPS's own if it is free.

    ``wanted`` 0 is any that is free. Raises ``WorkbenchError`` where the one to take is not.
    """
    former = _former_port(folder)
    if wanted == 0 or (wanted is None and former is None and not _is_free(AMQPS_PORT)):
        return free_ports(1)[0]
    port = wanted or former or AMQPS_PORT
    if not _is_free(port):
        raise WorkbenchError(
            f"le port {port} de 127.0.0.1 est pris, ou réservé ; en choisir un autre avec --port, ou un libre avec --port 0"
        )
    return port


def _former_port(folder: Path) -> int | None:
    try:
        return read_connection(folder / "connection.json").port
    except ConnectionFileError:
        return None


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def passwords_of(folder: Path) -> dict[str, str]:
    """Return the passwords by user that ``vendors definitions`` has written."""
    read: dict[str, str] = json.loads((folder / "passwords.json").read_text("utf-8"))
    return read
