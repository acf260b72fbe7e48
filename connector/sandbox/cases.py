"""Cases: the answers of the sandbox, in the public sandbox's YAML format.

One folder per operation (``<x-operationId>_with_civility``), one file per case with ``params``, ``status`` and
``payload`` (JSON text). ``404.yaml`` is the answer for everybody the other files do not know.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from connector.errors import OperatorError

SHIPPED: Final = Path(__file__).parent / "cases"
_UNKNOWN: Final = "404"

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

    def find(self, operation: str, params: Params) -> Case | None:
        """Return the case of exactly these parameters, else the one for unknown people, else None."""
        return self._by_operation.get(operation, {}).get(params) or self._unknown.get(operation)

    def __len__(self) -> int:
        return sum(map(len, self._by_operation.values()))


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
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        params = comparable((document.get("params") or {}).items())
        return params, Case(int(document["status"]), str(document["payload"]))
    except (
        OSError,
        UnicodeDecodeError,
        yaml.YAMLError,
        AttributeError,
        KeyError,
        TypeError,
        ValueError,
    ) as error:
        raise CasesError(
            f"{path}: no case with params, status and payload ({type(error).__name__})"
        ) from None
