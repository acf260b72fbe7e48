"""The columns of a CSV file of jobs, and the job that a row of them is. Pure."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from connector.catalogue import CATALOGUE

_TEXTS: Final = ("job_id", "tenant", "dossier", "agent", "purpose", "expires_at", "france_connect_token")
_VARIANTS: Final = "identity_variants"
_IDENTITY: Final = ("nom_naissance", "nom_usage", "prenoms", "sexe", "date_naissance")
_BIRTHPLACE: Final = ("code_pays", "code_commune", "nom_commune", "code_departement")
_CHECKS: Final = "checks"
REQUIRED: Final = ("job_id", "tenant", _CHECKS)
SEPARATOR: Final = "|"
"""Between several first names, checks or codes in one cell."""
_BOOLEANS: Final = {"oui": True, "non": False, "true": True, "false": False, "1": True, "0": False}
_WHOLE: Final = re.compile("[0-9]{1,9}")


class CellError(ValueError):
    """A cell or a column cannot be used; the message, in French, says what is allowed, and shows no cell."""


def params_columns() -> Mapping[str, str]:
    """Return the columns of the checks' own parameters, ``<check>.<parameter>``, with the kind of each."""
    return {
        f"{definition.name}.{name}": _kind(str(member.annotation))
        for definition in CATALOGUE.values()
        for endpoint in definition.endpoints
        for name, member in endpoint.params.model_fields.items()
    }


def _kind(annotation: str) -> str:
    if "tuple" in annotation:
        return "list"
    return "whole" if re.search(r"\bint\b", annotation) else "text"


def columns() -> tuple[str, ...]:
    """Return every column that a file may have."""
    return (*_TEXTS, _VARIANTS, *_IDENTITY, *_BIRTHPLACE, _CHECKS, *params_columns())


def checked_columns(names: Sequence[str]) -> list[str]:
    """Return the columns that a first row names. Raises ``CellError``."""
    found = [name.strip().lower() for name in names]
    every = columns()
    for name in found:
        if name not in every:
            shown = f"« {name} »" if re.fullmatch(r"[\w.-]{1,64}", name) else f"n° {found.index(name) + 1}"
            close = difflib.get_close_matches(name, every, n=3)
            hint = f"proches : {', '.join(close)} ; " if close else ""
            general = ", ".join(one for one in every if "." not in one)
            raise CellError(
                f"colonne {shown} inconnue ; {hint}permises : {general}, et <vérification>.<paramètre>, par exemple "
                "quotient_familial.annee"
            )
        if found.count(name) > 1:
            raise CellError(f"colonne {name} : présente deux fois")
    missing = [name for name in REQUIRED if name not in found]
    if missing:
        raise CellError(
            f"colonne {missing[0]} absente ; la première ligne nomme les colonnes, dont {', '.join(REQUIRED)}"
        )
    return found


def job_of_row(row: Mapping[str, str]) -> dict[str, Any]:
    """Return the job of a row; an empty cell is an absent member. Raises ``CellError`` with the column's name."""
    given = {name: cell.strip() for name, cell in row.items() if cell.strip()}
    for name in REQUIRED:
        if name not in given:
            raise CellError(f"colonne {name} : vide")
    job: dict[str, Any] = {"version": 1, **{name: given[name] for name in _TEXTS if name in given}}
    if identity := _identity(given):
        job["identity"] = identity
    if _VARIANTS in given:
        job[_VARIANTS] = _boolean(given[_VARIANTS])
    return {**job, "checks": list(_checks(given))}


def _identity(given: Mapping[str, str]) -> dict[str, Any]:
    identity: dict[str, Any] = {name: given[name] for name in _IDENTITY if name in given}
    if "prenoms" in identity:
        identity["prenoms"] = _several(given["prenoms"])
    if birthplace := {name: given[name] for name in _BIRTHPLACE if name in given}:
        identity["lieu_naissance"] = birthplace
    return identity


def _checks(given: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    kinds = params_columns()
    names = _several(given[_CHECKS])
    for column in given:
        if column in kinds and column.partition(".")[0] not in names:
            raise CellError(
                f"colonne {column} : remplie, alors que « checks » ne demande pas cette vérification"
            )
    for name in names:
        params = {
            column.partition(".")[2]: _value(column, cell, kinds[column])
            for column, cell in given.items()
            if column in kinds and column.startswith(f"{name}.")
        }
        yield {"check": name, **({"params": params} if params else {})}


def _value(column: str, cell: str, kind: str) -> Any:
    if kind == "list":
        return _several(cell)
    if kind == "text":
        return cell
    if not _WHOLE.fullmatch(cell):
        raise CellError(f"colonne {column} : attend un nombre entier")
    return int(cell)


def _boolean(cell: str) -> bool:
    if cell.lower() not in _BOOLEANS:
        raise CellError(f"colonne {_VARIANTS} : attend oui ou non")
    return _BOOLEANS[cell.lower()]


def _several(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(SEPARATOR) if part.strip()]
