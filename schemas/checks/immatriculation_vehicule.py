"""``immatriculation_vehicule``: a vehicle's registration, as the person who holds or rents it may show it.

Source of the fields: ``/v3/ants/extrait_immatriculation_vehicule/france_connect`` in API Particulier's OpenAPI file.
"""

from typing import Annotated, Final

from pydantic import Field

from schemas.base import DataModel, Known, RequestModel, Scope
from schemas.checks.parametres import Immatriculation
from schemas.checks.valeurs import Integer, Number, Sexe
from schemas.dates import IsoDate

CATEGORIES: Final = (
    *("M1", "M2", "M3", "N1", "N2", "N3", "O1", "O2", "O3", "O4"),
    *("L1e", "L2e", "L3e", "L4e", "L5e", "L6e", "L7e"),
)
GENRES: Final = (
    *("VP", "CTTE", "VASP", "TCP", "TRR", "CAM", "REM", "RESP", "SRAT", "SREM"),
    *("CL", "CYCL", "MTL", "MTT1", "MTT2", "MOTO", "MAGA", "QM", "TRA"),
)
CARBURANTS: Final = (
    *("AC", "EE", "EG", "EH", "EL", "EM", "EN", "EP", "EQ", "ER", "ES", "ET"),
    *("FE", "FG", "FH", "FL", "FN", "GA", "GF", "GG", "GH", "GL", "GM", "GN", "GO", "GP", "GQ", "GZ"),
    *("H2", "HE", "HH", "HY", "NE", "NH", "PE", "PH", "PL"),
)
CLASSES: Final = (
    *("Euro 1", "Euro 2", "Euro 3", "Euro 4", "Euro 5", "Euro 5a", "Euro 5b"),
    *("Euro 6", "Euro 6b", "Euro 6c", "Euro 6d-TEMP", "Euro 6d", "Euro 6e", "Euro VI"),
)

StatutRattachement = Annotated[str, Known(("locataire", "titulaire", "cotitulaire"))]
"""How the person holds the vehicle: long-term rental, owner, or co-owner."""


class ImmatriculationVehiculeParams(RequestModel):
    """The vehicle asked about."""

    immatriculation: Annotated[Immatriculation, Field(examples=["AA-000-ZZ"])]
    """The number plate."""


class IdentiteParticulier(DataModel):
    """The person on the registration file, which FranceConnect's identity may be compared with."""

    nom: str | None = None
    prenom: str | None = None
    """Of a natural person."""
    sexe_etat_civil: Sexe | None = None
    annee_date_naissance: Integer | None = None
    mois_date_naissance: Integer | None = None
    jour_date_naissance: Integer | None = None
    code_departement_naissance: str | None = None


class AdresseParticulier(DataModel):
    """The person's address on the registration file."""

    complement_information: str | None = None
    num_voie: str | None = None
    type_voie: str | None = None
    libelle_voie: str | None = None
    code_postal_ville: str | None = None
    """The post code alone; the town is in ``libelle_commune``."""
    libelle_commune: str | None = None
    lieu_dit: str | None = None
    etage_escalier_appartement: str | None = None
    extension: str | None = None
    """Bis, ter, …"""
    pays: str | None = None


class StatutLocation(DataModel):
    """Whether the vehicle is rented; both members are null when it is not."""

    code: str | None = None
    """LLD, LCB and LCL are long-term rentals."""
    label: str | None = None


class DonneesImmatriculation(DataModel):
    """The registration."""

    numero_immatriculation: str | None = None
    date_premiere_immatriculation: IsoDate | None = None
    statut_location: StatutLocation | None = None


class CategorieVehicule(DataModel):
    """The vehicle's European category."""

    code: Annotated[str, Known(CATEGORIES)] | None = None
    """``M1`` is a passenger car."""
    label: str | None = None


class GenreNational(DataModel):
    """The vehicle's French category."""

    code: Annotated[str, Known(GENRES)] | None = None
    """``VP`` is a passenger car."""
    label: str | None = None


class TypeCarburant(DataModel):
    """What the vehicle runs on."""

    code: Annotated[str, Known(CARBURANTS)] | None = None
    """``ES`` is petrol, ``GO`` diesel, ``EL`` electricity."""
    label: str | None = None


class ClasseEnvironnementale(DataModel):
    """The European emission standard that the vehicle meets."""

    code: Annotated[str, Known(CLASSES)] | None = None
    label: str | None = None


class CaracteristiquesTechniques(DataModel):
    """The vehicle."""

    marque: str | None = None
    type_variante_version: str | None = None
    denomination_commerciale: str | None = None
    masse_charge_maximale: Number | None = None
    """Largest allowed mass when loaded, in kilograms."""
    categorie_vehicule: CategorieVehicule | None = None
    genre_national: GenreNational | None = None
    cylindree: Number | None = None
    """Cubic centimetres."""
    type_carburant: TypeCarburant | None = None
    taux_co2: Number | None = None
    """Grams per kilometre."""
    classe_environnementale: ClasseEnvironnementale | None = None


class ImmatriculationVehiculeData(DataModel):
    """Five blocks, each under a scope of its own."""

    identite_particulier: Annotated[
        IdentiteParticulier | None,
        Scope("ants_extrait_immatriculation_vehicule_identite_particulier"),
    ] = None
    adresse_particulier: Annotated[
        AdresseParticulier | None,
        Scope("ants_extrait_immatriculation_vehicule_adresse_particulier"),
    ] = None
    statut_rattachement: Annotated[
        StatutRattachement | None,
        Scope("ants_extrait_immatriculation_vehicule_statut_rattachement"),
    ] = None
    """``locataire`` holds a long-term rental."""
    donnees_immatriculation_vehicule: Annotated[
        DonneesImmatriculation | None,
        Scope("ants_extrait_immatriculation_vehicule_donnees_immatriculation_vehicule"),
    ] = None
    caracteristiques_techniques_vehicule: Annotated[
        CaracteristiquesTechniques | None,
        Scope("ants_extrait_immatriculation_vehicule_caracteristiques_techniques_vehicule"),
    ] = None
