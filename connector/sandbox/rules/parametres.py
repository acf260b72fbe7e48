"""Checks of the parameters that are no civil identity.

Source: API Particulier's OpenAPI file and its server's public code.
"""

import re
from typing import Final

from connector.sandbox.faults import ApiFault, malformed, unprocessable
from connector.sandbox.rules.call import Call
from schemas.siret import is_siret

_INE: Final = re.compile("[0-9a-zA-Z]{11}")
_MONTHS: Final = range(1, 13)
_MONTHS_KEPT: Final = 23
_FIRST_CAMPAIGN: Final = 2021
_YEAR: Final = re.compile("[0-9]{4}")


def recipient(call: Call) -> ApiFault | None:
    """Check the SIRET of the administration that asks."""
    if not call.one("recipient"):
        return unprocessable("00203", "Le paramètre recipient est obligatoire", "recipient")
    if not is_siret(call.one("recipient")):
        return unprocessable("00210", "Le paramètre recipient n'est pas un siret valide", "recipient")
    return None


def period(call: Call) -> ApiFault | None:
    """Check the month of a family quotient: the current one or one of the 23 before it."""
    annee, mois = call.number("annee"), call.number("mois")
    if mois is not None and mois not in _MONTHS:
        return malformed("00354", "mois")
    asked = 12 * (annee if annee is not None else call.today.year) + (mois or call.today.month)
    age = 12 * call.today.year + call.today.month - asked
    if age < 0:
        return unprocessable("00354" if mois else "00356", "La période demandée est dans le futur")
    if annee is not None and annee < call.today.year - 2:
        return unprocessable("00356", "L'année demandée est l'année en cours ou l'une des deux précédentes")
    if age > _MONTHS_KEPT:
        return unprocessable("00355", "La période demandée est antérieure de plus de 23 mois")
    return None


def campaign_year(call: Call) -> ApiFault | None:
    """Check the year in which a school year starts, which may be absent: from 2021 on, those to come too."""
    year = call.one("campaignYear")
    if not year:
        return None
    is_good = _YEAR.fullmatch(year) and int(year) >= _FIRST_CAMPAIGN
    return None if is_good else malformed("00368", "campaignYear, à partir de 2021")


def ine(call: Call) -> ApiFault | None:
    """Check a student's national number."""
    return None if _INE.fullmatch(call.one("ine")) else malformed("00360", "numéro d'INE")


def identifiant(call: Call) -> ApiFault | None:
    """Check that the person's identifier is there."""
    return None if call.one("identifiant").strip() else unprocessable("00380", "L'identifiant est manquant")


def immatriculation(call: Call) -> ApiFault | None:
    """Check that the number plate is there."""
    is_there = call.one("immatriculation").strip()
    return None if is_there else unprocessable("00430", "L'immatriculation du véhicule est manquante")
