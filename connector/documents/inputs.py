"""What a job gives for each call, by its place in the job."""

from connector.checks.plan import INPUTS
from schemas.codes import Call
from schemas.request import VerificationRequest


def inputs(call: Call) -> tuple[str, ...]:
    """Return the members that a call needs: of the job, or of the check's ``params``."""
    members = VerificationRequest.model_fields
    return tuple(name if name in members else f"params.{name}" for name in INPUTS[call])
