"""Family and minimum-income benefits: the CAF and the MSA, through the ``dss`` endpoints."""

from datetime import date
from typing import Any, Final

from connector.catalogue.definition import CheckDefinition, Contradiction, Endpoint, particulier_endpoint
from connector.catalogue.identity import DSS
from connector.jobs.defects import Defect, invalid
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
    "absent, même pour un bénéficiaire, quand une caisse ne répond pas : en cas de doute, redemander, puis demander une "
    "attestation."
)
_A_FUND_MAY_BE_SILENT: Final = (
    "Une caisse qui ne répond pas se traduit parfois par un dossier absent (`no_record`, code 40003), même pour un "
    "bénéficiaire : ne pas en conclure qu'il n'y a pas de droit. Un droit qui vient d'être ouvert peut mettre 30 jours à "
    "apparaître."
)


def _calls(
    name: str, data: type[DataModel], params: type[RequestModel] = NoParams
) -> tuple[Endpoint, Endpoint]:
    path, operation = f"/v3/dss/{name}", f"api_particulier_v3_cnav_{name}"
    return (
        particulier_endpoint(Call.IDENTITE, path, operation, data, params, identity=DSS),
        particulier_endpoint(Call.FRANCE_CONNECT, path, operation, data, params),
    )


def _benefit(
    name: str, title: str, summary: str, data: type[DataModel], essential: str = "/est_beneficiaire"
) -> CheckDefinition:
    return CheckDefinition(
        name=name,
        title=title,
        summary=summary,
        provider=_PROVIDER,
        essential=(essential,),
        endpoints=_calls(name, data),
        no_record_detail=_MAYBE_ABSENT,
        notes=(_A_FUND_MAY_BE_SILENT,),
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


def _quotient_of_another_month(
    data: QuotientFamilialData, params: QuotientFamilialParams
) -> Contradiction | None:
    """Refuse the quotient of another month than the one asked for, which a cache has given out before."""
    answered = data.quotient_familial
    if answered is None:
        return None
    asked = ((params.annee, answered.annee), (params.mois, answered.mois))
    if all(None in pair or pair[0] == pair[1] for pair in asked):
        return None
    return Contradiction(
        "/quotient_familial/mois",
        "La source a donné le quotient familial d'un autre mois que celui demandé. Demander un autre mois, ou une attestation "
        "à la famille.",
    )


def _quotient_provider(data: Any) -> str | None:
    return data.quotient_familial.fournisseur if data.quotient_familial else None


FAMILLE: Final = (
    CheckDefinition(
        name="quotient_familial",
        title="Quotient familial CAF et MSA",
        summary=(
            "Le quotient familial CAF ou MSA d'un mois, la famille et son adresse. Sans `annee` ni `mois`, "
            "le mois courant ; `annee` seule est le mois courant de cette année-là. `allocataires` et "
            "`enfants` sont ceux d'aujourd'hui, quel que soit le mois demandé. Le bac à sable ne répond que "
            "sans `annee` ni `mois`, et toujours pour le même mois."
        ),
        essential=("/quotient_familial/valeur",),
        provider=_PROVIDER,
        endpoints=_calls("quotient_familial", QuotientFamilialData, QuotientFamilialParams),
        params_rule=_quotient_month,
        answer_rule=_quotient_of_another_month,
        params_note="Sans `annee`, l'année en cours ; sans `mois`, le mois en cours.",
        no_record_detail=(
            "La CAF et la MSA n'ont pas de quotient familial pour cette personne à ce mois. En début de mois, la "
            "CAF ne le publie qu'après le premier week-end : redemander ensuite, ou demander un mois antérieur."
        ),
        notes=(
            (
                "Un quotient de 0 peut vouloir dire « inconnu » à la CAF, et non « sans ressources » : le vérifier avec la "
                "famille. `valeur` est nul quand le quotient ne peut pas être calculé."
            ),
            (
                "La CAF publie le mois courant après le premier week-end du mois ; avant, il n'y a pas de dossier "
                "(`no_record`). Elle seule a un historique, le mois courant et les 23 précédents. Les membres du foyer sont "
                "toujours ceux du mois courant."
            ),
            "Une réponse pour un autre mois que celui demandé est refusée (`unexpected_response`).",
        ),
        provider_of=_quotient_provider,
    ),
    CheckDefinition(
        name="participation_familiale_eaje",
        title="Participation familiale pour un accueil en EAJE (crèche)",
        summary=(
            "De quoi calculer le tarif d'un accueil en crèche : ressources annuelles, enfants à charge. Le "
            "calcul du tarif reste au logiciel."
        ),
        essential=tuple(
            f"/parametres_calcul_participation_familiale/{member}"
            for member in ("nombre_enfants_a_charge", "base_ressources_annuelles/valeur")
        ),
        provider=_PROVIDER,
        endpoints=_calls("participation_familiale_eaje", ParticipationFamilialeEajeData),
        no_record_detail=(
            "La CAF et la MSA n'ont pas de dossier pour cette famille. Demander à la famille de quelle caisse elle "
            "dépend, et une attestation de cette caisse."
        ),
        not_concerned_detail=(
            "La famille a un dossier ; la PSU ne la concerne pas : aucun enfant de moins de 7 ans. Il n'y a rien à corriger."
        ),
        notes=(
            (
                "`not_concerned` : la famille a un dossier, et aucun enfant de moins de 7 ans. Dès qu'un enfant a moins de 7 "
                "ans, `enfants` les contient tous."
            ),
            (
                "La MSA donne l'année courante au lieu de l'année N-2 dans `base_ressources_annuelles.annee_calcul` ; le montant "
                "est juste. 0 y veut dire que l'année n'est pas connue."
            ),
        ),
    ),
    _benefit(
        "revenu_solidarite_active",
        "Revenu de solidarité active (RSA)",
        (
            "Si la personne perçoit le RSA, avec ou sans majoration. Lire `est_beneficiaire` : à `false`, "
            "c'est un `found`, la caisse connaît la personne, qui ne perçoit pas cette prestation."
        ),
        RevenuSolidariteActiveData,
    ),
    _benefit(
        "prime_activite",
        "Prime d'activité",
        (
            "Si la personne perçoit la prime d'activité. Lire `est_beneficiaire` : à `false`, c'est un "
            "`found`, la caisse connaît la personne, qui ne perçoit pas cette prestation."
        ),
        PrimeActiviteData,
    ),
    _benefit(
        "allocation_adulte_handicape",
        "Allocation aux adultes handicapés (AAH)",
        (
            "Si la personne perçoit l'AAH. Lire `est_beneficiaire` : à `false`, c'est un `found`, la caisse "
            "connaît la personne, qui ne perçoit pas cette prestation."
        ),
        AllocationAdulteHandicapeData,
    ),
    _benefit(
        "allocation_enfant_handicape",
        "Allocation d'éducation de l'enfant handicapé (AEEH)",
        (
            "Pas d'`est_beneficiaire` ici, mais `status` : `allocataire` perçoit l'allocation, "
            "`ouvrant_droit` est l'enfant pour qui elle est versée."
        ),
        AllocationEnfantHandicapeData,
        essential="/status",
    ),
    _benefit(
        "allocation_soutien_familial",
        "Allocation de soutien familial (ASF)",
        (
            "Si la personne perçoit l'ASF. Lire `est_beneficiaire` : à `false`, c'est un `found`, la caisse "
            "connaît la personne, qui ne perçoit pas cette prestation."
        ),
        AllocationSoutienFamilialData,
    ),
    _benefit(
        "allocation_rentree_scolaire",
        "Allocation de rentrée scolaire (ARS)",
        (
            "Pas d'`est_beneficiaire` ici, mais `status` : `allocataire` perçoit l'allocation, "
            "`ouvrant_droit` est l'enfant pour qui elle est versée."
        ),
        AllocationRentreeScolaireData,
        essential="/status",
    ),
    _benefit(
        "complementaire_sante_solidaire",
        "Complémentaire santé solidaire (C2S)",
        (
            "Si la personne a la C2S, avec ou sans participation. Lire `est_beneficiaire` avant "
            "`avec_participation`."
        ),
        ComplementaireSanteSolidaireData,
    ),
)
