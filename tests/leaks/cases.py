"""The sandbox's cases about the person of the canaries, beside those that are shipped."""

import json
import shutil
from pathlib import Path
from typing import Any, Final

import yaml

from connector.sandbox.cases import SHIPPED
from tests.leaks.canaries import (
    BORN,
    COMMUNE,
    CONSENT,
    DATA,
    DETAIL,
    FISCAL,
    IDENTIFIANT,
    INE,
    MEMBER,
    NOM,
    PAYS,
    PLATE,
    PRENOM,
    SECOND,
    USAGE,
    VALUE,
)

OUTCOMES: Final = (
    *(("404", code) for code in ("41003", "00000")),
    *(("422", code) for code in ("36560", "00391", "00353", "00203", "00380", "00366", "99999")),
    ("401", "00101"),
    ("401", "00103"),
    ("401", "00105"),
    ("403", "00100"),
    ("403", "00107"),
    ("403", "99999"),
    ("410", "00000"),
    ("418", DETAIL),
)
"""Answers that end a check at once, one per outcome of the table and one per status that no rule knows."""
_PASSING: Final = ("409/24015", "429/00429", "500/0", "502/24020", "502/24999", "503/24001", "504/24002")
PASSING: Final = tuple(tuple(each.split("/")) for each in (*_PASSING, "503/24004", "503/24008", "509/0"))
"""Answers after which the connector asks again."""
_YEAR, _MONTH, _DAY = map(int, BORN.split("-"))
_PERSON: Final = {
    "nomNaissance": NOM,
    "nomUsage": USAGE,
    "prenoms": [PRENOM, SECOND],
    "anneeDateNaissance": _YEAR,
    "moisDateNaissance": _MONTH,
    "jourDateNaissance": _DAY,
    "sexeEtatCivil": "F",
    "codeCogInseePaysNaissance": PAYS,
    "codeCogInseeCommuneNaissance": COMMUNE,
}
_QUOTIENT: Final = {
    "quotient_familial": {
        "fournisseur": "CNAF",
        "valeur": 464,
        "annee": 2026,
        "mois": 6,
        "annee_calcul": 2026,
        "mois_calcul": VALUE,
    },
    "allocataires": [],
    "enfants": [],
    "adresse": {
        "destinataire": DATA,
        **dict.fromkeys(("complement_information", "complement_information_geographique", "lieu_dit")),
        "numero_libelle_voie": DATA,
        "code_postal_ville": "38000 GRENOBLE",
        "pays": "FRANCE",
        MEMBER: VALUE,
    },
}


def identifier_of(status: str, code: str) -> str:
    """Return the identifiant that is answered so."""
    return f"{IDENTIFIANT}.{status}.{code}"


def write_cases(folder: Path) -> None:
    """Write the folder of cases."""
    shutil.copytree(SHIPPED, folder)
    civility = "api_particulier_v3_cnav_{}_with_civility"
    _write(folder, civility.format("quotient_familial"), _PERSON, 200, {"data": _QUOTIENT})
    unmatched = {"errors": [{"code": "36560", "title": DETAIL, "detail": DETAIL}]}
    _write(folder, civility.format("quotient_familial"), _PERSON | {"prenoms": [SECOND]}, 422, unmatched)
    wrong = {"data": {"est_beneficiaire": VALUE, MEMBER: VALUE}}
    _write(folder, civility.format("revenu_solidarite_active"), _PERSON, 200, wrong)
    for operation, answers in (
        ("api_particulier_v3_sdh_statut_sportif_with_identifiant", OUTCOMES),
        ("api_particulier_v3_france_travail_statut_with_identifiant", PASSING),
    ):
        for status, code in answers:
            error = {"code": code, "title": DETAIL, "detail": DETAIL, "meta": {"provider": DETAIL}}
            params = {"identifiant": identifier_of(status, code)}
            _write(folder, operation, params, int(status), {"errors": [error]})
    for operation, shipped, canary in (
        ("api_particulier_v3_mesri_statut_etudiant_with_ine", "0990000001A", INE),
        ("api_particulier_v3_sdh_statut_sportif_with_identifiant", "990000001", IDENTIFIANT),
        ("api_impot_particulier_v1_situation_ir", "3099999999001", FISCAL),
        ("api_particulier_v3_ants_extrait_immatriculation_vehicule_with_france_connect", "ZZ-123-ZZ", PLATE),
        ("france_connect", "'exemple'", f"'{CONSENT}'"),
    ):
        _adopt(folder / operation, shipped, canary)


def _write(folder: Path, operation: str, params: dict[str, Any], status: int, payload: object) -> None:
    case = {"params": params, "status": status, "payload": json.dumps(payload, ensure_ascii=False)}
    name = f"canary-{len(list((folder / operation).iterdir()))}.yaml"
    (folder / operation / name).write_text(yaml.safe_dump(case, allow_unicode=True), "utf-8")


def _adopt(folder: Path, shipped: str, canary: str) -> None:
    """Have a shipped case answer for a canary, with a canary for its texts."""
    for path in list(folder.glob("*.yaml")):
        text = path.read_text("utf-8")
        if shipped in text and "canary" not in path.name:
            changed = text.replace(shipped, canary).replace("DES ESSAIS", DATA).replace("Essais", DATA)
            (folder / f"canary-of-{path.name}").write_text(changed, "utf-8")
