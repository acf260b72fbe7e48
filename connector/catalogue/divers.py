"""National and civic service, high-level athletes, vehicles."""

from typing import Final

from connector.catalogue.definition import CheckDefinition, Endpoint, particulier_endpoint
from connector.catalogue.identity import DSNJ, GIP_MDS, IdentityProfile
from schemas.base import DataModel
from schemas.checks.immatriculation_vehicule import ImmatriculationVehiculeData, ImmatriculationVehiculeParams
from schemas.checks.parametres import IdentifiantParams, NoParams
from schemas.checks.service_civique import ServiceCiviqueData
from schemas.checks.service_national import ServiceNationalData
from schemas.checks.statut_sportif import StatutSportifData
from schemas.codes import Call


def _person(
    provider: str, name: str, data: type[DataModel], profile: IdentityProfile
) -> tuple[Endpoint, ...]:
    path, operation = f"/v3/{provider}/{name}", f"api_particulier_v3_{provider}_{name}"
    return (
        particulier_endpoint(Call.IDENTITE, path, operation, data, NoParams, identity=profile),
        particulier_endpoint(Call.FRANCE_CONNECT, path, operation, data, NoParams),
    )


DIVERS: Final = (
    CheckDefinition(
        name="service_national",
        title="Situation au regard du service national",
        summary=(
            "La situation de la personne au regard du service national. `indetermine` dit que la source ne "
            "sait pas, non que la personne est en faute. La commune de naissance se donne par son code."
        ),
        essential=("/statut_service_national",),
        provider="DSNJ",
        endpoints=_person("dsnj", "service_national", ServiceNationalData, DSNJ),
        not_concerned_detail=(
            "Le service national ne concerne que les personnes de 16 à 25 ans. Il n'y a rien à corriger."
        ),
    ),
    CheckDefinition(
        name="service_civique",
        title="Service civique",
        summary=(
            "Le contrat de service civique en cours, et le contrat passé. `contrat_trouve` à `false` est un "
            "`found`."
        ),
        essential=("/statut_actuel/contrat_trouve",),
        provider="GIP-MDS",
        endpoints=_person("gip_mds", "service_civique", ServiceCiviqueData, GIP_MDS),
    ),
    CheckDefinition(
        name="statut_sportif",
        title="Statut de sportif de haut niveau",
        summary=(
            "Le statut de sportif de haut niveau, par l'`identifiant` de la personne au ministère des Sports."
        ),
        essential=("/est_sportif_de_haut_niveau",),
        provider="SDH",
        endpoints=(
            particulier_endpoint(
                Call.IDENTIFIANT,
                "/v3/sdh/statut_sportif",
                "api_particulier_v3_sdh_statut_sportif",
                StatutSportifData,
                IdentifiantParams,
            ),
        ),
        no_record_detail=(
            "Aucun sportif n'a cet identifiant. Le vérifier avec la personne : c'est celui du ministère des Sports."
        ),
        notes=("D'un ancien sportif de haut niveau, `informations_statut` est nul.",),
        example_params={"identifiant": "990000001"},
    ),
    CheckDefinition(
        name="immatriculation_vehicule",
        title="Extrait d'immatriculation d'un véhicule",
        summary=(
            "L'extrait d'immatriculation d'un véhicule, par FranceConnect seulement, avec sa plaque. Un "
            "véhicule qui n'est pas rattaché à la personne est un `not_found`."
        ),
        essential=("/donnees_immatriculation_vehicule/numero_immatriculation",),
        provider="ANTS",
        endpoints=(
            particulier_endpoint(
                Call.FRANCE_CONNECT,
                "/v3/ants/extrait_immatriculation_vehicule",
                "api_particulier_v3_ants_extrait_immatriculation_vehicule",
                ImmatriculationVehiculeData,
                ImmatriculationVehiculeParams,
            ),
        ),
        no_record_detail=(
            "Aucun véhicule de cette immatriculation n'est rattaché à la personne identifiée. Vérifier la plaque sur le "
            "certificat d'immatriculation, et qui en est titulaire."
        ),
        notes=(
            (
                "Une plaque qui existe et dont la personne n'est pas titulaire est `not_identified` : c'est souvent celle du "
                "conjoint."
            ),
            "Les anciens véhicules n'ont ni classe environnementale, ni taux de CO2, ni cylindrée : ces champs sont nuls.",
        ),
        example_params={"immatriculation": "ZZ-123-ZZ"},
    ),
)
