"""What an agent reads: the French title and detail of a check's reason, and of a rejected job's error."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from connector.sources.traits import traits_of
from schemas.codes import CheckCode, JobCode
from schemas.reply import JobError, Reason, Upstream

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
    traits = traits_of(code)
    return Reason(
        code=code,
        title=traits.title,
        detail=detail or traits.detail,
        parameter=parameter,
        retryable=traits.is_retryable,
        retry_after_seconds=retry_after_seconds,
        upstream=upstream,
    )


def job_error(code: JobCode, detail: str, pointer: str | None = None) -> JobError:
    """Return the error of a rejected job; ``detail`` says in French what to correct; of a message, it shows a check's ``id`` at most."""
    return JobError(code=code, title=_JOB_TITLES[code], detail=detail, pointer=pointer)
