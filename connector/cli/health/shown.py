"""Showing findings, and ending by the worst of them."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from connector.cli.health.findings import Finding, Severity, worst

EXIT_FAILURE: Final = 1
EXIT_LOOK: Final = 3
_EXITS: Final[Mapping[Severity, int]] = MappingProxyType(
    {Severity.OK: 0, Severity.WARNING: EXIT_LOOK, Severity.FAILURE: EXIT_FAILURE}
)
_WORDS: Final[Mapping[Severity, str]] = MappingProxyType(
    {Severity.OK: "ok", Severity.WARNING: "LOOK", Severity.FAILURE: "NOT OK"}
)


def print_findings(findings: Sequence[Finding]) -> None:
    """Print a table of them."""
    from connector.cli.tables import print_table

    rows = [(finding.part, _WORDS[finding.severity], finding.detail) for finding in findings]
    print_table(("Part", "State", "Detail"), rows)


def exit_status_of(findings: Iterable[Finding]) -> int:
    """Return the exit status of the worst: 0 well, 3 to be looked at, 1 jobs are not answered."""
    return _EXITS[worst(findings)]
