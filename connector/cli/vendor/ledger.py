"""The ledger of a campaign: whether each job is published, answered, answered twice, on disk before anything relies on it.

An append-only file of JSON lines beside the jobs' file. It keeps job ids, statuses, codes and a keyed digest of each body, and
nothing of a person. A line that a crash cut short is the last one, and is taken off: what it said happens again.
"""

import contextlib
import fcntl
import hashlib
import hmac
import json
import os
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from connector.cli.vendor.jobs_file import VendorJob
from connector.cli.vendor.outcome import Outcome
from connector.errors import OperatorError

_FORMAT: Final = 1
_HEAD: Final = b'{"ledger":'
_SALT_BYTES: Final = 16


class LedgerError(OperatorError):
    """A state file cannot be used; the message, in French, says why and what to do."""


class Ledger:
    """The state of the jobs, in memory, and on disk where it has a file."""

    def __init__(self, jobs: Iterable[VendorJob], descriptor: int | None = None, salt: bytes = b"") -> None:
        self._jobs = {job.job_id: job for job in jobs}
        self._descriptor = descriptor
        self._salt = salt
        self._lines: list[dict[str, Any]] = []
        self._published: set[str] = set()
        self._answers: dict[str, Outcome] = {}
        self.duplicates = 0
        self.runs = 1

    def job(self, job_id: str) -> VendorJob | None:
        """Return a job of the campaign."""
        return self._jobs.get(job_id)

    @property
    def jobs(self) -> tuple[VendorJob, ...]:
        """All of them, in the order of their file."""
        return tuple(self._jobs.values())

    @property
    def unpublished(self) -> list[VendorJob]:
        """Return the jobs that were never confirmed."""
        return [job for job_id, job in self._jobs.items() if job_id not in self._published]

    @property
    def awaited(self) -> list[VendorJob]:
        """Return the jobs that were confirmed, and have no reply."""
        return [
            job
            for job_id, job in self._jobs.items()
            if job_id in self._published and job_id not in self._answers
        ]

    @property
    def answered(self) -> int:
        """How many have a reply."""
        return len(self._answers)

    @property
    def published(self) -> int:
        """How many were confirmed: one that is answered was, whether that was still written or not."""
        return len(self._published)

    @property
    def outcomes(self) -> dict[str, Outcome]:
        """Return the outcome of each job that is answered."""
        return dict(self._answers)

    def is_answered(self, job_id: str) -> bool:
        """Tell whether a job has a reply."""
        return job_id in self._answers

    def note_published(self, job: VendorJob) -> None:
        """Note that the broker has confirmed a job."""
        self._published.add(job.job_id)
        self._lines.append({"published": job.job_id, "digest": self._digest(job)})

    def note_answer(self, job_id: str, outcome: Outcome) -> bool:
        """Note a reply, and tell whether it is the first to its job; another is a duplicate."""
        if job_id in self._answers:
            self.duplicates += 1
            self._lines.append({"duplicate": job_id})
            return False
        self._answers[job_id] = outcome
        self._published.add(job_id)
        self._lines.append(
            {
                "answered": job_id,
                "status": outcome.status,
                "codes": list(outcome.codes),
                "to_mend": outcome.is_to_mend,
            }
        )
        return True

    def commit(self) -> None:
        """Have what was noted on disk. Raises ``LedgerError``."""
        lines, self._lines = self._lines, []
        if self._descriptor is None or not lines:
            return
        _append(self._descriptor, lines)

    def replay(self, lines: Iterable[dict[str, Any]]) -> None:
        """Take up what an earlier run has noted. Raises ``LedgerError`` where a job is another one now."""
        for line in lines:
            if "run" in line:
                self.runs += 1
            elif "duplicate" in line:
                self.duplicates += line["duplicate"] in self._jobs
            elif "published" in line:
                self._take_up_publication(line)
            elif line["answered"] in self._jobs:
                self._published.add(line["answered"])
                self._answers[line["answered"]] = Outcome(
                    status=line["status"], codes=tuple(line["codes"]), is_to_mend=line["to_mend"]
                )

    def _take_up_publication(self, line: dict[str, Any]) -> None:
        job = self._jobs.get(line["published"])
        if job is None:
            return
        if not hmac.compare_digest(self._digest(job), line["digest"]):
            raise LedgerError(
                f"ligne {job.line} : cette demande a changé depuis qu'elle a été publiée ; lui donner un autre job_id, ou "
                "tout recommencer avec --restart"
            )
        self._published.add(job.job_id)

    def _digest(self, job: VendorJob) -> str:
        return hmac.new(self._salt, job.body, hashlib.sha256).hexdigest()


@contextlib.contextmanager
def opened(
    path: Path, jobs: Iterable[VendorJob], about: dict[str, str], *, restart: bool = False
) -> Iterator[Ledger]:
    """Give the ledger of a state file, new or taken up; ``about`` has to be the same each time. Raises ``LedgerError``."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise LedgerError(f"{path} : inutilisable ({error.strerror})") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise LedgerError(
                f"{path} : une autre commande publie déjà ce fichier ; attendre sa fin"
            ) from None
        lines = _read(path, descriptor)
        with contextlib.suppress(PermissionError):  # Another user's, who has let this one write.
            os.fchmod(descriptor, 0o600)
        if restart:
            os.ftruncate(descriptor, 0)
            lines = []
        os.lseek(descriptor, 0, os.SEEK_END)
        yield _taken_up(path, descriptor, lines, jobs, about)
    finally:
        os.close(descriptor)


def _taken_up(
    path: Path, descriptor: int, lines: list[dict[str, Any]], jobs: Iterable[VendorJob], about: dict[str, str]
) -> Ledger:
    if not lines:
        salt = secrets.token_bytes(_SALT_BYTES)
        _append(descriptor, [{"ledger": _FORMAT, "salt": salt.hex(), **about}])
        return Ledger(jobs, descriptor, salt)
    first, *noted = lines
    for name, value in about.items():
        if first.get(name) != value:
            raise LedgerError(
                f"{path} : commencé avec {name} {first.get(name)}, et non {value} ; reprendre de même, ou tout "
                "recommencer avec --restart"
            )
    try:
        ledger = Ledger(jobs, descriptor, bytes.fromhex(first["salt"]))
        ledger.replay(noted)
    except LedgerError as error:
        raise LedgerError(f"{path} : {error}") from None
    except (KeyError, TypeError, ValueError):
        raise _strange(path) from None
    ledger.runs += 1
    _append(descriptor, [{"run": ledger.runs}])
    return ledger


def _read(path: Path, descriptor: int) -> list[dict[str, Any]]:
    """Return the whole lines of a file, and take off what a crash has cut short."""
    held = b""
    while chunk := os.pread(descriptor, 1 << 20, len(held)):
        held += chunk
    whole = held[: held.rfind(b"\n") + 1]
    if not whole and held and not held.startswith(_HEAD):
        raise _strange(path)
    try:
        lines = [json.loads(line) for line in whole.splitlines()]
    except ValueError:
        raise _strange(path) from None
    if not all(isinstance(line, dict) for line in lines) or (lines and lines[0].get("ledger") != _FORMAT):
        raise _strange(path)
    # Only of what is a ledger: a file that was named by mistake stays whole.
    os.ftruncate(descriptor, len(whole))
    return lines


def _strange(path: Path) -> LedgerError:
    return LedgerError(f"{path} : n'est pas l'état d'une campagne ; le déplacer, ou donner un autre --state")


def _append(descriptor: int, lines: Iterable[dict[str, Any]]) -> None:
    written = b"".join(json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines)
    try:
        while written:
            written = written[os.write(descriptor, written) :]
        os.fsync(descriptor)
    except OSError as error:
        raise LedgerError(f"l'état de la campagne ne peut pas être écrit ({error.strerror})") from None


def counts(outcomes: Iterable[Outcome]) -> tuple[Counter[str], Counter[str]]:
    """Return how many there are of each status, and of each code."""
    every = tuple(outcomes)
    return (
        Counter(outcome.status for outcome in every),
        Counter(code for outcome in every for code in outcome.codes),
    )
