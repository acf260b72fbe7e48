"""``participation_familiale_eaje``: what a nursery needs to set a family's rate.

Source of the fields: ``/v3/dss/participation_familiale_eaje/identite`` in API Particulier's OpenAPI file.
"""

from typing import Annotated

from schemas.base import DataModel, Scope
from schemas.checks.foyer import Adresse, Personne
from schemas.checks.valeurs import Integer, Liste, Number


class PersonneEaje(Personne):
    """A member of the family, with the place of birth."""

    code_cog_insee_commune_naissance: str | None = None
    """As a rule known of the person asked about alone: null for a spouse and for children."""


class BaseRessourcesAnnuelles(DataModel):
    """The yearly income that the rate is computed on."""

    valeur: Number | None = None
    """Euros a year; decimals are possible."""
    annee_calcul: Integer | None = None
    """The year in which the computation was made; 0 where it is not known."""


class ParametresCalcul(DataModel):
    """What the rate depends on."""

    nombre_enfants_a_charge: Integer | None = None
    nombre_enfants_beneficiaire_aeeh: Integer | None = None
    """Children with the allowance for disabled children (AEEH)."""
    base_ressources_annuelles: BaseRessourcesAnnuelles | None = None


class ParticipationFamilialeEajeData(DataModel):
    """Four blocks, each under a scope of its own."""

    allocataires: Annotated[
        Liste[PersonneEaje] | None, Scope("cnav_participation_familiale_eaje_allocataires")
    ] = None
    """The person asked about and a spouse."""
    enfants: Annotated[Liste[PersonneEaje] | None, Scope("cnav_participation_familiale_eaje_enfants")] = None
    adresse: Annotated[Adresse | None, Scope("cnav_participation_familiale_eaje_adresse")] = None
    parametres_calcul_participation_familiale: Annotated[
        ParametresCalcul | None, Scope("cnav_participation_familiale_eaje_parametres_calcul")
    ] = None
