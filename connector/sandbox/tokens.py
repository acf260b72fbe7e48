"""Tokens of the sandbox: JWTs in the API's form, signed with a key that everybody knows."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

_KEY: Final = b"sandbox"
REVOKED: Final = "revoked"
ENDED: Final = "ended"


class InvalidTokenError(Exception):
    """The text is no token of the sandbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxToken:
    """What a habilitation's token says."""

    name: str
    scopes: frozenset[str]
    expires_at: datetime
    is_revoked: bool = False
    is_ended: bool = False
    """It has expired for the API, before its JWT says so."""

    def has_expired(self, now: datetime) -> bool:
        """Tell whether the API refuses it as expired."""
        return self.is_ended or self.expires_at <= now


def issue_token(token: SandboxToken) -> str:
    """Return the token as a JWT."""
    claims = {
        "uid": REVOKED if token.is_revoked else ENDED if token.is_ended else "sandbox",
        "sub": token.name,
        "scopes": sorted(token.scopes),
        "exp": int(token.expires_at.timestamp()),
        "iat": int((token.expires_at - timedelta(days=540)).timestamp()),
        "version": "1.0",
    }
    return sign(claims, _KEY)


def read_token(text: str) -> SandboxToken:
    """Return what a token says. Raises ``InvalidTokenError`` when it is not one of the sandbox's."""
    claims = read_signed(text, _KEY)
    return SandboxToken(
        name=claims["sub"],
        scopes=frozenset(claims["scopes"]),
        expires_at=datetime.fromtimestamp(claims["exp"], tz=UTC),
        is_revoked=claims["uid"] == REVOKED,
        is_ended=claims["uid"] == ENDED,
    )


def sign(claims: Mapping[str, Any], key: bytes) -> str:
    """Return claims as a JWT; each kind of token has a key of its own."""
    signed = f"{_encode({'alg': 'HS256', 'typ': 'JWT'})}.{_encode(claims)}"
    return f"{signed}.{_signature(signed, key)}"


def read_signed(text: str, key: bytes) -> dict[str, Any]:
    """Return the claims of a JWT. Raises ``InvalidTokenError`` when it was not signed with ``key``."""
    signed, _, signature = text.rpartition(".")
    if not text.isascii() or not hmac.compare_digest(signature, _signature(signed, key)):
        raise InvalidTokenError
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(_padded(signed.split(".")[1])))
    return claims


def _encode(part: Mapping[str, Any]) -> str:
    return _unpadded(json.dumps(part, separators=(",", ":")).encode())


def _signature(signed: str, key: bytes) -> str:
    return _unpadded(hmac.new(key, signed.encode(), hashlib.sha256).digest())


def _unpadded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _padded(text: str) -> str:
    return text + "=" * (-len(text) % 4)
