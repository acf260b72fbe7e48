"""What every model of the contract shares."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    PlainSerializer,
    StringConstraints,
)
from pydantic_core import PydanticCustomError


class _Private(BaseModel):
    """A model that may hold personal data: neither its ``repr`` nor a validation error shows a value."""

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        return iter(())


class RequestModel(_Private):
    """A part of what a vendor publishes: types are strict, unknown members are errors."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )


class ReplyModel(_Private):
    """A part of a reply: written by the connector, and open, so that readers ignore unknown members."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )


class DataModel(_Private):
    """A part of a source's answer: types are strict, members that the contract does not know are dropped.

    A member that the source leaves out stays out of the reply, since "withheld" is not "null".
    """

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="ignore",
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )


def _milliseconds(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Instant = Annotated[AwareDatetime, PlainSerializer(_milliseconds, return_type=str, when_used="json")]
"""An instant with its offset, written in UTC to the millisecond (RFC 3339)."""

NO_CONTROL_CHARACTERS: Final = r"^[^\x00-\x1f\x7f]+$"

Reference = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=NO_CONTROL_CHARACTERS)]
"""An opaque reference that the connector only carries."""

Label = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=NO_CONTROL_CHARACTERS)]
"""A short word that the connector compares or carries."""


def _not_null(value: Any) -> Any:
    if value is None:
        raise PydanticCustomError("null", "null where a value is due")
    return value


NotNull = AfterValidator(_not_null)
"""On a member that may be absent, since a scope can mask it, but is never null when present."""
