"""The codes of checks and jobs, with what an agent or an integrator is told of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from connector.checks.reasons import job_error, reason
from schemas.codes import CheckCode, JobCode


@dataclass(frozen=True, slots=True)
class DocumentedCode:
    """A code of the contract; its texts are French."""

    code: str
    title: str
    detail: str
    """What to do about it."""
    retryable: bool


_JOB_DETAILS: Final[Mapping[JobCode, str]] = MappingProxyType(
    {
        JobCode.INVALID_MESSAGE: (
            "Le message n'est pas une demande du contrat. Corriger le champ désigné par « pointer », ou la "
            "propriété AMQP que « detail » nomme."
        ),
        JobCode.UNSUPPORTED_VERSION: "Demander dans l'une des versions du contrat que « detail » énumère.",
        JobCode.UNSUPPORTED_CONTENT_TYPE: (
            "Publier du JSON en UTF-8, non compressé, avec content_type à application/json."
        ),
        JobCode.UNKNOWN_TENANT: (
            "Vérifier le SIRET du CCAS, ou demander à l'hébergeur du connecteur d'enregistrer ce CCAS."
        ),
        JobCode.FORBIDDEN_TENANT: (
            "Demander à l'hébergeur du connecteur d'enregistrer l'autorisation donnée par le CCAS à ce logiciel."
        ),
        JobCode.FORBIDDEN_REPLY_TO: (
            "Donner dans reply_to une file de réponse de ce logiciel, ou n'en donner aucune. La réponse est sur "
            "la file par défaut."
        ),
        JobCode.FORBIDDEN_USER: (
            "Donner dans user_id l'utilisateur AMQP de la connexion, ou retirer cette propriété si l'hébergeur "
            "ne l'exige pas."
        ),
        JobCode.JOB_ID_CONFLICT: (
            "Ce job_id a déjà servi pour une autre demande. Publier celle-ci sous un nouveau job_id."
        ),
    },
)


def check_codes() -> tuple[DocumentedCode, ...]:
    """Return the codes of a check."""
    reasons = map(reason, CheckCode)
    return tuple(DocumentedCode(why.code, why.title, why.detail, why.retryable) for why in reasons)


def job_codes() -> tuple[DocumentedCode, ...]:
    """Return the codes of a rejected job. None is retryable: the job is to be corrected first."""
    errors = (job_error(code, _JOB_DETAILS[code]) for code in JobCode)
    return tuple(DocumentedCode(error.code, error.title, error.detail, retryable=False) for error in errors)
