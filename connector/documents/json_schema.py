"""JSON Schema (draft 2020-12) of the contract's models, so that it says neither more nor less than they do."""

import re
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

from schemas.base import DataModel, ReplyModel
from schemas.codes import CheckCode, JobCode
from schemas.dates import iso_date, partial_date
from schemas.reply import SINCE

PARTIAL_DATE: Final = "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"
"""``YYYY-MM-DD``, ``YYYY-MM`` or ``YYYY``."""
_DATES: Final[Mapping[Any, JsonSchemaValue]] = {
    iso_date: {"format": "date"},
    partial_date: {"pattern": PARTIAL_DATE},
}
_LINE_BREAK: Final = re.compile(r"(?<!\n)\n(?!\n)")


class _Generator(GenerateJsonSchema):
    """What all models share: members are named once, without a title that repeats the name."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's signature
        """Leave titles to models, whose names a code generator takes."""
        return False


class _ReplyGenerator(_Generator):
    """A reply: the connector writes every member, so each is required and has no default."""

    def field_is_required(self, field: Any, total: bool) -> bool:  # noqa: ARG002, FBT001 - likewise
        """Require every member, but for those that earlier replies lack."""
        return SINCE not in field.get("metadata", {}).get("pydantic_js_extra", {})

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Tell no default: nothing is left out."""
        return self.generate_inner(schema["schema"])

    def enum_schema(self, schema: core_schema.EnumSchema) -> JsonSchemaValue:
        """Leave the codes open: a reader goes by ``status`` and ``retryable`` where it knows no code."""
        described = super().enum_schema(schema)
        if schema["cls"] in (CheckCode, JobCode):
            described["x-extensible-enum"] = described.pop("enum")
        return described


class _DataGenerator(_Generator):
    """The data of a check: what is absent is withheld or unknown, which is not null."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Tell no default: a member left out has no value at all."""
        return self.generate_inner(schema["schema"])

    def function_after_schema(self, schema: core_schema.AfterValidatorFunctionSchema) -> JsonSchemaValue:
        """Tell what the validators of dates guarantee: a day of the calendar, or as much of one as is known."""
        described = self.generate_inner(schema["schema"])
        return {**described, **_DATES.get(schema["function"]["function"], {})}


_GENERATORS: Final[tuple[tuple[type[BaseModel], type[_Generator], JsonSchemaMode], ...]] = (
    (DataModel, _DataGenerator, "serialization"),
    (ReplyModel, _ReplyGenerator, "serialization"),
    (BaseModel, _Generator, "validation"),
)
"""Which generator writes a model, and which side of it."""


def json_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the schema of one model, its parts under ``$defs``, its docstrings as descriptions."""
    _, generator, mode = next(entry for entry in _GENERATORS if issubclass(model, entry[0]))
    schema = model.model_json_schema(mode=mode, schema_generator=generator)
    written: dict[str, Any] = _with_prose(schema)
    return written


def _with_prose(node: Any) -> Any:
    """Turn docstrings into Markdown: simple backquotes, paragraphs on one line."""
    match node:
        case Mapping():
            return {
                name: prose(child) if name == "description" and isinstance(child, str) else _with_prose(child)
                for name, child in node.items()
            }
        case list():
            return [_with_prose(child) for child in node]
        case _:
            return node


def prose(docstring: str) -> str:
    """Return a docstring as Markdown."""
    return _LINE_BREAK.sub(" ", docstring.replace("``", "`")).strip()
