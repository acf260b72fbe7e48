"""FranceConnect access tokens: those of the cases, and those that the sandbox issues.

A token is a person's consent: an identity, scopes, and about a minute. The identity has the names of the API's
parameters here, and may be partial.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from connector.sandbox.cases import UNREADABLE, CasesError, Params, comparable
from connector.sandbox.faults import FRANCE_CONNECT_MALFORMED, FRANCE_CONNECT_UNKNOWN, ApiFault
from connector.sandbox.tokens import InvalidTokenError, read_signed, sign
from connector.sandbox.yaml_files import read_yaml

FOLDER: Final = "france_connect"
"""Folder of the tokens' files, beside those of the operations."""
_KEY: Final = b"sandbox-france-connect"
_BEARER: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""What a bearer token is made of (RFC 6750)."""
_SEXES: Final = {"male": "M", "female": "F"}
_FORMER: Final = re.compile("^eaje_")
"""FranceConnect's former spelling of the scopes ``cnav_participation_familiale_eaje_*``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FranceConnectToken:
    """What FranceConnect says of a token."""

    identity: Params
    scopes: frozenset[str]
    opens: str | None = None
    """Path of an endpoint that the token opens whatever its scopes, since its file says that it is for that one."""
    expires_at: datetime | None = None
    """None for the token of a file, which does not expire."""

    @property
    def is_issued(self) -> bool:
        """Tell whether it is one of this sandbox's own, and not of the files."""
        return self.expires_at is not None


class FranceConnect:
    """Who answers for a token: the files, then the sandbox's own signature."""

    def __init__(self, of_files: Mapping[str, FranceConnectToken]) -> None:
        self._of_files = of_files

    def introspect(self, text: str, now: datetime) -> FranceConnectToken | ApiFault:
        """Return what a token says, or the API's error."""
        if not _BEARER.fullmatch(text):
            return FRANCE_CONNECT_MALFORMED
        if text in self._of_files:
            return self._of_files[text]
        try:
            token = _read_issued(text)
        except InvalidTokenError:
            return FRANCE_CONNECT_UNKNOWN
        is_expired = token.expires_at is not None and token.expires_at <= now
        return FRANCE_CONNECT_UNKNOWN if is_expired else token

    def __len__(self) -> int:
        return len(self._of_files)


def issue_france_connect_token(
    identity: Mapping[str, Any], scopes: frozenset[str], expires_at: datetime
) -> str:
    """Return a token for a person: ``identity`` has the API's names, with ``prenoms`` as a list."""
    claims = {"identity": dict(identity), "scope": " ".join(sorted(scopes)), "exp": expires_at.timestamp()}
    return sign(claims, _KEY)


def _read_issued(text: str) -> FranceConnectToken:
    claims = read_signed(text, _KEY)
    return FranceConnectToken(
        identity=comparable(claims["identity"].items()),
        scopes=frozenset(claims["scope"].split()),
        expires_at=datetime.fromtimestamp(claims["exp"], tz=UTC),
    )


def load_france_connect(folder: Path) -> FranceConnect:
    """Read the tokens of a folder of cases. Raises ``CasesError`` for a file that is none."""
    return FranceConnect(dict(map(_read_file, sorted((folder / FOLDER).glob("*.y*ml")))))


def _read_file(path: Path) -> tuple[str, FranceConnectToken]:
    try:
        document = read_yaml(path)
        introspection = json.loads(document["payload"])["token_introspection"]
        return str(document["params"]["token"]), FranceConnectToken(
            identity=comparable(_identity(introspection)),
            scopes=frozenset(
                _FORMER.sub("cnav_participation_familiale_eaje_", scope)
                for scope in introspection["scope"].split()
            ),
            opens=document.get("api_path"),
        )
    except UNREADABLE as error:
        raise CasesError(f"{path}: no FranceConnect token ({type(error).__name__})") from None


def _identity(introspection: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield FranceConnect's claims about a person under the API's names."""
    yield "nomNaissance", introspection["family_name"]
    yield "prenoms", introspection.get("given_name_array") or introspection["given_name"].split()
    parts = map(int, introspection["birthdate"].split("-"))
    yield from zip(("anneeDateNaissance", "moisDateNaissance", "jourDateNaissance"), parts, strict=True)
    yield "sexeEtatCivil", _SEXES[introspection["gender"]]
    for name, claim in (
        ("nomUsage", "preferred_username"),
        ("codeCogInseePaysNaissance", "birthcountry"),
        ("codeCogInseeCommuneNaissance", "birthplace"),
    ):
        if introspection.get(claim):
            yield name, introspection[claim]
