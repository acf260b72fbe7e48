"""The answers of the contract, and the codes that say why a check or a job has no data."""

from enum import StrEnum


class Call(StrEnum):
    """The ways of asking a source about a person."""

    IDENTITE = "identite"
    """With the civil identity of the job."""
    FRANCE_CONNECT = "france_connect"
    """With the FranceConnect token of the job, by which the person consents."""
    INE = "ine"
    """With a student's national number."""
    IDENTIFIANT = "identifiant"
    """With the person's identifier at the provider's."""
    AVIS = "avis"
    """With the two numbers of a tax notice."""


class SourceApi(StrEnum):
    """Which API answered."""

    API_PARTICULIER = "api_particulier"
    API_IMPOT_PARTICULIER = "api_impot_particulier"


class CheckStatus(StrEnum):
    """Four answers that a social worker acts on differently."""

    FOUND = "found"
    """The source answered; whether the person is entitled is in ``data``."""
    NOT_FOUND = "not_found"
    """The source has no file for this person."""
    NOT_IDENTIFIED = "not_identified"
    """Nobody, or more than one person, matches this identity."""
    ERROR = "error"
    """No answer; ``reason`` says why, and whether to ask again."""


class JobStatus(StrEnum):
    """The status of a whole reply: the first that holds, in this order."""

    REJECTED = "rejected"
    EXPIRED = "expired"
    FAILED = "failed"
    PARTIAL = "partial"
    COMPLETED = "completed"


class JobCode(StrEnum):
    """Why a job was rejected."""

    INVALID_MESSAGE = "invalid_message"
    UNSUPPORTED_VERSION = "unsupported_version"
    UNSUPPORTED_CONTENT_TYPE = "unsupported_content_type"
    UNKNOWN_TENANT = "unknown_tenant"
    FORBIDDEN_TENANT = "forbidden_tenant"
    FORBIDDEN_REPLY_TO = "forbidden_reply_to"
    FORBIDDEN_USER = "forbidden_user"
    JOB_ID_CONFLICT = "job_id_conflict"


class CheckCode(StrEnum):
    """Why a check has no data."""

    NO_RECORD = "no_record"
    NOT_CONCERNED = "not_concerned"
    IDENTITY_UNMATCHED = "identity_unmatched"
    IDENTITY_AMBIGUOUS = "identity_ambiguous"
    UNKNOWN_CHECK = "unknown_check"
    FORBIDDEN_CHECK = "forbidden_check"
    MISSING_PARAMETER = "missing_parameter"
    INVALID_PARAMETER = "invalid_parameter"
    TOKEN_MISSING = "token_missing"  # noqa: S105 - a code, not a secret
    TOKEN_INVALID = "token_invalid"  # noqa: S105 - likewise
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - likewise
    TOKEN_REVOKED = "token_revoked"  # noqa: S105 - likewise
    INSUFFICIENT_SCOPE = "insufficient_scope"
    DELEGATION_MISSING = "delegation_missing"
    DELEGATION_AMBIGUOUS = "delegation_ambiguous"
    IP_FORBIDDEN = "ip_forbidden"
    RATE_LIMITED = "rate_limited"
    PROVIDER_UNAVAILABLE = "provider_unavailable"
    PROVIDER_TIMEOUT = "provider_timeout"
    PROVIDER_MAINTENANCE = "provider_maintenance"
    PROVIDER_RATE_LIMITED = "provider_rate_limited"
    PROVIDER_CONFLICT = "provider_conflict"
    NETWORK_ERROR = "network_error"
    UPSTREAM_ERROR = "upstream_error"
    UNEXPECTED_RESPONSE = "unexpected_response"
    SOURCE_WITHDRAWN = "source_withdrawn"
    FRANCE_CONNECT_INVALID = "france_connect_invalid"
    EXPIRED = "expired"
