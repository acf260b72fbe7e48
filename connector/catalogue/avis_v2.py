"""A tax notice as API Particulier 2 writes it, read into the form of the contract.

Source: ``/api/v2/avis-imposition`` in API Particulier's OpenAPI file.
"""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import JsonValue, TypeAdapter
from pydantic.alias_generators import to_camel

from schemas.base import DataModel
from schemas.checks.avis_imposition import AvisImpositionData, AvisImpositionParams, Declarant, FoyerFiscal

_OBJECT: Final[TypeAdapter[dict[str, JsonValue]]] = TypeAdapter(dict[str, JsonValue])


def read_avis_v2(body: bytes, _params: AvisImpositionParams) -> AvisImpositionData:
    """Read a notice. Raises ``ValidationError``."""
    notice = _renamed(_OBJECT.validate_json(body), AvisImpositionData)
    for name, model in (("declarant1", Declarant), ("declarant2", Declarant), ("foyer_fiscal", FoyerFiscal)):
        block = notice.get(name)
        if isinstance(block, dict):
            notice[name] = _renamed(block, model)
    return AvisImpositionData.model_validate(notice)


def _renamed(members: Mapping[str, Any], model: type[DataModel]) -> dict[str, Any]:
    """Return members in snake_case; those that the contract does not know keep their name, to be counted."""
    known = {to_camel(name): name for name in model.model_fields}
    return {known.get(name, name): value for name, value in members.items()}
