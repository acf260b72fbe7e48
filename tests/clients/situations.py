"""The situations that a vendor's program meets, and what it must do in each."""

from dataclasses import dataclass
from typing import Any, Final

from connector.demo.deployment import CLAMART, VIEUX
from tests.jobs import QF, RSA, identity, job

FAILURES: Final = ("--fail", "sdh=maintenance,retry_in=3600", "--fail", "france_connect=503")
"""Options of the sandbox under which a source is down for an hour, and FranceConnect without an end."""
_MAINTAINED: Final = {"check": "statut_sportif", "params": {"identifiant": "990000001"}}
_NOBODY: Final = identity(
    "PERSONNE",
    prenoms=["JEAN"],
    sexe="M",
    date_naissance="1970-01-01",
    lieu_naissance={"code_pays": "99100", "code_commune": "75056"},
)
_OLD_ENOUGH: Final = identity("GRANDS", prenoms=["MARIE"], date_naissance="1985-02-03")
Steps = tuple[tuple[str, str, str | None, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A job, and what the program does with each check of its reply: check, status, code, next step."""

    situation: str
    job: dict[str, Any]
    status: str
    steps: Steps
    is_deposited: bool = False
    """Whether the program's own command deposits it; else it is in the database, as a product leaves it there."""
    not_before_seconds: int = 30
    """How long what may succeed later is left alone at the least."""


OTHERS: Final = "another program's replies waiting"
DUPLICATE: Final = "duplicate"
STORE_DOWN: Final = "its store down for a minute"
CUT: Final = "connection lost between publish and confirm"
RESTARTED: Final = "broker restarted"


def answered() -> tuple[Answered, ...]:
    """Return the jobs that differ by their reply alone; those of one situation follow each other."""
    return (
        Answered(
            situation="found",
            job=job(QF, RSA, job_id="found"),
            is_deposited=True,
            status="completed",
            steps=(
                ("quotient_familial", "found", None, "utiliser"),
                ("rsa", "found", None, "utiliser"),
            ),
        ),
        Answered(
            situation="not_found",
            job=job(QF, job_id="not_found", identity=_NOBODY),
            status="completed",
            steps=(("quotient_familial", "not_found", "no_record", "aucun_dossier"),),
        ),
        Answered(
            situation="not_concerned",
            job=job({"check": "participation_familiale_eaje"}, job_id="not_concerned", identity=_OLD_ENOUGH),
            status="completed",
            steps=(("participation_familiale_eaje", "not_found", "not_concerned", "sans_objet"),),
        ),
        Answered(
            situation="not_identified",
            job=job(QF, job_id="not_identified", identity=_NOBODY | {"nom_naissance": "INTROUVABLE"}),
            status="completed",
            steps=(("quotient_familial", "not_identified", "identity_unmatched", "corriger_identite"),),
        ),
        Answered(
            situation="error",
            job=job(QF, job_id="error", tenant=VIEUX),
            status="failed",
            steps=(("quotient_familial", "error", "token_expired", "signaler"),),
        ),
        Answered(
            situation="error",
            # One more character than leaves room for the number of a retry.
            job=job(_MAINTAINED, job_id="e" * (126 - len("javascript-")), tenant=CLAMART),
            status="failed",
            steps=(("statut_sportif", "error", "provider_maintenance", "signaler"),),
        ),
        Answered(
            situation="error",
            job=job(QF, job_id="token", france_connect_token="exemple")
            | {"identity": None, "checks": [{"check": "quotient_familial"}]},
            status="failed",
            # A token lives for a minute: nothing is asked again with it.
            steps=(("quotient_familial", "error", "provider_unavailable", "signaler"),),
        ),
        Answered(
            situation="partial",
            job=job(QF, _MAINTAINED, job_id="partial", tenant=CLAMART),
            status="partial",
            steps=(
                ("quotient_familial", "found", None, "utiliser"),
                ("statut_sportif", "error", "provider_maintenance", "redemander"),
            ),
            not_before_seconds=3000,
        ),
        Answered(
            situation="rejected",
            job=job(QF, job_id="rejected") | {"version": 2},
            status="rejected",
            steps=(("", "rejected", "unsupported_version", "corriger_demande"),),
        ),
        Answered(
            situation="expired",
            job=job(QF, job_id="expired", expires_at="2020-01-01T00:00:00+01:00"),
            status="expired",
            steps=(("quotient_familial", "error", "expired", "redemander"),),
        ),
    )


SITUATIONS: Final = (
    *dict.fromkeys(each.situation for each in answered()),
    DUPLICATE,
    OTHERS,
    STORE_DOWN,
    CUT,
    RESTARTED,
)
