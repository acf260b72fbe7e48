"""Prints at the end of a run which vendor's program has gone through which situation, whichever process ran them."""

from typing import Final

import pytest

from tests.clients.languages import LANGUAGES
from tests.clients.situations import SITUATIONS

PLAYED: Final = "situation of a vendor's program"
"""The property of a test that has seen a program through a situation; its value is ``<language>:<situation>``."""
_SEEN, _NOT_SEEN = "yes", "NO"


class ClientsReport:
    """A plugin that prints the table of programs and situations."""

    def __init__(self) -> None:
        self._played: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what a test has recorded."""
        if report.when == "call" and report.passed:
            self._played |= {str(value) for name, value in report.user_properties if name == PLAYED}

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table, where any of it was run."""
        if not self._played:
            return
        names = [language.name for language in LANGUAGES]
        width = max(map(len, SITUATIONS))
        terminalreporter.write_line(
            f"vendors' programs: {len(self._played)} of {len(names) * len(SITUATIONS)} situations"
        )
        terminalreporter.write_line(f"  {'':{width}}  {'  '.join(names)}")
        for situation in SITUATIONS:
            seen = (
                (_SEEN if f"{name}:{situation}" in self._played else _NOT_SEEN).ljust(len(name))
                for name in names
            )
            terminalreporter.write_line(f"  {situation:{width}}  {'  '.join(seen)}")
