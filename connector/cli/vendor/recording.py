"""Jobs and their replies as files, for a vendor's own tests: ``<job_id>.request.json`` and ``<job_id>.reply.json``."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from connector.cli.vendor.jobs_file import VendorJob
from connector.errors import OperatorError
from connector.files import write_private

_MOST_SHOWN: Final = 3


class RecordingError(OperatorError):
    """Files cannot be written there; the message, in French, says why and what to do."""


def prepared(folder: Path, jobs: Iterable[VendorJob], *, overwrites: bool) -> Path:
    """Return the folder, made where need be. Raises ``RecordingError`` where a file of it would be lost."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise RecordingError(f"{folder} : inutilisable ({error.strerror})") from None
    there = [path.name for job in jobs for path in _paths(folder, job) if path.exists()]
    if there and not overwrites:
        raise RecordingError(
            f"{folder} : contient déjà {', '.join(there[:_MOST_SHOWN])}{' …' if len(there) > _MOST_SHOWN else ''} ; donner un "
            "autre dossier, ou remplacer avec --force"
        )
    return folder


def record(folder: Path, job: VendorJob, reply: bytes) -> None:
    """Write a job and its reply, sorted and indented. Raises ``PrivateFileError``."""
    for path, body in zip(_paths(folder, job), (job.body, reply), strict=True):
        write_private(path, _stable(body))


def _paths(folder: Path, job: VendorJob) -> tuple[Path, Path]:
    # The one sign of a job's id that some systems refuse in a file's name.
    name = job.job_id.replace(":", "_")
    return folder / f"{name}.request.json", folder / f"{name}.reply.json"


def _stable(body: bytes) -> str:
    try:
        document: Any = json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
