"""The journal's keys: what a person's records are found by again, and what reveals nothing of the person without them."""

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import Final

from pydantic import SecretStr

from connector.errors import OperatorError

_VARIABLE: Final = "CONNECTOR_JOURNAL_KEY"
_HOW_TO_MAKE_ONE: Final = "make one with: ccas-connector journal new-key"
_KEY_BYTES: Final = 32
_NAME: Final = b"journal\0"
_NAME_LENGTH: Final = 8


class JournalKeyError(OperatorError):
    """``CONNECTOR_JOURNAL_KEY`` is missing or malformed; the message says what to do."""


def new_key() -> str:
    """Return a fresh key, fit for ``CONNECTOR_JOURNAL_KEY``."""
    return base64.urlsafe_b64encode(secrets.token_bytes(_KEY_BYTES)).decode("ascii")


class JournalKeys:
    """Hashes with HMAC-SHA256. Several keys, comma-separated: the first hashes, a search tries each.

    A hash is of a tenant, a kind and a value, so that nothing links the records of two CCAS.
    """

    def __init__(self, keys: SecretStr | None) -> None:
        """Raise ``JournalKeyError`` where there is no key, or one that is none."""
        if keys is None:
            raise JournalKeyError(f"{_VARIABLE}: not set, so the journal is off; {_HOW_TO_MAKE_ONE}")
        every = [_key(text.strip()) for text in keys.get_secret_value().split(",")]
        self._keys = [(hashlib.sha256(_NAME + key).hexdigest()[:_NAME_LENGTH], key) for key in every]

    @property
    def names(self) -> tuple[str, ...]:
        """Short names of the keys, the hashing key's first: they tell nothing of them."""
        return tuple(name for name, _key in self._keys)

    def hashed(self, tenant: str, kind: str, value: str) -> str:
        """Return the hash, ``key:digest``, under the first key."""
        return _hashed(*self._keys[0], tenant, kind, value)

    def every_hash(self, tenant: str, kind: str, value: str) -> tuple[str, ...]:
        """Return the hash under each key, the first key's first."""
        return tuple(_hashed(name, key, tenant, kind, value) for name, key in self._keys)


def _key(text: str) -> bytes:
    try:
        key = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        key = b""
    if len(key) != _KEY_BYTES:
        raise JournalKeyError(f"{_VARIABLE}: not a key; {_HOW_TO_MAKE_ONE}")
    return key


def _hashed(name: str, key: bytes, tenant: str, kind: str, value: str) -> str:
    message = f"{tenant}\0{kind}\0{value}".encode()
    return f"{name}:{hmac.digest(key, message, 'sha256').hex()}"
