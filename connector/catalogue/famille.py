"""Family and minimum-income benefits: the CAF and the MSA, through the ``dss`` endpoints."""

from datetime import date
from typing import Any, Final

from connector.catalogue.definition import CheckDefinition, Endpoint, particulier_endpoint
from connector.defects import Defect, invalid
from connector.identity import DSS
from schemas.base import DataModel, RequestModel
from schemas.checks.allocation_adulte_handicape import AllocationAdulteHandicapeData
from schemas.checks.allocation_enfant_handicape import AllocationEnfantHandicapeData
from schemas.checks.allocation_rentree_scolaire import AllocationRentreeScolaireData
from schemas.checks.allocation_soutien_familial import AllocationSoutienFamilialData
from schemas.checks.complementaire_sante_solidaire import ComplementaireSanteSolidaireData
from schemas.checks.parametres import NoParams
from schemas.checks.participation_familiale_eaje import ParticipationFamilialeEajeData
from schemas.checks.prime_activite import PrimeActiviteData
from schemas.checks.quotient_familial import QuotientFamilialData, QuotientFamilialParams
from schemas.checks.revenu_solidarite_active import RevenuSolidariteActiveData
from schemas.codes import Call

_PROVIDER: Final = "CNAV"
_MONTHS_KEPT: Final = 23
"""Before the current month; the CAF keeps these, the MSA none."""
_MAYBE_ABSENT: Final = (
    "Aucun dossier n'a été trouvé. Un nouveau droit peut mettre 30 jours à apparaître, et un dossier peut sembler "
    "absent quand une caisse ne répond pas : en cas de doute, redemander."
)


def _calls(
    name: str, data: type[DataModel], params: type[RequestModel] = NoParams
) -> tuple[Endpoint, Endpoint]:
    path, operation = f"/v3/dss/{name}", f"api_particulier_v3_cnav_{name}"
    return (
        particulier_endpoint(Call.IDENTITE, path, operation, data, params, identity=DSS),
        particulier_endpoint(Call.FRANCE_CONNECT, path, operation, data, params),
    )


def _benefit(name: str, title: str, data: type[DataModel]) -> CheckDefinition:
    return CheckDefinition(
        name=name,
        title=title,
        provider=_PROVIDER,
        endpoints=_calls(name, data),
        no_record_detail=_MAYBE_ABSENT,
    )


def _quotient_month(params: QuotientFamilialParams, today: date) -> Defect | None:
    """Refuse a month to come, or one that no fund keeps.

    As the API does, an absent year or month is completed with the current one.
    """
    annee, mois = params.annee or today.year, params.mois or today.month
    age = (today.year - annee) * 12 + today.month - mois
    if 0 <= age <= _MONTHS_KEPT:
        return None
    detail = (
        "Le quotient familial n'existe pas encore pour un mois à venir."
        if age < 0
        else f"La CAF ne conserve que le mois en cours et les {_MONTHS_KEPT} précédents, la MSA le mois en cours."
    )
    return invalid("mois" if annee == today.year else "annee", detail)


def _quotient_provider(data: Any) -> str | None:
    return data.quotient_familial.fournisseur if data.quotient_familial else None


FAMILLE: Final = (
    CheckDefinition(
        name="quotient_familial",
        title="Quotient familial CAF et MSA",
        provider=_PROVIDER,
        endpoints=_calls("quotient_familial", QuotientFamilialData, QuotientFamilialParams),
        params_rule=_quotient_month,
        params_note="Sans `annee`, l'année en cours ; sans `mois`, le mois en cours.",
        no_record_detail=(
            "La CAF et la MSA n'ont pas de quotient familial pour cette personne à ce mois. En début de mois, la "
            "CAF ne le publie qu'après le premier week-end : redemander ensuite, ou demander un mois antérieur."
        ),
        provider_of=_quotient_provider,
    ),
    CheckDefinition(
        name="participation_familiale_eaje",
        title="Participation familiale pour un accueil en EAJE (crèche)",
        provider=_PROVIDER,
        endpoints=_calls("participation_familiale_eaje", ParticipationFamilialeEajeData),
        no_record_detail=(
            "La CAF et la MSA n'ont pas de dossier pour cette famille. Demander à la famille de quelle caisse elle "
            "dépend, et une attestation de cette caisse."
        ),
    ),
    _benefit("revenu_solidarite_active", "Revenu de solidarité active (RSA)", RevenuSolidariteActiveData),
    _benefit("prime_activite", "Prime d'activité", PrimeActiviteData),
    _benefit(
        "allocation_adulte_handicape",
        "Allocation aux adultes handicapés (AAH)",
        AllocationAdulteHandicapeData,
    ),
    _benefit(
        "allocation_enfant_handicape",
        "Allocation d'éducation de l'enfant handicapé (AEEH)",
        AllocationEnfantHandicapeData,
    ),
    _benefit(
        "allocation_soutien_familial", "Allocation de soutien familial (ASF)", AllocationSoutienFamilialData
    ),
    _benefit(
        "allocation_rentree_scolaire", "Allocation de rentrée scolaire (ARS)", AllocationRentreeScolaireData
    ),
    _benefit(
        "complementaire_sante_solidaire",
        "Complémentaire santé solidaire (C2S)",
        ComplementaireSanteSolidaireData,
    ),
)
