"""A vendor's jobs, read from JSON lines or from CSV, each with the line that it stands on. Pure but for the reading."""

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from connector.cli.vendor.csv_columns import CellError, checked_columns, job_of_row
from connector.errors import OperatorError

_JOB_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_SEPARATORS: Final = ";,\t"


class JobsFileError(OperatorError):
    """A file cannot be published; the message, in French, names the line, and the column, and shows no person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorJob:
    """A job to publish, byte for byte the same each time."""

    job_id: str
    body: bytes = field(repr=False)
    line: int = 0
    """Of its file; 0 where there is none."""


def read_jobs(path: Path) -> tuple[VendorJob, ...]:
    """Read a file: CSV by its name or by its first line, a single JSON job, else JSON lines.

    Raises ``JobsFileError`` at its first defect.
    """
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise JobsFileError(f"{path} : illisible ({error.strerror})") from None
    except UnicodeDecodeError:
        raise JobsFileError(f"{path} : n'est pas en UTF-8 ; l'enregistrer en UTF-8") from None
    is_csv = path.suffix.lower() == ".csv" or not text.lstrip().startswith("{")
    read = _from_csv if is_csv else _from_document if _is_one_document(text) else _from_lines
    jobs: dict[str, VendorJob] = {}
    for job in read(path, text):
        if job.job_id in jobs:
            raise JobsFileError(
                f"{path}, ligne {job.line} : job_id déjà à la ligne {jobs[job.job_id].line} ; il désigne une seule demande"
            )
        jobs[job.job_id] = job
    if not jobs:
        raise JobsFileError(f"{path} : ne contient aucune demande")
    return tuple(jobs.values())


def body_of(job: dict[str, Any]) -> bytes:
    """Return a job as it is published."""
    return json.dumps(job, ensure_ascii=False, separators=(",", ":")).encode()


def _is_one_document(text: str) -> bool:
    """Tell whether a file is a single job, written over several lines as a person writes one."""
    if "\n" not in text.strip():
        return False
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _from_document(path: Path, text: str) -> Iterator[VendorJob]:
    job_id = json.loads(text).get("job_id")
    _require_id(path, 1, job_id)
    yield VendorJob(job_id=job_id, body=text.strip().encode(), line=1)


def _from_lines(path: Path, text: str) -> Iterator[VendorJob]:
    # Not splitlines: a name may hold a separator of lines that JSON lets stand in a text.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            job = json.loads(line)
        except (ValueError, RecursionError) as error:
            reason = (
                f"colonne {error.colno}"
                if isinstance(error, json.JSONDecodeError)
                else "nombre ou imbrication illisible"
            )
            raise JobsFileError(
                f"{path}, ligne {number} : n'est pas du JSON ({reason}) ; une demande par ligne, sur une seule ligne"
            ) from None
        job_id = job.get("job_id") if isinstance(job, dict) else None
        _require_id(path, number, job_id)
        # As it is written, so that a mistake of the vendor's own writing is seen.
        yield VendorJob(job_id=str(job_id), body=line.strip().encode(), line=number)


def _from_csv(path: Path, text: str) -> Iterator[VendorJob]:
    head = text.split("\n", 1)[0]
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=max(_SEPARATORS, key=head.count), strict=True
    )
    names: Sequence[str] | None = None
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if names is None:
                names = checked_columns(cells)
                continue
            job = _job(names, cells)
            _require_id(path, reader.line_num, job["job_id"])
            yield VendorJob(job_id=job["job_id"], body=body_of(job), line=reader.line_num)
    except CellError as error:
        raise JobsFileError(f"{path}, ligne {reader.line_num} : {error}") from None
    except csv.Error as error:
        raise JobsFileError(f"{path}, ligne {reader.line_num} : n'est pas du CSV ({error})") from None


def _job(names: Sequence[str], cells: Sequence[str]) -> dict[str, Any]:
    if len(cells) != len(names):
        raise CellError(f"{len(cells)} cellules, la première ligne en a {len(names)}")
    return job_of_row(dict(zip(names, cells, strict=True)))


def _require_id(path: Path, number: int, job_id: object) -> None:
    if not isinstance(job_id, str) or not _JOB_ID.fullmatch(job_id):
        raise JobsFileError(
            f"{path}, ligne {number} : il faut un job_id de 1 à 128 caractères parmi A-Z a-z 0-9 . _ : -"
        )
