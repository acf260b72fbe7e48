"""A source's refusals and failures, read as outcomes: one ordered table per source, the first rule that fits.

A code may have two meanings that only its status, its title or the endpoint tells apart, so a rule is keyed on them
where needed. The tables are in ``connector.sources.outcome_table``.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import PydanticUseDefault

from connector.sources.json_document import read_json
from connector.sources.traits import Alert, traits_of
from schemas.codes import CheckCode, CheckStatus

_SERVER_ERRORS: Final = range(500, 600)


def _default_where_unreadable(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """Leave a member of another form out: the rest of an error still tells what happened."""
    try:
        return handler(value)
    except ValidationError:
        raise PydanticUseDefault from None


def _with_leading_zeros(code: Any) -> Any:
    """Give a code that was sent as a number the zeros that it cannot have: 203 is ``00203``."""
    return f"{code:05}" if type(code) is int else code


_T = TypeVar("_T")
Readable = Annotated[_T, WrapValidator(_default_where_unreadable)]
"""A member that is its default where it has another form."""


class _Lenient(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        coerce_numbers_to_str=True,
    )


class ErrorMeta(_Lenient):
    """What accompanies an error."""

    provider: Readable[str | None] = None
    retry_in: Readable[float | None] = None
    """Seconds."""


class ApiError(_Lenient):
    """One error of an API."""

    code: Annotated[Readable[str], BeforeValidator(_with_leading_zeros)] = ""
    title: Readable[str] = ""
    detail: Readable[str] = ""
    meta: Readable[ErrorMeta] = ErrorMeta()


class _ErrorBody(_Lenient):
    errors: tuple[Any, ...] = ()


class _FlatError(_Lenient):
    error: Readable[str] = ""
    reason: Readable[str] = ""
    message: Readable[str] = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an answer without data means."""

    code: CheckCode
    parameter: str | None = None
    detail: str | None = None
    """A French sentence more precise than the code's own."""
    known: bool = True
    """False when no rule fits and the status alone decided."""
    alert: Alert | None = None
    """Whom it concerns beyond what its code implies."""

    @property
    def status(self) -> CheckStatus:
        """The status of the check that got this outcome."""
        return traits_of(self.code).status

    @property
    def alerts(self) -> Alert | None:
        """Of what the operator is to be told."""
        return self.alert or traits_of(self.code).alerts


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row of a table: what an answer must be for the row to be about it, and what it then means."""

    status: str
    """Pattern of the HTTP status."""
    code: str = ".*"
    """Pattern of the error's code."""
    check: str = ".*"
    """Pattern of the name of the check that was asked."""
    provider: str = ".*"
    """Pattern of ``meta.provider``, empty where the error names none."""
    title: str = ""
    """Pattern to be found in the error's title, where the code alone does not tell."""
    detail_says: str = ""
    """Pattern to be found in the error's detail. Details vary: only "manquant" is to be relied on."""
    means: CheckCode
    parameter: str | None = None
    """The request's member at fault, which the API rarely names."""
    detail: str | None = None
    """What an agent reads, where the outcome's general sentence does not say what to do."""
    alert: Alert | None = None
    """Of what the operator is to be told, where the outcome's code does not imply it."""

    def fits(self, check: str, status: int, error: ApiError) -> bool:
        """Tell whether this row is about the answer to a check."""
        return (
            re.fullmatch(self.status, str(status)) is not None
            and re.fullmatch(self.code, error.code, re.DOTALL) is not None
            and re.fullmatch(self.check, check) is not None
            and re.fullmatch(self.provider, error.meta.provider or "", re.DOTALL) is not None
            and re.search(self.title, error.title, re.IGNORECASE) is not None
            and re.search(self.detail_says, error.detail, re.IGNORECASE) is not None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeTable:
    """Everything that one source's answers other than 200 mean."""

    rules: tuple[Rule, ...]
    by_status: Mapping[int, CheckCode]
    """The default of an answer that no rule fits: by its status, else a server's error may pass, else it is
    unexpected."""
    read_error: Callable[[bytes], ApiError]
    """From a body to its first error; an empty one when the body is not the API's (a proxy's page)."""

    def outcome(self, check: str, status: int, error: ApiError) -> Outcome:
        """Return what the answer to a check means: exactly one outcome, whatever was answered."""
        rule = self.rule(check, status, error)
        if rule is not None:
            return Outcome(rule.means, rule.parameter, rule.detail, alert=rule.alert)
        default = CheckCode.UPSTREAM_ERROR if status in _SERVER_ERRORS else CheckCode.UNEXPECTED_RESPONSE
        return Outcome(self.by_status.get(status, default), known=False)

    def rule(self, check: str, status: int, error: ApiError) -> Rule | None:
        """Return the first row that is about the answer; None where the status alone decides."""
        return next((rule for rule in self.rules if rule.fits(check, status, error)), None)


def read_errors(body: bytes) -> ApiError:
    """Read API Particulier's ``{"errors": [{"code", "title", "detail", "meta"}]}``."""
    try:
        errors = _ErrorBody.model_validate(read_json(body)).errors
    except (ValueError, RecursionError):
        errors = ()
    return ApiError.model_validate(next((error for error in errors if isinstance(error, dict)), {}))


def read_flat_error(body: bytes) -> ApiError:
    """Read the ``{"error", "reason", "message"}`` of API Particulier 2."""
    try:
        flat = _FlatError.model_validate(read_json(body))
    except (ValueError, RecursionError):
        return ApiError()
    return ApiError(code=flat.error, title=flat.reason, detail=flat.message)


def read_no_error(_body: bytes) -> ApiError:
    """Read nothing: the status alone tells."""
    return ApiError()
