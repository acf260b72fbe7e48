"""Says at the end of a run how the official cases ended, whichever process ran them."""

import pytest

ANSWERED = "official case answered"
"""The property of a test whose case is answered as it says; its value is the case's name."""
MALFORMED = "official case malformed"
"""The property of a test whose case is malformed; its value says what it gets instead."""


NOMENCLATURE = "nomenclature"
"""The property of a test that has read published errors; its value says which, and how many."""


class CasesReport:
    """A plugin that counts the cases, and the published errors, by the properties of their tests."""

    def __init__(self) -> None:
        self._answered: list[str] = []
        self._malformed: list[str] = []
        self._read: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what a case's test has recorded."""
        if report.when != "call":
            return
        recorded = {ANSWERED: self._answered, MALFORMED: self._malformed, NOMENCLATURE: self._read}
        for name, value in report.user_properties:
            if name in recorded:
                recorded[name].append(str(value))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the account: a run without the official cases, where they were asked for, shows none."""
        for line in sorted(self._read):
            terminalreporter.write_line(line)
        count = len(self._answered) + len(self._malformed)
        terminalreporter.write_line(
            f"conformance: {count} official cases ran as vendor messages, {len(self._answered)} of them answered as "
            f"the case says, {len(self._malformed)} malformed:"
        )
        for line in sorted(self._malformed):
            terminalreporter.write_line(f"  {line}")
