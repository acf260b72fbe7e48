"""Cases: the answers of the sandbox, in the public sandbox's YAML format.

One folder per operation (``x-operationId``), one file per case with ``params``, ``status`` and ``payload`` (JSON
text). ``404.yaml`` is the answer for everybody the other files do not know.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from connector.errors import OperatorError
from connector.sandbox.yaml_files import read_yaml

SHIPPED: Final = Path(__file__).parent / "cases"
UNREADABLE: Final = (
    OSError,
    UnicodeDecodeError,
    yaml.YAMLError,
    AttributeError,
    KeyError,
    TypeError,
    ValueError,
)
"""What a file that is not of the format raises."""
_UNKNOWN: Final = "404"
_FORMER: Final[Mapping[str, str]] = {
    "codeInseeLieuDeNaissance": "codeCogInseeCommuneNaissance",
    "codePaysLieuDeNaissance": "codeCogInseePaysNaissance",
    "prenom": "prenoms",
}
"""Names that the parameters of some official cases had in version 2."""
_IDENTITY: Final = frozenset(
    {
        "nomNaissance",
        "nomUsage",
        "prenoms",
        "anneeDateNaissance",
        "moisDateNaissance",
        "jourDateNaissance",
        "sexeEtatCivil",
        "codeCogInseePaysNaissance",
        "codeCogInseeCommuneNaissance",
    },
)
"""The parameters that a FranceConnect identity stands for."""

Params = frozenset[tuple[str, tuple[str, ...]]]
"""Parameters of a call, without regard to order or case; the recipient and the names' brackets left out."""


class CasesError(OperatorError):
    """A folder holds no usable case; the message names the file."""


@dataclass(frozen=True, slots=True)
class Case:
    """One answer."""

    status: int
    payload: str


class Cases:
    """The cases of every operation."""

    def __init__(
        self, by_operation: Mapping[str, Mapping[Params, Case]], unknown: Mapping[str, Case]
    ) -> None:
        self._by_operation = by_operation
        self._unknown = unknown

    def find(self, operation: str, query: Params, identity: Params | None = None) -> Case | None:
        """Return the case of exactly this query, else the one for unknown people, else None.

        With the ``identity`` of a FranceConnect token, the most specific of the cases that fit both.
        """
        cases = self._by_operation.get(operation, {})
        if identity is None:
            found = cases.get(query)
        else:
            fitting = [params for params in cases if _fits(params, query, identity)]
            found = cases[max(fitting, key=len)] if fitting else None
        return found or self._unknown.get(operation)

    def __len__(self) -> int:
        return sum(map(len, self._by_operation.values()))


def _fits(params: Params, query: Params, identity: Params) -> bool:
    """Tell whether a case is about a FranceConnect identity, and about exactly the rest of the query.

    A name in use is no part of FranceConnect's pivot identity: it counts only where the token has one.
    """
    has_nom_usage = any(name == "nomUsage" for name, _values in identity)
    # Whatever else an issued token says of the person, under a name that a case misspells for instance.
    names = _IDENTITY | {name for name, _values in identity}
    person = {param for param in params if param[0] in names}
    told = {param for param in person if param[0] != "nomUsage" or has_nom_usage}
    return told <= identity and params - person == query


def load_cases(folder: Path, operations: Iterable[str]) -> Cases:
    """Read the cases of ``operations``. Raises ``CasesError`` for a file that is no case."""
    by_operation: dict[str, dict[Params, Case]] = {}
    unknown: dict[str, Case] = {}
    for operation in operations:
        by_operation[operation] = {}
        for path in sorted((folder / operation).glob("*.y*ml")):
            params, case = _read(path)
            by_operation[operation][params] = case
            if path.stem == _UNKNOWN:
                unknown[operation] = case
    return Cases(by_operation, unknown)


def comparable(params: Iterable[tuple[str, Any]]) -> Params:
    """Return parameters in the form in which two calls are the same."""
    values: dict[str, list[str]] = {}
    for name, value in params:
        items = value if isinstance(value, list) else [value]
        values.setdefault(name.removesuffix("[]"), []).extend(_fold(item) for item in items)
    values.pop("recipient", None)
    return frozenset((name, tuple(items)) for name, items in values.items())


def _fold(value: Any) -> str:
    return unicodedata.normalize("NFC", str(value)).casefold()


def _read(path: Path) -> tuple[Params, Case]:
    try:
        document = read_yaml(path)
        params = (document.get("params") or {}).items()
        of_this_version = comparable((_FORMER.get(name, name), value) for name, value in params)
        return of_this_version, Case(int(document["status"]), str(document["payload"]))
    except UNREADABLE as error:
        raise CasesError(
            f"{path}: no case with params, status and payload ({type(error).__name__})"
        ) from None
