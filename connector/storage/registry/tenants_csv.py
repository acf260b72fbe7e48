"""Tenants as a table, for those who keep a list of CCAS in a spreadsheet: CSV in UTF-8, with or without a mark (BOM).

Columns, in any order, named in the first row, separated by ``;`` or ``,``: ``siret``, ``name`` and ``vendors`` (their
names, separated by spaces or ``;``), and, where wanted, ``token_env`` or ``token_file``, which say where the token is,
and ``quota_<group>``, such as ``quota_particulier`` with ``20/s,250/min``. An empty cell leaves a token as it is; where
a table has quotas, an empty cell means the general one. Vendors themselves are added apart.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from connector.catalogue.definition import QuotaGroup
from connector.storage.registry.tenants_file import TenantsFile, TenantsFileError, defect_of

_REQUIRED: Final = ("siret", "name", "vendors")
_QUOTAS: Final = {f"quota_{group}": str(group) for group in QuotaGroup}
_TOKENS: Final = {"token_env": "env", "token_file": "file"}
_COLUMNS: Final = (*_REQUIRED, *_TOKENS, *_QUOTAS)
_SEPARATORS: Final = ";,"
_WORDS: Final = re.compile(r"(?=.{1,32}$)[^\W\d]+( [^\W\d]+)*")
"""What may be the name of a column: where the first row is missing, anything stands in its place, a secret too."""


def read_tenants_csv(path: Path) -> TenantsFile:
    """Parse and check the file. Raises ``TenantsFileError`` at its first defect, with the number of its line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise TenantsFileError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise TenantsFileError(f"{path}: not UTF-8; save it as CSV UTF-8") from None
    lines: dict[str, int] = {}
    tenants: dict[str, Any] = {}
    for line, row in _rows(path, text):
        siret = row["siret"]
        if siret in lines:
            raise TenantsFileError(
                f"{path}: line {line}: the SIRET {siret} is on line {lines[siret]} already; keep one of them"
            )
        lines[siret] = line
        tenants[siret] = _tenant(row)
    try:
        return TenantsFile.model_validate({"tenants": tenants})
    except ValidationError as error:
        (_, siret, *place), message = defect_of(error)
        column = _column_of(place) or "siret"
        raise TenantsFileError(f"{path}: line {lines[siret]}: {column}: {message}") from None


def _rows(path: Path, text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield each row that is not empty, with the line that it ends on."""
    head = text.split("\n", 1)[0]
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=max(_SEPARATORS, key=head.count), strict=True
    )
    columns: list[str] | None = None
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if not any(stripped):
                continue
            if columns is None:
                columns = _header(path, stripped)
                continue
            if len(stripped) != len(columns):
                raise TenantsFileError(
                    f"{path}: line {reader.line_num}: {len(stripped)} cells, where the first row has {len(columns)}"
                )
            yield reader.line_num, dict(zip(columns, stripped, strict=True))
    except csv.Error as error:
        raise TenantsFileError(f"{path}: line {reader.line_num}: not CSV ({error})") from None
    if columns is None:
        raise TenantsFileError(f"{path}: empty; the first row must name the columns {', '.join(_REQUIRED)}")


def _header(path: Path, names: list[str]) -> list[str]:
    columns = [name.lower() for name in names]
    unknown = next((place for place, name in enumerate(columns) if name not in _COLUMNS), None)
    if unknown is not None:
        shown = repr(columns[unknown]) if _WORDS.fullmatch(columns[unknown]) else f"cell {unknown + 1}"
        raise TenantsFileError(
            f"{path}: {shown} of the first row is no column; those known are {', '.join(_COLUMNS)}"
        )
    twice = next((name for name in columns if columns.count(name) > 1), None)
    if twice is not None:
        raise TenantsFileError(f"{path}: the column {twice} is there twice")
    missing = [name for name in _REQUIRED if name not in columns]
    if missing:
        raise TenantsFileError(f"{path}: the column {missing[0]} is missing; the first row names the columns")
    return columns


def _tenant(row: Mapping[str, str]) -> dict[str, Any]:
    """Return a row in the form of the TOML file's table."""
    tenant: dict[str, Any] = {
        "name": row["name"],
        "vendors": tuple(row["vendors"].replace(";", " ").split()),
    }
    if token := {key: row[column] for column, key in _TOKENS.items() if row.get(column)}:
        tenant["token"] = token
    if any(column in row for column in _QUOTAS):
        tenant["quotas"] = {group: row[column] for column, group in _QUOTAS.items() if row.get(column)}
    return tenant


def _column_of(place: list[str]) -> str:
    """Return the column that a member of a tenant came from."""
    if place[:1] == ["token"]:
        return "token_env, token_file"
    return f"quota_{place[1]}" if place[:1] == ["quotas"] else ".".join(place[:1])
