"""What a vendor may ask and receive: the scopes of its preset and those that the operator adds. Pure."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

from connector.catalogue import CATALOGUE
from connector.catalogue.definition import CheckDefinition, scoped_members
from connector.catalogue.presets import PRESETS
from connector.jobs.records import Vendor

Hidden: TypeAlias = Mapping[str, "Hidden"]
"""Members to leave out of data, by name: wholly where nothing is within, else what is within."""
NOTHING_HIDDEN: Final[Hidden] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Grant:
    """What one vendor may ask and receive, whichever scopes a tenant's token has."""

    hidden: Mapping[str, Hidden]
    """By the name of each check that it may ask, the blocks that it may not receive."""

    def opens(self, check: str) -> bool:
        """Tell whether the vendor may ask this check."""
        return check in self.hidden


def whole(catalogue: Mapping[str, CheckDefinition]) -> Grant:
    """Return a grant of everything there is to ask."""
    return Grant(MappingProxyType(dict.fromkeys(catalogue, NOTHING_HIDDEN)))


def grant_of(vendor: Vendor) -> Grant:
    """Return a vendor's grant, as the sets and trees that a job is decided with."""
    scopes = scopes_of(vendor)
    hidden = {name: hidden_blocks(check, scopes) for name, check in CATALOGUE.items()}
    return Grant(MappingProxyType({name: blocks for name, blocks in hidden.items() if blocks is not None}))


def hidden_blocks(check: CheckDefinition, scopes: frozenset[str]) -> Hidden | None:
    """Return which blocks of a check these scopes leave closed; None when they open nothing of it.

    A scope of a nested block opens nothing by itself: the block around it stays closed. One that opens the call
    alone (``other_scopes``) opens the check: that there is an answer is one.
    """
    blocks = {path: scope for endpoint in check.endpoints for path, scope in scoped_members(endpoint.data)}
    closed = {path for path, scope in blocks.items() if scope not in scopes}
    outermost = [path for path in blocks if path in closed and closed.isdisjoint(_around(path))]
    shown = [path for path in blocks if path not in closed and closed.isdisjoint(_around(path))]
    if not shown and scopes.isdisjoint(check.other_scopes):
        return None
    return _tree(outermost)


def _around(path: str) -> list[str]:
    parts = path.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


def _tree(paths: Iterable[str]) -> Hidden:
    tree: dict[str, Hidden] = {}
    for path in paths:
        node: dict[str, Hidden] = tree
        for name in path.split("."):
            node = node.setdefault(name, {})  # type: ignore[assignment]
    return tree


def scopes_of(vendor: Vendor) -> frozenset[str]:
    """Return the scopes of a vendor's grant: its preset's and its further ones.

    A preset that is not known grants nothing, so that a registry from elsewhere opens less rather than more.
    """
    preset = PRESETS.get(vendor.preset)
    return frozenset((*(preset.scopes if preset else ()), *vendor.extra_scopes))


def paths(hidden: Hidden, prefix: str = "") -> tuple[str, ...]:
    """Return hidden blocks as ``withheld`` names them: dotted where they are within another."""
    found: list[str] = []
    for name, within in hidden.items():
        found += paths(within, f"{prefix}{name}.") if within else [f"{prefix}{name}"]
    return tuple(found)


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
