"""JWTs for the tests, in the API's form: nothing verifies their signature, which names them."""

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any


def jwt(name: str = "sesame", expires_at: datetime | None = None, **claims: Any) -> str:
    """Return a JWT whose third part is ``name``."""
    expiry = {} if expires_at is None else {"exp": int(expires_at.timestamp())}
    return f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part(expiry | claims)}.{name}"


def part(content: Mapping[str, Any] | bytes) -> str:
    """Return one part of a JWT: base64url without padding."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
