"""A tax notice as API Particulier 2 writes it, in the form of the contract.

Source: ``/api/v2/avis-imposition`` in API Particulier's OpenAPI file.
"""

from collections.abc import Mapping
from typing import Any

from pydantic.alias_generators import to_camel

from connector.catalogue.declarants import somebody
from connector.catalogue.definition import as_object
from schemas.base import DataModel
from schemas.checks.avis_imposition import AvisImpositionData, AvisImpositionParams, Declarant, FoyerFiscal


def avis_v2(document: Any, _params: AvisImpositionParams) -> dict[str, Any]:
    """Return a notice under the contract's names. Raises ``NotAnAnswerError``."""
    notice = _renamed(as_object(document, "body"), AvisImpositionData)
    for name, model in (("declarant1", Declarant), ("declarant2", Declarant), ("foyer_fiscal", FoyerFiscal)):
        block = notice.get(name)
        if isinstance(block, dict):
            notice[name] = _renamed(block, model)
    second = notice.get("declarant2")
    return {**notice, "declarant2": somebody(second)} if isinstance(second, dict) else notice


def _renamed(members: Mapping[str, Any], model: type[DataModel]) -> dict[str, Any]:
    """Return members in snake_case; those that the contract does not know keep their name, to be counted."""
    known = {to_camel(name): name for name in model.model_fields}
    return {known.get(name, name): value for name, value in members.items()}
