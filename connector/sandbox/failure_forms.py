"""The two ways of asking for a failure: a command's option, and JSON."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError

from connector.errors import OperatorError
from connector.sandbox.failures import FAILING, Failure, InForce, Kind

OPTION: Final = "PROVIDER=KIND[,for=SECONDS][,times=CALLS][,retry_in=SECONDS][,after=SECONDS]"
_NAMES: Final[Mapping[str, str]] = {
    "for": "for_seconds",
    "times": "times",
    "retry_in": "retry_in_seconds",
    "after": "after_seconds",
}
"""What an option calls the members of a failure."""
CHOICES: Final = f"PROVIDER is one of {' '.join(FAILING)}; KIND one of {' '.join(Kind)}"


class FailureFormError(OperatorError):
    """What was written is no failure; the message, on one line, says what is accepted."""


def read_option(text: str) -> Failure:
    """Return the failure that an option asks for. Raises ``FailureFormError``."""
    accepted = f"write {OPTION}, where {CHOICES}"
    provider, _, rest = text.partition("=")
    kind, *settings = rest.split(",")
    values = {"provider": provider, "kind": kind}
    for setting in settings:
        name, _, value = setting.partition("=")
        member = _NAMES.get(name)
        if member is None or member in values:
            raise FailureFormError(f"--fail {text}: {name or 'a setting'} is unknown or repeated; {accepted}")
        values[member] = value
    try:
        return Failure.model_validate(values)
    except ValidationError as error:
        raise FailureFormError(f"--fail {text}: {_defect(error)}; {accepted}") from None


def read_json(body: bytes) -> Failure:
    """Return the failure in a JSON body. Raises ``FailureFormError``."""
    try:
        return Failure.model_validate_json(body)
    except ValidationError as error:
        raise FailureFormError(
            f'{_defect(error)}; send {{"provider": PROVIDER, "kind": KIND}}, and {", ".join(_NAMES.values())} '
            f"where wanted; {CHOICES}"
        ) from None


def as_json(one: InForce, now: datetime) -> dict[str, Any]:
    """Return a failure in force with the seconds and the calls left, None where nothing ends it so."""
    return {
        **one.failure.model_dump(mode="json"),
        "seconds_left": one.seconds_left(now),
        "calls_left": one.calls_left,
    }


def _defect(error: ValidationError) -> str:
    """Return the first defect on one line, without what was written."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(map(str, first["loc"]))
    message = first["msg"].removeprefix("Value error, ")
    return f"{place}: {message}" if place else message
