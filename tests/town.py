"""Many tenants at once: their SIRETs, their tokens, and the file that an operator would import."""

import tempfile
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from connector.catalogue import CATALOGUE
from connector.clock import utc_now
from connector.demo.deployment import Deployment
from connector.sandbox.tokens import SandboxToken, issue_token

_LUHN_BASE = 10
_NO_OTHERS: Final[Mapping[str, str]] = MappingProxyType({})


def siret(number: int) -> str:
    """Return the SIRET of one of up to 100,000 tenants that do not exist."""
    stem = f"26{number:05d}000001"
    digits = [int(digit) for digit in reversed(stem)]
    doubled = [sum(divmod(2 * digit, 10)) if place % 2 == 0 else digit for place, digit in enumerate(digits)]
    return f"{stem}{-sum(doubled) % _LUHN_BASE}"


def town_token(siret: str, **changes: Any) -> str:
    """Return a tenant's token, for every scope; ``changes`` are of ``SandboxToken``."""
    scopes = frozenset(scope for check in CATALOGUE.values() for scope in check.scopes)
    expires_at = utc_now() + timedelta(days=365)
    return issue_token(SandboxToken(name=siret, scopes=scopes, expires_at=expires_at, **changes))


def tenants_toml(
    sirets: Sequence[str], vendor: str = "millesime", others: Mapping[str, str] = _NO_OTHERS
) -> str:
    """Return a file of tenants of one vendor, each with a token of its own, or the one in ``others``."""
    tables = [
        f"[tenants.{siret}]\n"
        f'name = "CCAS {siret}"\n'
        f'vendors = ["{vendor}"]\n'
        f'token = {{ value = "{others.get(siret) or town_token(siret)}" }}\n'
        for siret in sirets
    ]
    return "\n".join(tables)


def sirets(count: int, first: int = 0) -> list[str]:
    """Return the SIRETs of so many of them."""
    return [siret(number) for number in range(first, first + count)]


def import_town(
    deployment: Deployment,
    added: Sequence[str],
    vendor: str = "millesime",
    others: Mapping[str, str] = _NO_OTHERS,
) -> None:
    """Add tenants of a vendor to a deployment, those in ``others`` with the token given there."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "town.toml"
        file.write_text(tenants_toml(added, vendor, others), "utf-8")
        deployment.command("tenants", "import", str(file))
