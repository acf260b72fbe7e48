"""Says how the official cases ended."""

from dataclasses import dataclass, field

import pytest


@dataclass
class Account:
    """Every case is in exactly one of these."""

    answered: list[str] = field(default_factory=list)
    """As the case says."""
    malformed: list[str] = field(default_factory=list)
    """With what they get instead."""


ACCOUNT = pytest.StashKey[Account]()


def pytest_configure(config: pytest.Config) -> None:
    """Open the account."""
    config.stash[ACCOUNT] = Account()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the account, which a run without the official cases makes plain."""
    account = config.stash[ACCOUNT]
    count = len(account.answered) + len(account.malformed)
    terminalreporter.write_line(
        f"conformance: {count} official cases ran as vendor messages, {len(account.answered)} of them answered as "
        f"the case says, {len(account.malformed)} malformed:"
    )
    for line in account.malformed:
        terminalreporter.write_line(f"  {line}")
