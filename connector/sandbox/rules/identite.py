"""Checks of a civil identity.

Source: API Particulier's OpenAPI file and its server's public code. An endpoint of ``dss`` completes what is
unknown; the others demand a whole date, and have codes of their own for each of its parts.
"""

import re
from datetime import date, timedelta
from typing import Final

from connector.sandbox.faults import ApiFault, malformed, unprocessable
from connector.sandbox.rules.call import Call, Check

_NAME: Final = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿ'’ -]+")
"""With the typographic apostrophe too, which the server takes for the plain one."""
_COUNTRY: Final = re.compile(r"99[0-9]{3}|92352")
_COMMUNE: Final = re.compile(r"(?:[013-9][0-9]|2[ABab1-9])[0-9]{3}")
_SEXES: Final = ("M", "F")
_MONTHS: Final = range(1, 13)
_DAYS: Final = range(1, 32)
_FRANCE: Final = "99100"
_EARLIEST: Final = date(1900, 1, 1)


def nom_naissance(call: Call) -> ApiFault | None:
    """Check the birth name."""
    return None if _NAME.fullmatch(call.one("nomNaissance")) else malformed("00420", "nom de naissance")


def nom_usage(call: Call) -> ApiFault | None:
    """Check the name in use, which may be absent."""
    name = call.one("nomUsage")
    return malformed("00426", "nom d'usage") if name and not _NAME.fullmatch(name) else None


def prenoms(most: int, missing: ApiFault) -> Check:
    """Return the check of the first names: one to ``most``; ``missing`` is the error when there is none."""

    def check(call: Call) -> ApiFault | None:
        names = call.params.get("prenoms[]", [])
        if not names:
            return missing
        is_good = len(names) <= most and all(_NAME.fullmatch(name) for name in names)
        return None if is_good else malformed("00421", "prénoms")

    return check


def sexe(call: Call) -> ApiFault | None:
    """Check the sex of the civil status."""
    if call.one("sexeEtatCivil").upper() in _SEXES:
        return None
    return unprocessable("00427", "Le sexe de l'état civil est manquant")


def sexe_if_given(call: Call) -> ApiFault | None:
    """Check the sex where it may be absent: ``cnous``."""
    return sexe(call) if call.one("sexeEtatCivil") else None


def pays(call: Call) -> ApiFault | None:
    """Check the country of birth."""
    is_country = _COUNTRY.fullmatch(call.one("codeCogInseePaysNaissance"))
    return None if is_country else malformed("00400", "code du pays de naissance")


def commune_if_given(call: Call) -> ApiFault | None:
    """Check the code of the commune of birth where it may be absent: ``cnous`` and ``mesri``."""
    code = call.one("codeCogInseeCommuneNaissance")
    return malformed("00365", "lieu de naissance") if code and not _COMMUNE.fullmatch(code) else None


def commune_by_code(call: Call) -> ApiFault | None:
    """Check the place of birth where a commune has no name: ``dsnj``."""
    is_missing = _is_born_in_france(call) and not call.one("codeCogInseeCommuneNaissance")
    return malformed("00365", "lieu de naissance") if is_missing else commune_if_given(call)


def commune(call: Call) -> ApiFault | None:
    """Check the commune of birth, which may be absent: by code, or by name with the département and the year."""
    if call.one("codeCogInseeCommuneNaissance") or not call.one("nomCommuneNaissance"):
        return commune_if_given(call)
    if not call.one("codeCogInseeDepartementNaissance"):
        return unprocessable("00428", "Le département de naissance est manquant")
    if not call.one("anneeDateNaissance"):
        return unprocessable("00422", "L'année de naissance est manquante")
    return None


def date_partly_known(call: Call) -> ApiFault | None:
    """Check the date of birth: any part may be unknown, a whole one lies between 1900 and yesterday."""
    fault = malformed("00363", "date de naissance")
    annee, mois, jour = (call.number(f"{part}DateNaissance") for part in ("annee", "mois", "jour"))
    if annee == 0 or mois not in (None, *_MONTHS) or jour not in (None, *_DAYS):
        return fault
    if annee is None or mois is None or jour is None:
        return None
    try:
        born = date(annee, mois, jour)
    except ValueError:
        return fault
    return None if _EARLIEST <= born <= call.today - timedelta(days=1) else fault


def whole_date(call: Call) -> ApiFault | None:
    """Check the date of birth: whole, each part with its code, and a day of the calendar."""
    annee, mois, jour = (call.number(f"{part}DateNaissance") or 0 for part in ("annee", "mois", "jour"))
    if not annee:
        return unprocessable("00422", "L'année de naissance est manquante")
    if mois not in _MONTHS:
        return unprocessable("00423", "Le mois de naissance est manquant")
    if jour not in _DAYS:
        return unprocessable("00424", "Le jour de naissance est manquant")
    try:
        date(annee, mois, jour)
    except ValueError:
        return unprocessable("00425", "La date de naissance n'est pas valide")
    return None


def _is_born_in_france(call: Call) -> bool:
    return call.one("codeCogInseePaysNaissance") == _FRANCE
