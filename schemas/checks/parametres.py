"""Parameters that several checks take.

Field names are the API's in snake_case; a query's own name, where it differs, is the serialization alias, so that
``model_dump(by_alias=True, exclude_none=True)`` gives the query.
"""

from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import RequestModel

Ine = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{11}$")]
"""A student's national number (INE): 11 letters and digits."""

Identifiant = Annotated[
    str,
    StringConstraints(min_length=1, max_length=128, pattern=r"^[^\x00-\x20\x7f-\xa0][^\x00-\x1f\x7f-\x9f]*$"),
]
"""How a provider knows the person: printable characters, the first of which is no blank."""

CodeUai = Annotated[str, StringConstraints(pattern=r"^[0-9]{7}[0-9A-Za-z]$")]
"""A school's code in the national register (UAI): seven digits, then a letter as a rule."""

AnneeScolaire = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}(?:-[0-9]{4})?$")]
"""A school year, as ``2025`` or ``2025-2026``."""

CodeBcnDepartement = Annotated[str, StringConstraints(pattern=r"^[0-9]{2}[0-9AB]$")]
"""A département in the education ministry's nomenclature (BCN), three characters: ``092``, not ``92``; ``02A``."""

CodeBcnRegion = Annotated[str, StringConstraints(pattern=r"^[0-9]{2}$")]
"""A région académique in the education ministry's nomenclature (BCN), which is not INSEE's."""

Immatriculation = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z -]{0,15}$")]
"""A number plate, current (``AA-123-BB``) or old (``1234 AB 75``)."""


class NoParams(RequestModel):
    """The check takes no parameter of its own."""


class IneParams(RequestModel):
    """The student, by national number."""

    ine: Annotated[Ine, Field(examples=["0000000000A"])]
    """Identifiant national étudiant, printed on the student card."""


class IdentifiantParams(RequestModel):
    """The person, by an identifier of the provider's."""

    identifiant: Annotated[Identifiant, Field(examples=["camille.exemple00"])]
    """France Travail: the user name that the person chose for the online space, not the registration number.

    Sports ministry: the person's number in its information system.
    """
