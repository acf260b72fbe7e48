"""What a vendor reads: the terminal answer to one job. Readers ignore members that they do not know."""

from typing import Final, Literal

from pydantic import Field, JsonValue

from schemas.base import Instant, ReplyModel
from schemas.codes import CheckCode, CheckStatus, JobCode, JobStatus, SourceApi

SINCE: Final = "x-since"
"""On a member that version 1 was given later, by the version of the published documents: earlier replies lack it."""
REPLY_TYPE: Final = "verification.reply.v1"
"""The AMQP ``type`` of a reply."""


class Upstream(ReplyModel):
    """What the API said when it refused or failed."""

    http_status: int | None
    """``null`` when no HTTP answer came."""
    code: str | None
    """The API's own error code, such as ``37003``."""
    provider: str | None
    """The provider behind the API, where the API names one."""


class Reason(ReplyModel):
    """Why a check is not ``found``; ``title`` and ``detail`` are French and may be shown to an agent."""

    code: CheckCode
    title: str
    detail: str
    parameter: str | None = None
    """The request's member to correct or to add, where there is one."""
    retryable: bool
    """The connector has given up; the same question may succeed later, under a new ``job_id``."""
    retry_after_seconds: int | None = None
    """How long to wait before that, where the source said so."""
    upstream: Upstream | None = None


class Source(ReplyModel):
    """Where an answer comes from; ``null`` when no call was made."""

    api: SourceApi
    api_version: int
    endpoint: str
    provider: str | None
    variant: str | None = None
    """How the identity that was asked differs from the one given: ``normalised`` names, a variant, or both."""
    http_status: int | None
    attempts: int
    duration_ms: int
    cached: bool


class CheckReply(ReplyModel):
    """The answer to one check."""

    id: str
    check: str
    status: CheckStatus
    data: dict[str, JsonValue] | None = None
    """What the source returned, under its own names, dates in ISO form; ``null`` unless ``found``. Any member of it
    may be ``null``."""
    withheld: tuple[str, ...] = ()
    """Blocks of ``data`` that the token's scopes or the vendor's grant withhold."""
    unreadable: tuple[str, ...] = Field(default=(), json_schema_extra={SINCE: "1.1"})
    """JSON Pointers (RFC 6901) into ``data`` of values that could not be read: left out, or null in a list. Empty as
    a rule."""
    reason: Reason | None = None
    """``null`` only when ``found``."""
    source: Source | None = None


class JobError(ReplyModel):
    """Why a job was rejected."""

    code: JobCode
    title: str
    detail: str
    pointer: str | None = Field(default=None)
    """JSON Pointer (RFC 6901) to the member at fault in the request's body, where there is one."""


class Reply(ReplyModel):
    """The terminal answer to one job; deduplicate on ``job_id``."""

    version: Literal[1] = 1
    job_id: str | None
    """``null`` when the request's could not be read."""
    tenant: str | None
    """``null`` when the request's could not be read."""
    dossier: str | None = None
    status: JobStatus
    received_at: Instant
    completed_at: Instant
    possible_duplicate: bool = False
    """This reply may have been sent before."""
    errors: tuple[JobError, ...] = ()
    checks: tuple[CheckReply, ...] = ()
