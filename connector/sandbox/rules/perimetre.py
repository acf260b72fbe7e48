"""Checks of where a pupil is looked for: a school, or an area with its degree.

Source: API Particulier's OpenAPI file and its server's public code, and the nomenclatures N_DEPARTEMENT and
N_REGION_ACADEMIQUE of the education ministry's base BCN, which is not INSEE's.
"""

import re
from collections.abc import Mapping
from typing import Final

from connector.sandbox.faults import ApiFault, malformed, unprocessable
from connector.sandbox.rules.call import Call

_SCHOOL: Final = re.compile("[0-9]{7}[0-9A-Za-z_]")
_SCHOOL_YEAR: Final = re.compile("[0-9]{4}(?:-[0-9]{4})?")
_DEGREES: Final = ("1D", "2D")
_AREAS: Final[Mapping[str, tuple[str, re.Pattern[str]]]] = {
    "codesBcnDepartements": (
        "00416",
        re.compile("0(?:0[1-9]|1[0-9]|2[1-9AB]|[3-8][0-9]|9[0-5])|97[1-8]|98[678]"),
    ),
    "codesBcnRegions": ("00417", re.compile("0[1-9]|1[0-8]")),
}
"""Per kind of area: the code of an error, and the values that the nomenclature has."""


def school_or_area(call: Call) -> ApiFault | None:
    """Check that the pupil is looked for in one school or in one kind of area."""
    school, areas = call.one("codeEtablissement"), _areas(call)
    if school and areas:
        return unprocessable("00419", "Un établissement et un périmètre s'excluent l'un l'autre")
    if areas:
        return _area(call, areas)
    return None if _SCHOOL.fullmatch(school) else malformed("00410", "code établissement")


def school(call: Call) -> ApiFault | None:
    """Check that the pupil is looked for in one school: version 3 knows no area."""
    return (
        None if _SCHOOL.fullmatch(call.one("codeEtablissement")) else malformed("00410", "code établissement")
    )


def school_year(call: Call) -> ApiFault | None:
    """Check the school year, as 2025 or 2025-2026."""
    is_good = _SCHOOL_YEAR.fullmatch(call.one("anneeScolaire"))
    return None if is_good else malformed("00411", "année scolaire")


def _areas(call: Call) -> list[str]:
    return [name for name in _AREAS if f"{name}[]" in call.params or call.one(name)]


def _area(call: Call, areas: list[str]) -> ApiFault | None:
    if call.one("degreEtablissement") not in _DEGREES:
        return malformed("00412", "degré d'établissement, 1D ou 2D")
    if len(areas) > 1:
        return malformed("00413", "exactement une sorte de périmètre")
    # Without its brackets the parameter is a text, where the API wants an array.
    codes = call.params.get(f"{areas[0]}[]", [""])
    if not all(map(str.strip, codes)):
        return malformed("00414", "valeurs du périmètre")
    fault, known = _AREAS[areas[0]]
    return None if all(map(known.fullmatch, codes)) else malformed(fault, areas[0])
