"""The contract as JSON Schema documents (draft 2020-12), made from the models."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode

from schemas.checks.quotient_familial import QuotientFamilialData, QuotientFamilialParams
from schemas.checks.revenu_solidarite_active import RevenuSolidariteActiveData, RevenuSolidariteActiveParams
from schemas.reply import Reply
from schemas.request import VerificationRequest

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_MODELS: Final[Mapping[str, tuple[type[BaseModel], JsonSchemaMode]]] = {
    "verification.request.v1": (VerificationRequest, "validation"),
    "verification.reply.v1": (Reply, "serialization"),
    "quotient_familial.params.v1": (QuotientFamilialParams, "validation"),
    "quotient_familial.data.v1": (QuotientFamilialData, "serialization"),
    "revenu_solidarite_active.params.v1": (RevenuSolidariteActiveParams, "validation"),
    "revenu_solidarite_active.data.v1": (RevenuSolidariteActiveData, "serialization"),
}


def documents() -> dict[str, dict[str, Any]]:
    """Return each document under its file name, ``<name>.schema.json``."""
    return {
        f"{name}.schema.json": {
            "$schema": _DIALECT,
            "$id": f"urn:ccas-connector:{name}",
            **model.model_json_schema(mode=mode),
        }
        for name, (model, mode) in _MODELS.items()
    }
