"""Says how many official cases ran."""

import pytest

CASES_RUN = pytest.StashKey[int]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the count, which a run without the official cases makes plain."""
    count = config.stash.get(CASES_RUN, 0)
    terminalreporter.write_line(f"conformance: {count} official cases ran as vendor messages")
