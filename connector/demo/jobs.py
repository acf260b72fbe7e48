"""The jobs of the demonstration: one per kind of answer, all about people who do not exist."""

from dataclasses import dataclass, field
from typing import Any, Final

from connector.catalogue import CATALOGUE
from connector.demo.deployment import BOURG, CLAMART, SANS_JETON, VIEUX


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoJob:
    """A job, and what it shows."""

    shows: str
    vendor: str
    body: dict[str, Any] | bytes
    lane: str = "interactive"
    properties: dict[str, Any] = field(default_factory=dict)


def _place(commune: str | None = None, pays: str = "99100") -> dict[str, str]:
    return {"code_pays": pays, **({"code_commune": commune} if commune else {})}


def _person(nom: str, prenoms: list[str], sexe: str, born: str, place: dict[str, str]) -> dict[str, Any]:
    return {
        "nom_naissance": nom,
        "prenoms": prenoms,
        "sexe": sexe,
        "date_naissance": born,
        "lieu_naissance": place,
    }


_ALONE: Final = _person("EXEMPLE", ["CLAIRE"], "F", "1991-04-17", _place("69383"))
_COUPLE: Final = _person("MODELE", ["PAUL", "HENRI"], "M", "1984-11", _place("15014"))
_ABROAD: Final = _person("ESSAI", ["SARA"], "F", "1979", _place(pays="99350"))
_QF: Final = {"check": "quotient_familial"}
_RSA: Final = {"id": "rsa", "check": "revenu_solidarite_active"}
_PRIME: Final = {"check": "prime_activite"}
_TAX_NOTICE: Final = {
    "check": "avis_imposition",
    "params": dict(CATALOGUE["avis_imposition"].example_params),
}
FAILURES: Final = ("--fail", "dsnj=503", "--fail", "sdh=maintenance,retry_in=3600")
"""Options of the sandbox under which two of the jobs meet a source that is down."""
_DOWN: Final = {"check": "service_national"}
_MAINTAINED: Final = {
    "check": "statut_sportif",
    "params": dict(CATALOGUE["statut_sportif"].example_params),
}
_VEHICLE: Final = {
    "check": "immatriculation_vehicule",
    "params": dict(CATALOGUE["immatriculation_vehicule"].example_params),
}
_MANY: Final = (
    {"check": "complementaire_sante_solidaire"},
    {"check": "allocation_enfant_handicape"},
    {"check": "etudiant_boursier", "call": "ine", "params": {"ine": "0990000001A"}},
    {"check": "scolarite", "params": dict(CATALOGUE["scolarite"].example_params)},
    {"check": "scolarite", "id": "school left out", "params": {"annee_scolaire": "2025-2026"}},
    {"check": "service_civique"},
)


def _nobody(nom: str) -> dict[str, Any]:
    return _person(nom, ["JEAN"], "M", "1970-01-01", _place("75056"))


def _job(job_id: str, tenant: str, identity: dict[str, Any], *checks: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": 1,
        "job_id": job_id,
        "tenant": tenant,
        "agent": "agent-12",
        "identity": identity,
        "checks": list(checks),
    }


def demo_jobs(run: str) -> tuple[DemoJob, ...]:
    """Return the jobs; ``run`` starts their ``job_id``, so that two demonstrations on a broker differ."""
    late = _job(f"{run}-11", CLAMART, _ALONE, _QF) | {"expires_at": "2026-01-01T09:00:00+01:00"}
    mistaken = _job(f"{run}-17", CLAMART, {**_COUPLE, "nom_usage": "FICTIF"}, _QF) | {
        "identity_variants": True
    }
    consenting = _job(f"{run}-19", CLAMART, _ALONE, _VEHICLE) | {
        "identity": None,
        "france_connect_token": "exemple",
    }
    bodies: tuple[tuple[str, str, dict[str, Any] | bytes], ...] = (
        ("millesime", "parent alone: both found", _job(f"{run}-01", CLAMART, _ALONE, _QF, _RSA)),
        (
            "sonate-opus",
            "couple under the MSA: what its form opens",
            _job(f"{run}-02", CLAMART, _COUPLE, _QF, _RSA),
        ),
        ("millesime", "born abroad: blocks withheld", _job(f"{run}-03", CLAMART, _ABROAD, _QF, _RSA)),
        ("millesime", "no file at the source", _job(f"{run}-04", CLAMART, _nobody("ABSENT"), _QF)),
        ("millesime", "nobody matches", _job(f"{run}-05", CLAMART, _nobody("INTROUVABLE"), _QF, _RSA)),
        ("sonate-opus", "several people match", _job(f"{run}-06", CLAMART, _nobody("HOMONYME"), _QF)),
        ("millesime", "provider down: ask again", _job(f"{run}-07", CLAMART, _ALONE, _QF, _DOWN)),
        (
            "millesime",
            "maintenance: when to ask again",
            _job(f"{run}-08", CLAMART, _ALONE, _MAINTAINED),
        ),
        ("sonate-opus", "the token lacks a scope", _job(f"{run}-09", BOURG, _ALONE, _QF, _RSA)),
        ("millesime", "the token has expired", _job(f"{run}-10", VIEUX, _ALONE, _QF)),
        ("millesime", "too late to be of use", late),
        ("millesime", "the CCAS has no token yet", _job(f"{run}-12", SANS_JETON, _ALONE, _QF)),
        ("millesime", "another vendor's CCAS", _job(f"{run}-13", BOURG, _ALONE, _QF)),
        (
            "sonate-opus",
            "a check that does not exist",
            _job(f"{run}-14", CLAMART, _ALONE, _QF, {"check": "age"}),
        ),
        ("sonate-opus", "not JSON", b'{"version": 1, '),
        ("millesime", "a file with many questions", _job(f"{run}-16", CLAMART, _ALONE, *_MANY)),
        ("millesime", "a name in use that hides the person", mistaken),
        ("sonate-opus", "the tax notice", _job(f"{run}-18", CLAMART, _ALONE, _TAX_NOTICE)),
        ("millesime", "a vehicle, by FranceConnect", consenting),
        (
            "sonate-opus",
            "a check outside of the vendor's grant",
            _job(f"{run}-20", CLAMART, _ALONE, _QF, _PRIME),
        ),
    )
    lanes = {"a file with many questions": "batch"}
    return tuple(
        DemoJob(
            shows=shows,
            vendor=vendor,
            body=body,
            lane=lanes.get(shows, "interactive"),
            properties={"correlation_id": f"{run}-{number:02}"},
        )
        for number, (vendor, shows, body) in enumerate(bodies, start=1)
    )
