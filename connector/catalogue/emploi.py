"""Job seekers: France Travail, by the identifier of the person's own space there."""

from typing import Final

from connector.catalogue.definition import CheckDefinition, Endpoint, particulier_endpoint
from schemas.base import DataModel
from schemas.checks.indemnites_france_travail import IndemnitesFranceTravailData
from schemas.checks.parametres import IdentifiantParams
from schemas.checks.statut_demandeur_emploi import StatutDemandeurEmploiData
from schemas.codes import Call

_PROVIDER: Final = "France Travail"
_CHECK_IDENTIFIER: Final = (
    "France Travail ne connaît pas cet identifiant. Le vérifier avec la personne : c'est celui de son espace "
    "personnel sur francetravail.fr, pas son numéro de demandeur d'emploi."
)
_EXAMPLE: Final = {"identifiant": "claire.exemple"}


def _call(name: str, data: type[DataModel]) -> tuple[Endpoint]:
    path, operation = f"/v3/france_travail/{name}", f"api_particulier_v3_france_travail_{name}"
    return (particulier_endpoint(Call.IDENTIFIANT, path, operation, data, IdentifiantParams),)


EMPLOI: Final = (
    CheckDefinition(
        name="statut_demandeur_emploi",
        title="Statut de demandeur d'emploi",
        summary=(
            "L'inscription à France Travail. `identifiant` est le nom d'utilisateur de l'espace personnel "
            "sur francetravail.fr, pas le numéro de demandeur d'emploi. `date_fin` passée : la personne "
            "n'est plus inscrite."
        ),
        # A registration that has ended must not be read as one that goes on.
        essential=("/inscription/date_fin",),
        provider=_PROVIDER,
        endpoints=_call("statut", StatutDemandeurEmploiData),
        no_record_detail=_CHECK_IDENTIFIER,
        example_params=_EXAMPLE,
    ),
    CheckDefinition(
        name="indemnites_france_travail",
        title="Paiements versés par France Travail",
        summary=(
            "Les paiements versés par France Travail. `identifiant` est le nom d'utilisateur de l'espace "
            "personnel sur francetravail.fr, pas le numéro de demandeur d'emploi."
        ),
        essential=("/paiements",),
        provider=_PROVIDER,
        endpoints=_call("indemnites", IndemnitesFranceTravailData),
        no_record_detail=_CHECK_IDENTIFIER,
        example_params=_EXAMPLE,
    ),
)
