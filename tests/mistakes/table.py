"""The whole table, and the guide's section that it makes."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from connector.documents.markdown import code, table
from connector.sources.traits import traits_of
from schemas.codes import CheckCode
from tests.mistakes import (
    body,
    checks,
    deadlines,
    envelope,
    parameters,
    person,
    place_of_birth,
    publication,
    unmatched,
)
from tests.mistakes.sent import Mistake, Told

GUIDE: Final = Path(__file__).parents[2] / "schemas" / "erreurs.md"
BEGINS, ENDS = "<!-- erreurs-frequentes -->", "<!-- /erreurs-frequentes -->"
SUBJECTS: Final[Mapping[str, tuple[Mistake, ...]]] = MappingProxyType(
    {
        "Publication": publication.MISTAKES,
        "Texte du corps": body.MISTAKES,
        "Enveloppe": envelope.MISTAKES,
        "Identité": person.MISTAKES,
        "Lieu de naissance": place_of_birth.MISTAKES,
        "Vérifications": checks.MISTAKES,
        "Paramètres": parameters.MISTAKES,
        "Échéances et horloges": deadlines.MISTAKES,
        "Personne non identifiée": unmatched.MISTAKES,
    }
)
MISTAKES: Final = tuple(mistake for mistakes in SUBJECTS.values() for mistake in mistakes)


def section() -> str:
    """Return the guide's tables of mistakes, one per subject."""
    headings = ("Erreur", "Code", "Champ", "`detail`")
    return "\n\n".join(
        f"**{subject}**\n\n{table(headings, (row for mistake in mistakes for row in _rows(mistake)))}"
        for subject, mistakes in SUBJECTS.items()
    )


def with_section(guide: str) -> str:
    """Return the guide with the section as it is to be. Raises ``ValueError`` for a guide without its place."""
    before, _, rest = guide.partition(BEGINS)
    _, ends, after = rest.partition(ENDS)
    if not ends:
        raise ValueError(f"the guide has no {BEGINS} … {ENDS}")
    return f"{before}{BEGINS}\n\n{section()}\n\n{ENDS}{after}"


def _rows(mistake: Mistake) -> Iterator[tuple[str, ...]]:
    for index, told in enumerate(mistake.told):
        yield (mistake.what if index == 0 else "et aussi", code(told.code), _place(told), _detail(told))


def _place(told: Told) -> str:
    if not told.place:
        return "" if told.place is None else "le corps"
    return code(told.place)


def _detail(told: Told) -> str:
    """Return the detail; a sentence that the table of codes has already is left out."""
    detail = told.detail
    if told.code.upper() in CheckCode.__members__:
        general = f"{traits_of(CheckCode(told.code)).detail} "
        detail = f"… {detail.removeprefix(general)}" if detail.startswith(general) else detail
    # Else it would be HTML.
    return detail.replace("<", "&lt;")
