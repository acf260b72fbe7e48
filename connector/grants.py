"""What a vendor may ask and receive: the scopes of its preset and those that the operator adds. Pure."""

import difflib
from collections.abc import Iterable

from connector.presets import PRESETS
from connector.registry.records import Vendor


def scopes_of(vendor: Vendor) -> frozenset[str]:
    """Return the scopes of a vendor's grant: its preset's and its further ones.

    A preset that is not known grants nothing, so that a registry from elsewhere opens less rather than more.
    """
    preset = PRESETS.get(vendor.preset)
    return frozenset((*(preset.scopes if preset else ()), *vendor.extra_scopes))


def require_known(scopes: Iterable[str]) -> None:
    """Raise ``ValueError`` for the first that is no scope of the catalogue, naming those close to it."""
    every = PRESETS["all"].scopes
    unknown = next((scope for scope in scopes if scope not in every), None)
    if unknown is None:
        return
    close = difflib.get_close_matches(unknown, every, n=3)
    hint = f"close to it: {', '.join(close)}" if close else "none is close to it"
    raise ValueError(
        f"{unknown!r} is no scope of the catalogue; {hint}; see: ccas-connector checks show NAME"
    )
