"""What an agent reads: a French title and detail per code, with what to do next."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from schemas.codes import CheckCode, JobCode
from schemas.reply import JobError, Reason, Upstream

RETRYABLE: Final = frozenset(
    {
        CheckCode.RATE_LIMITED,
        CheckCode.PROVIDER_UNAVAILABLE,
        CheckCode.PROVIDER_TIMEOUT,
        CheckCode.PROVIDER_MAINTENANCE,
        CheckCode.PROVIDER_RATE_LIMITED,
        CheckCode.PROVIDER_CONFLICT,
        CheckCode.NETWORK_ERROR,
        CheckCode.UPSTREAM_ERROR,
        CheckCode.EXPIRED,
    },
)
"""Codes after which the same question may succeed later."""

_CHECK_TEXTS: Final[Mapping[CheckCode, tuple[str, str]]] = MappingProxyType(
    {
        CheckCode.NO_RECORD: (
            "Aucun dossier",
            (
                "L'organisme qui détient la donnée n'a pas de dossier pour cette personne, ou ne reconnaît pas son "
                "identité. Vérifier ce qui a été saisi sur une pièce d'identité, puis redemander."
            ),
        ),
        CheckCode.IDENTITY_UNMATCHED: (
            "Personne non identifiée",
            (
                "Aucune personne ne correspond à cette identité. Vérifier le nom et les prénoms de naissance, la "
                "date et le lieu de naissance sur une pièce d'identité, puis redemander."
            ),
        ),
        CheckCode.IDENTITY_AMBIGUOUS: (
            "Plusieurs personnes correspondent",
            (
                "Plusieurs personnes correspondent à cette identité. Ajouter tous les prénoms et la date de "
                "naissance complète, puis redemander."
            ),
        ),
        CheckCode.UNKNOWN_CHECK: (
            "Vérification inconnue",
            "Cette vérification n'existe pas dans le catalogue du connecteur. Prévenir l'éditeur du logiciel.",
        ),
        CheckCode.FORBIDDEN_CHECK: (
            "Vérification non autorisée",
            (
                "L'habilitation de ce logiciel ne permet pas cette vérification. Demander au CCAS et à l'éditeur du "
                "logiciel de l'étendre."
            ),
        ),
        CheckCode.MISSING_PARAMETER: (
            "Paramètre manquant",
            "Il manque une information que la source exige. La compléter, puis redemander.",
        ),
        CheckCode.INVALID_PARAMETER: (
            "Paramètre invalide",
            "Une information n'est pas acceptée par la source. La corriger, puis redemander.",
        ),
        CheckCode.TOKEN_MISSING: (
            "Jeton absent",
            (
                "Aucun jeton d'accès n'est enregistré pour ce CCAS. Demander à l'hébergeur du connecteur de "
                "l'enregistrer."
            ),
        ),
        CheckCode.TOKEN_INVALID: (
            "Jeton invalide",
            "Le jeton d'accès de ce CCAS n'est pas reconnu. Demander à l'hébergeur du connecteur de le vérifier.",
        ),
        CheckCode.TOKEN_EXPIRED: (
            "Jeton expiré",
            "Le jeton d'accès de ce CCAS a expiré. Le CCAS doit renouveler son habilitation sur DataPass.",
        ),
        CheckCode.TOKEN_REVOKED: (
            "Jeton révoqué",
            "Le jeton d'accès de ce CCAS a été révoqué. Le CCAS doit en demander un nouveau sur DataPass.",
        ),
        CheckCode.INSUFFICIENT_SCOPE: (
            "Privilèges insuffisants",
            (
                "L'habilitation de ce CCAS ne couvre pas cette donnée. Demander l'extension de l'habilitation sur "
                "DataPass."
            ),
        ),
        CheckCode.IP_FORBIDDEN: (
            "Adresse refusée",
            "L'API refuse l'adresse du connecteur. L'hébergeur du connecteur doit prendre contact avec l'API.",
        ),
        CheckCode.RATE_LIMITED: (
            "Trop de demandes",
            "Le quota de ce CCAS est atteint. Redemander plus tard.",
        ),
        CheckCode.PROVIDER_UNAVAILABLE: (
            "Organisme indisponible",
            "L'organisme qui détient la donnée ne répond pas pour le moment. Redemander plus tard.",
        ),
        CheckCode.PROVIDER_TIMEOUT: (
            "Délai dépassé",
            "L'organisme qui détient la donnée n'a pas répondu à temps. Redemander plus tard.",
        ),
        CheckCode.PROVIDER_MAINTENANCE: (
            "Organisme en maintenance",
            "L'organisme qui détient la donnée est en maintenance. Redemander une fois celle-ci terminée.",
        ),
        CheckCode.PROVIDER_RATE_LIMITED: (
            "Organisme saturé",
            "L'organisme qui détient la donnée refuse de nouvelles demandes pour le moment. Redemander plus tard.",
        ),
        CheckCode.PROVIDER_CONFLICT: (
            "Demande déjà en cours",
            "La même demande est déjà en cours de traitement à la source. Redemander dans quelques minutes.",
        ),
        CheckCode.NETWORK_ERROR: (
            "Erreur de réseau",
            "La source n'a pas pu être jointe. Redemander plus tard.",
        ),
        CheckCode.UPSTREAM_ERROR: (
            "Erreur de la source",
            "La source a répondu par une erreur. Redemander plus tard.",
        ),
        CheckCode.UNEXPECTED_RESPONSE: (
            "Réponse inattendue",
            (
                "La réponse de la source n'est pas celle que le connecteur attend. L'hébergeur du connecteur en est "
                "averti."
            ),
        ),
        CheckCode.SOURCE_WITHDRAWN: (
            "Source retirée",
            "Cette source n'est plus servie. Demander le justificatif à la personne.",
        ),
        CheckCode.FRANCE_CONNECT_INVALID: (
            "Session FranceConnect invalide",
            "La session FranceConnect de l'usager n'est plus valide. L'usager doit s'identifier de nouveau.",
        ),
        CheckCode.EXPIRED: (
            "Demande expirée",
            "La réponse n'a pas pu être obtenue avant l'échéance de la demande. Redemander.",
        ),
    },
)

_JOB_TITLES: Final[Mapping[JobCode, str]] = MappingProxyType(
    {
        JobCode.INVALID_MESSAGE: "Message invalide",
        JobCode.UNSUPPORTED_VERSION: "Version non prise en charge",
        JobCode.UNSUPPORTED_CONTENT_TYPE: "Type de contenu non pris en charge",
        JobCode.UNKNOWN_TENANT: "CCAS inconnu",
        JobCode.FORBIDDEN_TENANT: "CCAS non autorisé",
        JobCode.FORBIDDEN_REPLY_TO: "File de réponse non autorisée",
        JobCode.FORBIDDEN_USER: "Utilisateur AMQP non autorisé",
        JobCode.JOB_ID_CONFLICT: "Identifiant de demande déjà utilisé",
    },
)


def reason(
    code: CheckCode,
    *,
    detail: str | None = None,
    parameter: str | None = None,
    retry_after_seconds: int | None = None,
    upstream: Upstream | None = None,
) -> Reason:
    """Return the reason for ``code``; ``detail`` replaces the general sentence with a more precise one."""
    title, general = _CHECK_TEXTS[code]
    return Reason(
        code=code,
        title=title,
        detail=detail or general,
        parameter=parameter,
        retryable=code in RETRYABLE,
        retry_after_seconds=retry_after_seconds,
        upstream=upstream,
    )


def job_error(code: JobCode, detail: str, pointer: str | None = None) -> JobError:
    """Return the error of a rejected job; ``detail`` says in French what to correct and shows no value."""
    return JobError(code=code, title=_JOB_TITLES[code], detail=detail, pointer=pointer)
