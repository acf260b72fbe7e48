"""The official cases, and the vendor's job that asks what each answers.

Source: the public sandbox's cases, in ``../shared/reference/api-particulier/cases``, and the newer ones in ``2026-10``
beside it, which supersede those of the same name, read where they stand. How a case becomes a job is written from the
contract's words, not with the connector's code.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from connector.catalogue import CATALOGUE
from connector.catalogue.definition import CheckDefinition, Endpoint
from connector.sandbox.france_connect import issue_france_connect_token
from tests.conftest import REFERENCE
from tests.jobs import job

CASES = REFERENCE / "cases"
NEWER = REFERENCE / "2026-10" / "cases"
DAY = "2026-05-15"
"""Spring 2026, when the cases were written."""
TOKENS = "france_connect"
"""A folder of FranceConnect tokens, which are no cases."""
COUNT = 332

IDENTITY = {
    "nomNaissance",
    "nomUsage",
    "prenoms",
    "sexeEtatCivil",
    "anneeDateNaissance",
    "moisDateNaissance",
    "jourDateNaissance",
    "codeCogInseePaysNaissance",
    "codeCogInseeCommuneNaissance",
}
OLD_NAMES = {
    "codeInseeLieuDeNaissance": "codeCogInseeCommuneNaissance",
    "codePaysLieuDeNaissance": "codeCogInseePaysNaissance",
    "prenom": "prenoms",
}


@dataclass(frozen=True)
class OfficialCase:
    """One file."""

    definition: CheckDefinition
    endpoint: Endpoint
    path: Path
    params: dict[str, Any]
    status: int
    payload: dict[str, Any]

    @property
    def name(self) -> str:
        """Its folder and its file, as this folder's README would name it."""
        return f"{self.path.parent.name.removeprefix('api_particulier_')}/{self.path.stem}"


def official_cases() -> list[OfficialCase]:
    """Return every case of the reference; fails when a folder belongs to no endpoint of the catalogue."""
    if not CASES.is_dir():
        return []
    endpoints = {
        endpoint.operation: (definition, endpoint)
        for definition in CATALOGUE.values()
        for endpoint in definition.endpoints
    }
    return [_read(path, *endpoints[operation]) for operation, path in in_force() if operation != TOKENS]


def in_force() -> list[tuple[str, Path]]:
    """Return every file that no newer one supersedes, with the folder that it is in."""
    files: dict[tuple[str, str], Path] = {}
    for root in (CASES, NEWER):
        for path in sorted(root.glob("*/*.y*ml")):
            # Nobody matches: a 404 of the older cases, a 422 of the newer ones.
            name = (
                path.stem.removeprefix("404-").removeprefix("422-") if "identite" in path.stem else path.stem
            )
            files[path.parent.name, name] = path
    return sorted((operation, path) for (operation, _name), path in files.items())


def together(folder: Path) -> Path:
    """Return a folder in which the sandbox finds the files in force, where they stand."""
    for operation, path in in_force():
        link = folder / operation / path.name
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(path)
    return folder


def _read(path: Path, definition: CheckDefinition, endpoint: Endpoint) -> OfficialCase:
    document = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
    params = {OLD_NAMES.get(name, name): value for name, value in document["params"].items()}
    return OfficialCase(
        definition, endpoint, path, params, int(document["status"]), json.loads(document["payload"])
    )


def as_job(case: OfficialCase) -> dict[str, Any]:
    """Return the job that asks what the case answers, as far as its parameters go."""
    others = {snake(name): value for name, value in case.params.items() if name not in IDENTITY}
    known = case.endpoint.params.model_fields
    check = {
        "check": case.definition.name,
        "call": case.endpoint.call.value,
        "api_version": case.endpoint.api_version,
        "params": {name: value for name, value in others.items() if name in known},
    }
    match case.endpoint.call.value:
        case "identite":
            # A country is no parameter of the students' endpoints, and is one of the contract's place of birth.
            implied = {} if "/dss/" in case.endpoint.path else {"code_pays": "99100"}
            return job(check, identity=person(case.params, implied))
        case "france_connect":
            return job(check, identity=None, france_connect_token=token(case))
        case _:
            return job(check, identity=None)


def snake(name: str) -> str:
    """Return one of the API's names as the contract writes it."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def person(params: dict[str, Any], place: dict[str, Any]) -> dict[str, Any]:
    """Return the identity that a case's parameters describe; ``place`` completes its place of birth."""
    born = [params.get(f"{part}DateNaissance") for part in ("annee", "mois", "jour")]
    known = [f"{part:02}" for part in born if part is not None]
    given = {
        name: params[api_name]
        for name, api_name in (
            ("code_pays", "codeCogInseePaysNaissance"),
            ("code_commune", "codeCogInseeCommuneNaissance"),
        )
        if api_name in params
    }
    return {
        "nom_naissance": params.get("nomNaissance"),
        "nom_usage": params.get("nomUsage"),
        "prenoms": params.get("prenoms"),
        "sexe": params.get("sexeEtatCivil"),
        "date_naissance": "-".join(known) if born[0] is not None else None,
        "lieu_naissance": place | given if given else None,
    }


def token(case: OfficialCase) -> str:
    """Return the token file whose identity is the case's, else a token made from the case's own identity."""
    params = {field.serialization_alias or name for name, field in case.endpoint.params.model_fields.items()}
    asked = {name: value for name, value in case.params.items() if name not in params}
    # No token file has a name in use.
    compared = {name: value for name, value in asked.items() if name != "nomUsage"}
    for path in sorted((CASES / TOKENS).glob("*.y*ml")):
        document = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
        introspection = json.loads(document["payload"])["token_introspection"]
        holds_scope = set(case.definition.scopes) & set(introspection["scope"].split())
        if holds_scope and compared.items() <= pivot(introspection).items():
            return str(document["params"]["token"])
    return issue_france_connect_token(
        asked, frozenset(case.definition.scopes), datetime.now(UTC) + timedelta(minutes=10)
    )


def pivot(introspection: dict[str, Any]) -> dict[str, Any]:
    """Return FranceConnect's pivot identity under API Particulier's names."""
    annee, mois, jour = map(int, introspection["birthdate"].split("-"))
    return {
        "nomNaissance": introspection["family_name"],
        "prenoms": introspection["given_name_array"],
        "anneeDateNaissance": annee,
        "moisDateNaissance": mois,
        "jourDateNaissance": jour,
        "sexeEtatCivil": {"male": "M", "female": "F"}[introspection["gender"]],
        "codeCogInseePaysNaissance": introspection["birthcountry"],
        "codeCogInseeCommuneNaissance": introspection["birthplace"],
    }
