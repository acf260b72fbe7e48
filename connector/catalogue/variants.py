"""The ways to ask for a person: the identity as it was given, and variants of it, tried when nobody matches.

A variant is another way in which a source may have written the same person. Source: API Particulier's own advice on
identities, by what usually prevents a match: a name in use narrows it, further first names are often written otherwise, a
compound name may have a hyphen or a space.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from connector.catalogue.identity import NAMES, IdentityProfile, Query, identity_query
from schemas.identity import Identity

MOST_CALLS: Final = 5
"""Calls for one check, the identity as it was given included."""

NARROWING: Final = frozenset({"all_prenoms"})
"""The variants that say more of the person: where several people match, the others could only pick one of them."""
NORMALISED: Final = "normalised"
"""The names as given, in the API's alphabet: the text that was sent is not the vendor's to the letter."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One way of asking."""

    query: Query = field(repr=False)
    name: str | None = None
    """How the identity asked differs from the one given, where it does."""
    narrows: bool = False
    """It says more of the person than the one before, so that it may tell several people apart."""

    @property
    def change(self) -> str | None:
        """The variant's own name, whether or not the names were normalised as well."""
        return self.name and self.name.removeprefix(f"{NORMALISED}+")


class PersonQueries:
    """Works out the ways of asking for a job's person, once for each form that an endpoint takes an identity in.

    A job may hold twenty checks of one form, and twenty first names, whose variants cost more than all else in a plan.
    """

    def __init__(self, *, has_variants: bool) -> None:
        """``has_variants``: the job asks for other ways than the one given."""
        self._has_variants = has_variants
        self._of: dict[IdentityProfile, tuple[Variant, ...]] = {}

    def of(self, profile: IdentityProfile, identity: Identity) -> tuple[Variant, ...]:
        """Return the query as given, then those of its variants."""
        if profile not in self._of:
            self._of[profile] = tuple(self._worked_out(profile, identity))
        return self._of[profile]

    def _worked_out(self, profile: IdentityProfile, identity: Identity) -> Iterator[Variant]:
        person = identity_query(profile, identity)
        change = NORMALISED if _is_normalised(identity, person) else None
        yield Variant(person, change)
        if self._has_variants:
            for name, query in variants(person, profile.most_prenoms):
                yield Variant(query, f"{change}+{name}" if change else name, name in NARROWING)


def variants(query: Query, most_prenoms: int) -> Iterator[tuple[str, Query]]:
    """Yield each variant of an identity's query that differs from it and from those before, with its name."""
    seen = {query}
    for name, change in _VARIANTS.items():
        changed = change(query, most_prenoms)
        if changed not in seen and len(seen) < MOST_CALLS:
            seen.add(changed)
            yield name, changed


def _is_normalised(identity: Identity, person: Query) -> bool:
    """Tell whether a name is sent otherwise than it was given."""
    given = {identity.nom_naissance, identity.nom_usage, *(identity.prenoms or ())}
    return any(name in NAMES and value not in given for name, value in person)


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
