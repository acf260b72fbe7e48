"""A private PostgreSQL server."""

import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import psycopg

from connector.demo.authority import ServerFiles
from connector.demo.private import NodeError, PrivateServer

_VERSIONS: Final = Path("/usr/lib/postgresql")
_DEBIANS_USER: Final = "postgres"
_ADMINISTRATOR: Final = "ccas"
# As a server in France has them: its order of texts is not that of their bytes, and its time is not UTC.
_COLLATION: Final = "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'fr'"
_KNOWS_ICU: Final = 150_000
_TIMEZONE: Final = "Europe/Paris"


def postgresql_programs() -> Path | None:
    """Return the folder of ``initdb``, ``postgres`` and ``pg_dump``, or None when PostgreSQL is not installed."""
    # Debian keeps each major version's programs apart, and out of PATH.
    versions = sorted(_VERSIONS.glob("*/bin/initdb"), key=_major)
    found = versions[-1] if versions else shutil.which("initdb")
    return Path(found).parent if found else None


def _major(initdb: Path) -> float:
    version = initdb.parents[1].name
    return float(version) if re.fullmatch(r"[0-9]+(\.[0-9]+)?", version) else 0.0


class PostgresNode(PrivateServer):
    """A private PostgreSQL server, with one administrator, whose password nobody else has."""

    product = "PostgreSQL"
    stop_signal = signal.SIGINT
    """Its fast shutdown: on SIGTERM it would wait for its clients to leave."""
    kill_signal = signal.SIGQUIT
    """Its immediate shutdown, after which it recovers as from a crash: a SIGKILL would leave its children behind."""

    def __init__(self, password: str | None = None, *, tls: ServerFiles | None = None) -> None:
        """``password`` is the administrator's; None: one of its own. With ``tls`` it speaks that too."""
        programs = postgresql_programs()
        if programs is None:
            raise NodeError("postgresql is not installed")
        # It refuses to run as root.
        if os.geteuid() == 0:
            self.user = _unprivileged_user()
        super().__init__()
        self._programs = programs
        self._tls = tls
        self.password = password or secrets.token_urlsafe()

    def url(self, database: str = "postgres") -> str:
        """Return the address of a database, its password included."""
        return f"postgresql://{_ADMINISTRATOR}:{self.password}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str, *, folder: Path | None = None) -> str:
        """Create a database, empty, and return its address; in ``folder``, where it is to lie elsewhere. Raises ``psycopg.Error``."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            if folder is not None:
                tablespace = psycopg.sql.Identifier(name)
                connection.execute(
                    psycopg.sql.SQL("CREATE TABLESPACE {} LOCATION {}").format(tablespace, str(folder))
                )
            collation = _COLLATION if connection.info.server_version >= _KNOWS_ICU else ""
            elsewhere = "" if folder is None else "TABLESPACE {0}"
            creating = psycopg.sql.SQL(f"CREATE DATABASE {{0}} {collation} {elsewhere}")
            connection.execute(creating.format(psycopg.sql.Identifier(name)))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is connected to it. Raises ``psycopg.Error``."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(
                psycopg.sql.SQL("DROP DATABASE {} WITH (FORCE)").format(psycopg.sql.Identifier(name))
            )

    def dump(self, database: str) -> str:
        """Return what ``pg_dump`` writes of a database. Raises ``NodeError``."""
        return self._run(
            "pg_dump",
            "--host=127.0.0.1",
            f"--port={self.port}",
            f"--username={_ADMINISTRATOR}",
            f"--dbname={database}",
        )

    def _prepare(self) -> None:
        password = self._folder / "password"
        password.write_text(self.password, "utf-8")
        if self.user is not None:
            for path in (self._folder, password):
                shutil.chown(path, self.user, self.user)
        if self._tls is not None:
            self._take(self._tls)
        self._run(
            "initdb",
            f"--pgdata={self._folder / 'data'}",
            f"--username={_ADMINISTRATOR}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
        )

    def _take(self, files: ServerFiles) -> None:
        """Copy the files: it reads a key that is its user's alone."""
        own = ServerFiles.within(self._folder)
        for source, copy in ((files.certificate, own.certificate), (files.key, own.key)):
            shutil.copy(source, copy)
            copy.chmod(0o600)
            if self.user is not None:
                shutil.chown(copy, self.user, self.user)

    def _run(self, program: str, *arguments: str) -> str:
        finished = subprocess.run(
            [self._programs / program, *arguments],
            env=dict(self._environment()),
            cwd=self._folder,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            user=self.user,
            group=self.user,
            extra_groups=[] if self.user else None,
        )
        if finished.returncode != 0:
            raise NodeError(f"{program} exited with {finished.returncode}: {finished.stderr.strip()}")
        return finished.stdout

    def _environment(self) -> Mapping[str, str]:
        # A PGDATA or PGHOST of the operator's own is about another server.
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("PG")},
            "HOME": str(self._folder),
            # Not among the arguments, which every user of the machine can list.
            "PGPASSWORD": self.password,
        }

    def _command(self) -> Sequence[str | Path]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self._folder),
            # It need not outlive this machine.
            "fsync": "off",
            "timezone": _TIMEZONE,
        }
        if self._tls is not None:
            own = ServerFiles.within(self._folder)
            settings |= {"ssl": "on", "ssl_cert_file": str(own.certificate), "ssl_key_file": str(own.key)}
        options = (word for name, value in settings.items() for word in ("-c", f"{name}={value}"))
        return [self._programs / "postgres", "-D", str(self._folder / "data"), *options]

    def _takes_connections(self) -> bool:
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


class StandbyNode(PostgresNode):
    """A server that follows another one, until it is promoted."""

    def __init__(self, primary: PostgresNode) -> None:
        super().__init__(primary.password)
        self._primary = primary

    def promote(self) -> None:
        """Have it take changes. Raises ``psycopg.Error``."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute("SELECT pg_promote()")

    def _prepare(self) -> None:
        if self.user is not None:
            shutil.chown(self._folder, self.user, self.user)
        self._run(
            "pg_basebackup",
            f"--pgdata={self._folder / 'data'}",
            "--host=127.0.0.1",
            f"--port={self._primary.port}",
            f"--username={_ADMINISTRATOR}",
            "--write-recovery-conf",
            "--checkpoint=fast",
            "--no-sync",
        )


def _unprivileged_user() -> str:
    try:
        return pwd.getpwnam(_DEBIANS_USER).pw_name
    except KeyError:
        raise NodeError(
            f"PostgreSQL does not run as root, and there is no user {_DEBIANS_USER}: run this as another user"
        ) from None
