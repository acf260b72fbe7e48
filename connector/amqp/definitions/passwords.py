"""Passwords of the broker's users: made, kept in a file of their own, and given to the broker as hashes alone."""

import base64
import hashlib
import hmac
import json
import secrets
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, SecretStr, TypeAdapter, ValidationError

from connector.errors import OperatorError

HASHING: Final = "rabbit_password_hashing_sha256"
"""RabbitMQ's default: a salt of 4 bytes, then SHA-256 over it and the password
(https://www.rabbitmq.com/docs/passwords#computing-password-hash)."""
_SALT_BYTES: Final = 4
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_PASSWORD_BYTES: Final = 32
_PASSWORDS: Final = TypeAdapter(dict[str, SecretStr])


class PasswordsError(OperatorError):
    """A file of passwords or of definitions cannot be used; the message says which and why, and shows none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What each user proves who it is with."""

    hashes: Mapping[str, str] = field(repr=False)
    """By user; for the broker."""
    passwords: Mapping[str, str] = field(repr=False)
    """By user; for those who connect. A user that keeps a hash whose password is not known has none."""
    new: tuple[str, ...]
    """Users whose password was made here."""
    changed: tuple[str, ...]
    """Users whose hash is another than the one they had."""


def hashed(password: str, salt: bytes) -> str:
    """Return the hash that RabbitMQ holds of a password."""
    digest = hashlib.sha256(salt + password.encode()).digest()
    return base64.b64encode(salt + digest).decode()


def verifies(password: str, held: str) -> bool:
    """Tell whether ``held`` is a hash of this password."""
    try:
        salt = base64.b64decode(held, validate=True)[:_SALT_BYTES]
    except ValueError:
        return False
    return hmac.compare_digest(hashed(password, salt), held)


def credentials_of(
    users: Iterable[str], known: Mapping[str, str], held: Mapping[str, str], renewed: Iterable[str] = ()
) -> Credentials:
    """Return the hash of each user: of its ``known`` password, else the one ``held``, else of a new password.

    A hash that its password verifies stays as it is, so that nothing differs where nothing has changed. Those of
    ``renewed`` get a new password in any case.
    """
    names = tuple(users)
    unknown = [name for name in names if name in set(renewed) or (name not in known and name not in held)]
    passwords = {**known, **{name: secrets.token_urlsafe(_PASSWORD_BYTES) for name in unknown}}
    hashes = {name: _hash_of(passwords.get(name), held.get(name)) for name in names}
    return Credentials(
        hashes=hashes,
        passwords=passwords,
        new=tuple(unknown),
        changed=tuple(name for name in names if name in held and hashes[name] != held[name]),
    )


def _hash_of(password: str | None, held: str | None) -> str:
    if held is not None and (password is None or verifies(password, held)):
        return held
    return hashed(password or "", secrets.token_bytes(_SALT_BYTES))


def read_passwords(path: Path) -> dict[str, str]:
    """Return the passwords of a JSON file by user; none where there is no such file. Raises ``PasswordsError``."""
    text = _text(path)
    if text is None:
        return {}
    try:
        found = _PASSWORDS.validate_json(text)
    except ValidationError:
        raise PasswordsError(f'{path}: must be JSON, as {{"user": "password"}}') from None
    if empty := sorted(name for name, password in found.items() if not password.get_secret_value()):
        raise PasswordsError(f"{path}: the password of {empty[0]} is empty")
    return {name: password.get_secret_value() for name, password in found.items()}


class _User(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    name: str
    password_hash: str
    hashing_algorithm: str


class _Definitions(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    users: tuple[_User, ...]


def read_hashes(path: Path) -> dict[str, str]:
    """Return the hashes of a definitions file by user; none where there is no such file. Raises ``PasswordsError``."""
    text = _text(path)
    if text is None:
        return {}
    try:
        users = _Definitions.model_validate_json(text).users
    except ValidationError:
        raise PasswordsError(f"{path}: is no definitions file; move it away, or give another --out") from None
    return {user.name: user.password_hash for user in users if user.hashing_algorithm == HASHING}


def passwords_json(passwords: Mapping[str, str]) -> str:
    """Return the file that ``read_passwords`` reads."""
    return _json(passwords)


def definitions_json(definitions: Mapping[str, Any]) -> str:
    """Return a definitions file."""
    return _json(definitions)


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _text(path: Path) -> str | None:
    try:
        if path.stat().st_mode & _OTHERS:
            raise PasswordsError(f"{path}: others than its owner may read it; chmod 600 {path}")
        return path.read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise PasswordsError(f"{path}: cannot be read ({type(error).__name__})") from None
