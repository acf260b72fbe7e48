"""One trial, from what was asked on the command line to the exit status."""

import contextlib
import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import click

from connector.cli.options import finishing
from connector.cli.vendor import ledger as ledgers
from connector.cli.vendor.address import chosen_address
from connector.cli.vendor.exchange import End, ExchangeError, Heard, Terms, exchange
from connector.cli.vendor.jobs_file import VendorJob, body_of, read_jobs
from connector.cli.vendor.ledger import Ledger
from connector.cli.vendor.outcome import Outcome, Row, outcome_of
from connector.cli.vendor.progress import shown
from connector.cli.vendor.recording import RecordingError, prepared, record
from connector.cli.vendor.report import Exit, exit_status, print_answers, print_summary, report_of
from connector.errors import OperatorError
from connector.files import write_private
from connector.jobs.records import Lane

_SANDBOX_FILE: Final = Path("ccas-sandbox", "connection.json")
_MOST_DEFECTS: Final = 50


class TrialError(OperatorError):
    """A trial cannot be made of the arguments; the message, in French, says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options of the command, each as its help says."""

    file: Path | None
    vendor: str | None
    url: str | None = field(repr=False)
    connection: Path | None
    checks: tuple[str, ...]
    granted: bool
    tenant: str | None
    lane: str
    reply_queue: str | None
    share_queue: bool
    window: int
    timeout: float
    state: Path | None
    restart: bool
    republish: bool
    record: Path | None
    force: bool
    report: Path | None
    dry_run: bool

    @property
    def state_file(self) -> Path | None:
        """Where the campaign is noted, if it is one."""
        if self.file is None:
            return None
        if self.state is None and self.lane == Lane.BATCH:
            return self.file.with_name(f"{self.file.name}.state")
        return self.state


def run(asked: Asked) -> int:
    """Run a trial and return the exit status. Raises ``OperatorError``."""
    jobs = _jobs(asked)
    if asked.dry_run:
        return _print_defects(jobs)
    address = chosen_address(asked.vendor, asked.url, asked.connection, _SANDBOX_FILE)
    if asked.record is not None and not address.is_local:
        raise RecordingError(
            "--record n'enregistre que ce qui vient d'un bac à sable de ce poste : ailleurs, les réponses sont celles de "
            "personnes, et n'ont pas leur place dans des fichiers d'essai"
        )
    if address.is_in_clear:
        _say("attention : amqp:// passe le mot de passe et les demandes en clair ; préférer amqps://")
    terms = Terms(
        vendor=address.vendor,
        user=address.user,
        address=address.broker,
        lane=Lane(asked.lane),
        queue=asked.reply_queue or address.queue,
        window=asked.window,
        patience_seconds=asked.timeout,
        shares_queue=asked.share_queue,
    )
    about = {"vendor": terms.vendor, "lane": str(terms.lane), "queue": terms.queue}
    with _ledger(asked, jobs, about) as ledger:
        return _talk(asked, terms, ledger, about)


def _talk(asked: Asked, terms: Terms, ledger: Ledger, about: Mapping[str, str]) -> int:
    folder = _recording(asked, ledger)
    rows: dict[str, tuple[Row, ...]] = {}
    is_chosen = bool(asked.file or asked.checks or asked.granted)

    def on_reply(job: VendorJob, body: bytes) -> Outcome:
        outcome = outcome_of(body, chosen=is_chosen)
        rows.setdefault(job.job_id, outcome.rows)
        if folder is not None:
            record(folder, job, body)
        return outcome

    before = ledger.answered
    _say(_beginning(terms, ledger))
    with finishing() as interruption, shown(len(ledger.jobs), before, lambda: ledger.answered) as show:
        heard = Heard(on_reply=on_reply, on_progress=show, say=_say)
        try:
            end = exchange(terms, ledger, heard, interruption, republish=asked.republish)
        except ExchangeError as error:
            if not ledger.published:
                raise
            _say(str(error))
            end = End.REFUSED
    print_answers(rows, ledger)
    print_summary(ledger)
    if asked.report is not None:
        report = report_of(ledger, about)
        write_private(asked.report, json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    if end is not End.COMPLETE:
        _say(_unfinished(asked, end, ledger))
    return interruption.exit_status or exit_status(ledger)


def _beginning(terms: Terms, ledger: Ledger) -> str:
    said = f"{len(ledger.jobs)} demandes de {terms.vendor}, voie {terms.lane}, réponses sur {terms.queue}"
    if ledger.runs == 1:
        return said
    return (
        f"{said} ; reprise n° {ledger.runs - 1} : {ledger.answered} déjà répondues, {len(ledger.awaited)} en attente, "
        f"{len(ledger.unpublished)} à publier"
    )


def _unfinished(asked: Asked, end: End, ledger: Ledger) -> str:
    awaited = len(ledger.awaited)
    why = {
        End.INTERRUPTED: "interrompu",
        End.REFUSED: "arrêté par le courtier",
        End.SILENT: f"aucune réponse depuis {asked.timeout:.0f} s",
    }[end]
    if asked.state_file is not None:
        then = "la même commande reprend là"
        if end is End.SILENT:
            then += " ; si rien ne vient, --republish repose sans risque ce qui est en attente"
    else:
        then = "les réponses qui viendront resteront dans leur file"
    return f"{why} : {awaited} réponses en attente, {len(ledger.unpublished)} demandes non publiées ; {then}"


@contextlib.contextmanager
def _ledger(asked: Asked, jobs: tuple[VendorJob, ...], about: dict[str, str]) -> Iterator[Ledger]:
    if asked.state_file is None:
        yield Ledger(jobs)
    else:
        with ledgers.opened(asked.state_file, jobs, about, restart=asked.restart) as ledger:
            yield ledger


def _recording(asked: Asked, ledger: Ledger) -> Path | None:
    """Return where to record what is not answered yet, if that was asked. Raises ``RecordingError``."""
    if asked.record is None:
        return None
    _say("--record : ne jamais y mettre les données de vraies personnes")
    jobs = [job for job in ledger.jobs if not ledger.is_answered(job.job_id)]
    return prepared(asked.record, jobs, overwrites=asked.force)


def _jobs(asked: Asked) -> tuple[VendorJob, ...]:
    if asked.file is not None:
        if asked.checks or asked.granted or asked.tenant:
            raise TrialError(
                "--check, --granted et --tenant sont pour les exemples : les retirer, ou retirer FILE"
            )
        return read_jobs(asked.file)
    return tuple(_examples(asked))


def _examples(asked: Asked) -> Iterator[VendorJob]:
    """Yield a job for each check; under its own name where it is recorded, else under one that is new each time."""
    from connector.catalogue import CATALOGUE
    from connector.documents.examples import example_job

    unknown = next((name for name in asked.checks if name not in CATALOGUE), None)
    if unknown is not None:
        raise TrialError(f"--check {unknown} : inconnue ; il y a {', '.join(CATALOGUE)}")
    names = asked.checks or tuple(CATALOGUE)
    if asked.granted:
        names = tuple(name for name in names if name in _granted(asked))
    suffix = "" if asked.record is not None else f"-{secrets.token_hex(4)}"
    for name in dict.fromkeys(names):
        job: dict[str, Any] = example_job(CATALOGUE[name])
        job["job_id"] += suffix
        if asked.tenant is not None:
            job["tenant"] = asked.tenant
        yield VendorJob(job_id=job["job_id"], body=body_of(job))


def _granted(asked: Asked) -> frozenset[str]:
    """Return the checks that the registry's grant opens to the vendor. Raises ``OperatorError``."""
    from connector.bootstrap.registry import open_registry
    from connector.catalogue.grants import grant_of
    from connector.cli.options import settings_or_exit
    from connector.storage.registry.vendors import known_vendor

    if asked.vendor is None:
        raise TrialError("--granted : dire de quel éditeur avec --vendor")
    registry = open_registry(settings_or_exit()).load()
    return frozenset(grant_of(known_vendor(registry, asked.vendor)).hidden)


def _print_defects(jobs: tuple[VendorJob, ...]) -> int:
    """Hold each job against the contract, print what is wrong with it, and return the exit status."""
    from connector.checks.parsing import Unreadable, read_job

    defects = 0
    for job in jobs:
        read = read_job(job.body)
        if isinstance(read, Unreadable):
            defects += 1
            if defects <= _MOST_DEFECTS:
                first = read.errors[0]
                click.echo(f"ligne {job.line} : {first.pointer or 'le corps'} : {first.detail}")
    if defects > _MOST_DEFECTS:
        click.echo(f"et {defects - _MOST_DEFECTS} autres lignes")
    click.echo(
        f"demandes lues : {len(jobs)} ; seraient rejetées : {defects} ; rien n'est publié (--dry-run), et ce que chaque "
        "vérification demande en plus n'est pas relu"
    )
    return Exit.TO_MEND if defects else Exit.ANSWERED


def _say(line: str) -> None:
    click.echo(f"ccas-connector : {line}", err=True)
