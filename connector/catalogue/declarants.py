"""The second person of a tax notice, where there is none."""

from collections.abc import Mapping
from typing import Any

from schemas.checks.avis_imposition import Declarant


def somebody(declarant: dict[str, Any]) -> dict[str, Any] | None:
    """Return None for a block with nothing in it, which is how both sources say that a notice names one person alone.

    It is told before anything that cannot be read is left out: an odd name is somebody's. So is a member that the contract
    does not know, which is to be counted.
    """
    is_known = declarant.keys() <= Declarant.model_fields.keys()
    return None if is_known and _is_blank(declarant) else declarant


def _is_blank(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(map(_is_blank, value.values()))
    return value is None or (isinstance(value, str) and not value.strip())
