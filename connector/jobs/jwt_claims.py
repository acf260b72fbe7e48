"""What a token says of itself: API Particulier's are JWTs (RFC 7519), whose payload can be read without any key.

Nothing is verified here: the API does that, with a key that is its own.
"""

import base64
import binascii
import json
import re
from datetime import UTC, datetime
from typing import Any, Final

_PART: Final = r"[A-Za-z0-9_-]+"
_COMPACT: Final = re.compile(rf"({_PART})\.({_PART})\.{_PART}")
"""RFC 7515, 7.1: header, payload and signature, each base64url without padding."""
_WHAT_IS_EXPECTED: Final = (
    "a JWT is expected: three parts of letters, digits, - and _, separated by dots, "
    "of which the first two start with eyJ"
)


class NotAJwtError(Exception):
    """The text is no JWT, or its ``exp`` is no instant; the message, which shows nothing of it, says what one is."""

    def __init__(self) -> None:
        super().__init__(_WHAT_IS_EXPECTED)


def expiry_of(token: str) -> datetime | None:
    """Return when a token expires, from its claim ``exp`` (RFC 7519, 4.1.4); None where it has none.

    Raises ``NotAJwtError``.
    """
    parts = _COMPACT.fullmatch(token)
    if parts is None:
        raise NotAJwtError
    _read(parts[1])
    expires_at = _read(parts[2]).get("exp")
    if expires_at is None:
        return None
    # A NumericDate is seconds since 1970, a fraction allowed (RFC 7519, 2); JSON's true is no number.
    if isinstance(expires_at, bool) or not isinstance(expires_at, int | float):
        raise NotAJwtError
    try:
        return datetime.fromtimestamp(int(expires_at), tz=UTC)
    except (ValueError, OverflowError, OSError):
        raise NotAJwtError from None


def _read(part: str) -> dict[str, Any]:
    try:
        read = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        raise NotAJwtError from None
    if not isinstance(read, dict):
        raise NotAJwtError
    return read
