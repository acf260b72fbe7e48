"""The catalogue: nineteen checks, each defined once, by family of sources; what identifies a person; who may ask what.

It knows no source's address and no vendor's record in SQL. Start with ``definition``, then ``famille``.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from connector.catalogue.definition import CheckDefinition
from connector.catalogue.divers import DIVERS
from connector.catalogue.emploi import EMPLOI
from connector.catalogue.etudes import ETUDES
from connector.catalogue.famille import FAMILLE
from connector.catalogue.impots import IMPOTS

CATALOGUE: Final[Mapping[str, CheckDefinition]] = MappingProxyType(
    {check.name: check for check in (*FAMILLE, *ETUDES, *EMPLOI, *DIVERS, *IMPOTS)},
)
