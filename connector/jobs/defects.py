"""What is wrong with one check of a job, found before any call."""

from dataclasses import dataclass

from schemas.codes import CheckCode


@dataclass(frozen=True, slots=True)
class Defect:
    """A reason not to call: it becomes that check's ``error``, and the job's other checks run."""

    code: CheckCode
    parameter: str | None = None
    """The request's member at fault."""
    detail: str | None = None
    """A French sentence more precise than the code's own; never shows a value."""


def missing(parameter: str, detail: str | None = None) -> Defect:
    """Return the defect of a member that the source demands and the job leaves out."""
    return Defect(CheckCode.MISSING_PARAMETER, parameter, detail)


def invalid(parameter: str, detail: str | None = None) -> Defect:
    """Return the defect of a member that the source would refuse."""
    return Defect(CheckCode.INVALID_PARAMETER, parameter, detail)
