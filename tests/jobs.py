"""Jobs for the tests, all about people who do not exist."""

from typing import Any
from uuid import uuid4

from connector.demo.deployment import CLAMART

QF: dict[str, Any] = {"check": "quotient_familial"}
RSA: dict[str, Any] = {"id": "rsa", "check": "revenu_solidarite_active"}


def identity(nom: str = "EXEMPLE", **changes: Any) -> dict[str, Any]:
    """Return an identity; by default the mother of the sandbox's shipped cases."""
    return {
        "nom_naissance": nom,
        "prenoms": ["CLAIRE"],
        "sexe": "F",
        "date_naissance": "1991-04-17",
        "lieu_naissance": {"code_pays": "99100", "code_commune": "69383"},
    } | changes


def job(*checks: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a job of one tenant, by default with the family quotient alone."""
    return {
        "version": 1,
        "job_id": str(uuid4()),
        "tenant": CLAMART,
        "identity": identity(),
        "checks": list(checks) or [QF],
    } | changes
