"""Variants of an identity: other ways a source may have written the same person, tried when nobody matches.

Source: API Particulier's own advice on identities, by what usually prevents a match: a name in use narrows it,
further first names are often written otherwise, a compound name may have a hyphen or a space.
"""

from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Final

from connector.catalogue.identity import NAMES, Query

MOST_CALLS: Final = 5
"""Calls for one check, the identity as it was given included."""

NARROWING: Final = frozenset({"all_prenoms"})
"""The variants that say more of the person: where several people match, the others could only pick one of them."""
NORMALISED: Final = "normalised"
"""The names as given, in the API's alphabet: the text that was sent is not the vendor's to the letter."""


def variants(query: Query, most_prenoms: int) -> Iterator[tuple[str, Query]]:
    """Yield each variant of an identity's query that differs from it and from those before, with its name."""
    seen = {query}
    for name, change in _VARIANTS.items():
        changed = change(query, most_prenoms)
        if changed not in seen and len(seen) < MOST_CALLS:
            seen.add(changed)
            yield name, changed


def _without_nom_usage(query: Query, _most_prenoms: int) -> Query:
    return tuple(pair for pair in query if pair[0] != "nomUsage")


def _first_prenom(query: Query, _most_prenoms: int) -> Query:
    return _with_prenoms(query, _prenoms(query)[0].split()[:1])


def _all_prenoms(query: Query, most_prenoms: int) -> Query:
    """Read several first names that were given as one text."""
    return _with_prenoms(
        query, [word for prenom in _prenoms(query) for word in prenom.split()][:most_prenoms]
    )


def _with_spaces(query: Query, _most_prenoms: int) -> Query:
    return _in_names(query, lambda name: " ".join(_words(name)))


def _with_hyphens(query: Query, _most_prenoms: int) -> Query:
    return _in_names(query, lambda name: "-".join(_words(name)))


def _words(name: str) -> list[str]:
    return name.replace("-", " ").split()


def _prenoms(query: Query) -> list[str]:
    return [value for name, value in query if name == "prenoms[]"]


def _with_prenoms(query: Query, prenoms: list[str]) -> Query:
    first = next(place for place, (name, _value) in enumerate(query) if name == "prenoms[]")
    others = [pair for pair in query if pair[0] != "prenoms[]"]
    return (*others[:first], *(("prenoms[]", prenom) for prenom in prenoms), *others[first:])


def _in_names(query: Query, change: Callable[[str], str]) -> Query:
    return tuple((name, change(value) if name in NAMES else value) for name, value in query)


_VARIANTS: Final = MappingProxyType(
    {
        "without_nom_usage": _without_nom_usage,
        "first_prenom": _first_prenom,
        "all_prenoms": _all_prenoms,
        "compound_with_space": _with_spaces,
        "compound_with_hyphen": _with_hyphens,
    },
)
"""In the order in which they are tried."""
