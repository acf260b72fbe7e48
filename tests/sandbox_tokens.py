"""Tokens of the sandbox for integration tests, and what makes them come due."""

import sqlite3
from datetime import timedelta

from connector.catalogue import CATALOGUE
from connector.clock import utc_now
from connector.demo.deployment import Deployment
from connector.sandbox.tokens import SandboxToken, issue_token

EVERY = frozenset(scope for check in CATALOGUE.values() for scope in check.scopes)


NOWHERE = "http://127.0.0.1:1"
"""An API that is away."""


def issue(name: str, days: float = 540, scopes: frozenset[str] = EVERY, *, is_revoked: bool = False) -> str:
    """Return a token that the sandbox accepts, or refuses in the way asked for."""
    expires_at = utc_now() + timedelta(days=days)
    return issue_token(SandboxToken(name=name, scopes=scopes, expires_at=expires_at, is_revoked=is_revoked))


def make_due(deployed: Deployment) -> None:
    """Let the time pass until every task is due again."""
    database = sqlite3.connect(deployed.environment["CONNECTOR_DATABASE_URL"].removeprefix("sqlite:///"))
    with database:
        database.execute("UPDATE scheduled_tasks SET due_at = '2026-01-01 00:00:00.000000'")
    database.close()
