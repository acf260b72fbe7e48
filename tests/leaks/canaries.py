"""The canaries: one value for each personal field, token, key and password, unlike anything else that is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Canary:
    """One of them, and how it may be written: what is folded by ``tests.leaks.search`` needs no spelling of its own."""

    what: str
    spellings: tuple[str, ...]


NOM, USAGE, PRENOM, SECOND = "Sésamenom", "Sésameusage", "Sésameprénom", "Sésamesecond"
BORN, COMMUNE, VILLE, DEPARTEMENT, PAYS = "1987-06-27", "38253", "Sésameville", "38", "99100"
AGENT, DOSSIER, PURPOSE = "sésame-agent", "sésame-dossier", "sésame-motif"
INE, IDENTIFIANT, FISCAL, REFERENCE = "0917352468B", "sesame.identifiant", "3017264859301", "2517264859302"
PLATE, CONSENT = "ZQ-917-QZ", "sesame-france-connect"
DATA, MEMBER, VALUE, DETAIL = "Sésamedonnée", "Sésame Membre", "Sésamevaleur", "Sésamedétail"
STRAY = "sésame-égarée"
"""What stands where something else is due: a member's name, an ID, a routing key, a header."""
STRAY_WORD = "sesameegaree"
"""The same where only letters can stand, such as the name of a check."""
DGFIP_ID, DGFIP_SECRET = "sesame-dgfip-id", "sesame-dgfip-secret"
BROKER_PASSWORD, DATABASE_PASSWORD, REDIS_PASSWORD = "sesame-amqp", "sesame-sql", "sesame-redis"

_MEMBERS: Final = ("sexe", "sexeEtatCivil", "code_pays", "codeCogInseePaysNaissance", "code_departement")
"""A letter or two digits are written everywhere: with the name that stands before them, they are the person's."""


def _named(names: tuple[str, ...], value: str) -> tuple[str, ...]:
    signs = ('": "', '":"', "': '", "=", "='")
    return tuple(f"{name}{sign}{value}" for name in names for sign in signs)


PERSON: Final = (
    Canary("nom_naissance", (NOM,)),
    Canary("nom_usage", (USAGE,)),
    Canary("prenoms", (PRENOM, SECOND)),
    Canary("date_naissance", (BORN, "27/06/1987", "19870627", "anneeDateNaissance=1987")),
    Canary("sexe", _named(_MEMBERS[:2], "F")),
    Canary("code_pays", _named(_MEMBERS[2:4], PAYS)),
    Canary("code_commune", _named(("code_commune", "codeCogInseeCommuneNaissance"), COMMUNE)),
    Canary("nom_commune", (VILLE,)),
    Canary("code_departement", _named(("code_departement", "codeCogInseeDepartementNaissance"), DEPARTEMENT)),
    Canary("ine", (INE,)),
    Canary("identifiant", (IDENTIFIANT,)),
    Canary("numero_fiscal", (FISCAL,)),
    Canary("reference_avis", (REFERENCE,)),
    Canary("immatriculation", (PLATE, PLATE.replace("-", ""))),
    Canary("france_connect_token", (CONSENT,)),
    Canary("data", (DATA, VALUE, DETAIL)),
    Canary("a member's name", (MEMBER,)),
)
REFERENCES: Final = (
    Canary("agent", (AGENT,)),
    Canary("dossier", (DOSSIER,)),
    Canary("purpose", (PURPOSE,)),
)
"""What the vendor says of who asks, and for what: the journal's, and nobody else's."""
STRAYS: Final = (Canary("stray", (STRAY, STRAY_WORD)),)


def secrets_of(environment: Mapping[str, str]) -> tuple[Canary, ...]:
    """Return the tokens, keys and passwords of a deployment and of this module; of a JWT, its signature apart."""
    tokens = {name: value for name, value in environment.items() if name.startswith("SANDBOX_TOKEN")}
    return (
        *(Canary(name, (token, token.rpartition(".")[2])) for name, token in sorted(tokens.items())),
        Canary("secret key", tuple(environment["CONNECTOR_SECRET_KEY"].split(","))),
        Canary("journal key", (environment["CONNECTOR_JOURNAL_KEY"],)),
        Canary("dgfip client_id", (DGFIP_ID,)),
        Canary("dgfip client_secret", (DGFIP_SECRET,)),
        Canary("broker password", (BROKER_PASSWORD,)),
        Canary("database password", (DATABASE_PASSWORD,)),
        Canary("redis password", (REDIS_PASSWORD,)),
    )


def person(**changes: Any) -> dict[str, Any]:
    """Return the identity that the canary case of the sandbox answers for."""
    return {
        "nom_naissance": NOM,
        "nom_usage": USAGE,
        "prenoms": [PRENOM, SECOND],
        "sexe": "F",
        "date_naissance": BORN,
        "lieu_naissance": {"code_pays": PAYS, "code_commune": COMMUNE},
    } | changes
