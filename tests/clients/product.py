"""A vendor's product under test: its database, the program that publishes and the one that reads."""

import json
import os
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, Self

from connector.demo.program import Program
from tests.clients.languages import LANGUAGES, PROGRAMS

VENDOR: Final = "millesime"
_WAIT_SECONDS: Final = 180.0
"""Longer than any back-off of a program, with a machine beside it that is busy."""
_PREFIX_LENGTH: Final = max(len(language.name) for language in LANGUAGES)
_WAIT_AFTER_FAILURE_SECONDS: Final = 15.0
"""For a program that has failed already: the others' situations are not to wait for it."""


class Product:
    """One vendor's program in one language. It has a database, a folder and a reply queue of its own."""

    def __init__(
        self,
        language: str,
        command: Sequence[str],
        folder: Path,
        settings: Mapping[str, str],
        publish_url: str,
    ) -> None:
        """``settings`` are those of the program; ``publish_url`` is where it publishes, and may be a proxy's."""
        self.language = language
        self.prefix = language.ljust(_PREFIX_LENGTH, ".")
        """Of its jobs' ids: as long in every language, so that a long id is as long in each."""
        self.queue = f"replies.{VENDOR}.{language}"
        self._command = command
        self._base = folder / f"{language}.db"
        self._environment = {
            **os.environ,
            "LC_ALL": "C",
            **settings,
            "CCAS_FILE": self.queue,
            "CCAS_BASE": str(self._base),
        }
        self._publish_url = publish_url
        self.has_failed = False
        with closing(sqlite3.connect(self._base)) as base:
            base.executescript((PROGRAMS / "base.sql").read_text("utf-8"))

    def start_publishing(self) -> None:
        """Start the program that publishes."""
        self.publisher = Program(
            [*self._command, "publier"], {**self._environment, "CCAS_URL": self._publish_url}
        )

    def start_reading(self) -> None:
        """Start the program that reads."""
        self.reader = Program([*self._command, "lire"], self._environment)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        for program in (getattr(self, "publisher", None), getattr(self, "reader", None)):
            if program is not None:
                program.stop()

    def deposit(self, job: Mapping[str, Any], lane: str = "interactive") -> None:
        """Deposit a job with the program's own command, as its product would in a transaction."""
        subprocess.run(
            [*self._command, "deposer", lane],
            input=json.dumps(job, ensure_ascii=False),
            env=self._environment,
            text=True,
            encoding="utf-8",
            capture_output=True,
            check=True,
            timeout=_WAIT_SECONDS,
        )

    def record(self, job: Mapping[str, Any], *, is_published: bool = False) -> None:
        """Record a job in its database, as the product's own transaction does; or one that the test publishes itself."""
        now = int(time.time())
        with closing(sqlite3.connect(self._base, timeout=_WAIT_SECONDS)) as base, base:
            base.execute(
                "INSERT INTO demandes (job_id, voie, corps, deposee_le, confirmee_le) VALUES (?, 'interactive', ?, ?, ?)",
                (job["job_id"], json.dumps(job), now, now if is_published else None),
            )

    def has_read(self, job_id: str, times: int = 1) -> str:
        """Wait until the reader has said that it stored a reply, for the n-th time; return its line."""
        ordinal = f", pour la {times}e fois" if times > 1 else ""
        return next(
            line
            for line in self._heard(self.reader, f"reçue {job_id} : ")
            if line.rstrip("\n").endswith(ordinal) and (ordinal or "pour la" not in line)
        )

    def has_published(self, job_id: str) -> None:
        """Wait until the publisher has said that a job is confirmed."""
        next(self._heard(self.publisher, f"publiée {job_id}\n"))

    def has_said(self, text: str) -> None:
        """Wait until the reader has said something."""
        next(self._heard(self.reader, text))

    def next_steps(self, job_id: str) -> list[tuple[Any, ...]]:
        """Return what the program does with each check of a reply: check, status, code, next step."""
        return self.rows(
            "SELECT verification, statut, code, suite FROM suites WHERE cle = ? ORDER BY verification, statut",
            job_id,
        )

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return what a query finds in the program's database."""
        with closing(sqlite3.connect(self._base, timeout=_WAIT_SECONDS)) as base:
            return base.execute(query, values).fetchall()

    @contextmanager
    def store_down(self) -> Iterator[None]:
        """Keep the program from reading and writing its database."""
        with closing(sqlite3.connect(self._base, timeout=_WAIT_SECONDS, isolation_level=None)) as base:
            base.execute("BEGIN EXCLUSIVE")
            yield
            base.execute("ROLLBACK")

    def _heard(self, program: Program, text: str) -> Iterator[str]:
        """Yield the lines of a program that hold ``text``: those it has said, then those that it says."""
        seen = 0
        while True:
            while seen < len(program.said):
                line = program.said[seen]
                seen += 1
                if text in line:
                    yield line
            program.wait_for(text, _WAIT_AFTER_FAILURE_SECONDS if self.has_failed else _WAIT_SECONDS)
