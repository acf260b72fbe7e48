"""What every model of the contract shares."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    StringConstraints,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema


class _Private(BaseModel):
    """A model that may hold personal data: neither its ``repr`` nor a validation error shows a value."""

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        return iter(())


class RequestModel(_Private):
    """A part of what a vendor publishes: types are strict, unknown members are errors, an empty text is absent."""

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
    """A part of a source's answer, whose types are strict, and of which every member may be absent or null.

    A source may send null wherever it sends a value. A member that it leaves out stays out of the reply, since
    "withheld" is not "null". One that the contract does not know is held apart (``model_extra``), to be dropped and
    counted.
    """

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="allow",
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )


def _milliseconds(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Instant = Annotated[
    AwareDatetime,
    PlainSerializer(_milliseconds, return_type=str, when_used="json"),
    Field(json_schema_extra={"format": "date-time"}),
]
"""An instant with its offset, written in UTC to the millisecond (RFC 3339)."""

NO_CONTROL_CHARACTERS: Final = r"^[^\x00-\x1f\x7f]+$"

Reference = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=NO_CONTROL_CHARACTERS)]
"""An opaque reference that the connector only carries."""

Label = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=NO_CONTROL_CHARACTERS)]
"""A short word that the connector compares or carries."""


def _none_where_empty(value: Any) -> Any:
    return None if value == "" else value


@dataclass(frozen=True, slots=True)
class EmptyIsAbsent:
    """On an optional text of a request: an empty one counts as absent, as many forms and languages write it."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read an empty text as null."""
        return core_schema.no_info_before_validator_function(_none_where_empty, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Allow an empty text beside what the member takes."""
        described = handler(schema)
        return {**described, "anyOf": [*described["anyOf"], EMPTY_TEXT]}


@dataclass(frozen=True, slots=True)
class MayBeEmpty:
    """On the texts of a request's list: an empty one passes as it is, for ``without_empty`` to leave out."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read an empty text before anything is demanded of it."""

        def read(value: Any, inner: core_schema.ValidatorFunctionWrapHandler) -> Any:
            return value if value == "" else inner(value)

        return core_schema.no_info_wrap_validator_function(read, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Allow an empty text beside what the item takes."""
        return {"anyOf": [handler(schema), EMPTY_TEXT]}


def without_empty(texts: tuple[str, ...]) -> tuple[str, ...] | None:
    """Leave out the empty texts of a list; a list of nothing else is absent."""
    return tuple(text for text in texts if text) or None


EMPTY_TEXT: Final[JsonSchemaValue] = {"type": "string", "maxLength": 0}
"""In a JSON Schema: an empty text, which counts as absent."""


@dataclass(frozen=True, slots=True)
class Scope:
    """On a member of a data model: the API's scope that opens it (``x-scope`` in its JSON Schema)."""

    name: str

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Name the scope beside the member's own schema."""
        return {**handler(core_schema), "x-scope": self.name}


@dataclass(frozen=True, slots=True)
class Known:
    """On a text or a number: the values that the API documents (``x-extensible-enum``).

    Another value passes, and is counted: a vehicle class that the API adds must not cost an answer.
    """

    values: tuple[str | int, ...]

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Name the values beside the member's own schema."""
        return {**handler(core_schema), "x-extensible-enum": list(self.values)}
