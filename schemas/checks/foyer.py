"""A family as its fund, CAF or MSA, knows it: what the family quotient and the EAJE rate share."""

from schemas.base import DataModel
from schemas.checks.valeurs import LooseDate, Sexe


class Personne(DataModel):
    """A member of the family."""

    nom_naissance: str | None = None
    nom_usage: str | None = None
    prenoms: str | None = None
    """All the first names in one text, separated by spaces."""
    date_naissance: LooseDate | None = None
    """ISO, as far as it is known; null where nothing is. Funds hold incomplete births, and one of the API's examples shows ``200&-04-23``."""
    sexe: Sexe | None = None


class Adresse(DataModel):
    """The family's address as it declared it, line by line as La Poste writes one; it may be out of date."""

    destinataire: str | None = None
    complement_information: str | None = None
    complement_information_geographique: str | None = None
    numero_libelle_voie: str | None = None
    lieu_dit: str | None = None
    code_postal_ville: str | None = None
    """Post code and town; EAJE's examples hold the post code alone."""
    pays: str | None = None
