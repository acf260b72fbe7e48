"""The wire contract, version 1: frozen models of what a vendor publishes and of what it reads.

No I/O here. The models are the source of the published JSON Schema files under ``schemas/json``.
"""

from schemas.codes import CheckCode, CheckStatus, JobCode, JobStatus
from schemas.identity import Identity, PlaceOfBirth
from schemas.reply import CheckReply, JobError, Reason, Reply, Source, Upstream
from schemas.request import SERVED_VERSIONS, CheckRequest, VerificationRequest

__all__ = [
    "SERVED_VERSIONS",
    "CheckCode",
    "CheckReply",
    "CheckRequest",
    "CheckStatus",
    "Identity",
    "JobCode",
    "JobError",
    "JobStatus",
    "PlaceOfBirth",
    "Reason",
    "Reply",
    "Source",
    "Upstream",
    "VerificationRequest",
]
