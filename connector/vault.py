"""What is secret at rest or on its way: sealed under ``CONNECTOR_SECRET_KEY``, each for one purpose.

What is encrypted is the purpose, a NUL, and the content. A purpose holds no NUL and begins with a small letter. So it is
told from any other, and from the former form of a tenant's secrets: the SIRET, a colon, and the secret. Those are read
still; ``registry rekey`` seals them again.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr

from connector.errors import OperatorError
from connector.jobs.records import SecretField

_PURPOSE: Final = re.compile(r"[a-z][^\0]*")
_FORMER_OWNER: Final = re.compile(rb"[0-9]{14}:")
_NAMES: Final[Mapping[SecretField, str]] = MappingProxyType(
    {
        SecretField.TOKEN: "token",
        SecretField.NEXT_TOKEN: "token that waits",
        SecretField.DGFIP: "DGFiP credentials",
    }
)
_DIGEST: Final = b"digest\0"
_KEY_NAME_LENGTH: Final = 8
_HOW_TO_MAKE_ONE: Final = "make one with: ccas-connector registry new-key"


class SealedUnder(NamedTuple):
    """A secret whose key is known."""

    key: str
    """The key's short name, which tells nothing of it."""
    is_current: bool
    """Whether it is as it would be sealed now: under the first key, and for one purpose."""


class VaultError(OperatorError):
    """A key is missing or malformed, or does not open what was sealed; the message says what to do."""


def new_key() -> str:
    """Return a fresh key, fit for ``CONNECTOR_SECRET_KEY``."""
    return Fernet.generate_key().decode("ascii")


class Vault:
    """Seals and opens with Fernet (AES-128-CBC and HMAC-SHA256).

    Several keys, comma-separated, allow rotation: the first seals, any opens.
    """

    def __init__(self, keys: SecretStr | None) -> None:
        if keys is None:
            raise VaultError(f"CONNECTOR_SECRET_KEY: not set; {_HOW_TO_MAKE_ONE}")
        try:
            texts = [key.strip() for key in keys.get_secret_value().split(",")]
            fernets = [Fernet(key) for key in texts]
        except ValueError:
            raise VaultError(f"CONNECTOR_SECRET_KEY: not a key; {_HOW_TO_MAKE_ONE}") from None
        self._fernets = fernets
        self._fernet = MultiFernet(fernets)
        derived = [hashlib.sha256(_DIGEST + key.encode()).digest() for key in texts]
        self._digest_keys = [(hashlib.sha256(key).hexdigest()[:_KEY_NAME_LENGTH], key) for key in derived]

    @property
    def key_names(self) -> tuple[str, ...]:
        """Short names of the keys, the sealing key's first: they tell nothing of them."""
        return tuple(name for name, _key in self._digest_keys)

    def sealed_under(self, sealed: str | bytes) -> SealedUnder | None:
        """Return which key opens a secret, whoever's it is; None when none does."""
        for name, fernet in zip(self.key_names, self._fernets, strict=True):
            try:
                content = fernet.decrypt(sealed)
            except (InvalidToken, ValueError):
                continue
            is_current = name == self.key_names[0] and not _FORMER_OWNER.match(content)
            return SealedUnder(name, is_current=is_current)
        return None

    def seal_for(self, purpose: str, content: bytes) -> bytes:
        """Encrypt ``content``; it opens for the same ``purpose`` alone.

        Raises ``ValueError`` for a purpose that could be read as another: it begins with a small letter, and holds no NUL.
        """
        if not _PURPOSE.fullmatch(purpose):
            raise ValueError("a purpose begins with a small letter, and holds no NUL")
        return self._fernet.encrypt(purpose.encode() + b"\0" + content)

    def open_for(self, purpose: str, sealed: bytes) -> bytes:
        """Return what was sealed for ``purpose``.

        Raises ``VaultError`` when no key opens it, or when it was sealed for another purpose.
        """
        try:
            owner, separator, content = self._fernet.decrypt(sealed).partition(b"\0")
        except InvalidToken:
            raise VaultError(f"CONNECTOR_SECRET_KEY: does not open what was sealed as {purpose}") from None
        if not separator or owner != purpose.encode():
            raise VaultError(f"what is said to be sealed as {purpose} was sealed for something else")
        return content

    def digests(self, content: bytes) -> tuple[str, ...]:
        """Return the keyed digests (HMAC-SHA256) of ``content``, ``key:digest``: one per key, the sealing key's first.

        Without a key, nothing can be learnt of the content, not even by trying every one that is likely.
        """
        return tuple(
            f"{name}:{hmac.new(key, content, hashlib.sha256).hexdigest()}" for name, key in self._digest_keys
        )

    def seal(self, siret: str, held_as: SecretField, secret: str) -> str:
        """Encrypt a secret of the tenant ``siret``; it opens for that tenant and that field alone.

        Rows cannot be swapped, then, nor columns: a token's would send the DGFiP's secret to API Particulier.
        """
        return self.seal_for(_tenant_purpose(siret, held_as), secret.encode()).decode("ascii")

    def open(self, siret: str, held_as: SecretField, sealed: str) -> str:
        """Return the secret of the tenant ``siret`` that was sealed to be held as ``held_as``.

        Raises ``VaultError`` when no key opens it, or when it was sealed for another tenant or field.
        """
        try:
            content = self._fernet.decrypt(sealed)
            former = _FORMER_OWNER.match(content)
            owner, _, secret = content.partition(b":" if former else b"\0")
            opened = secret.decode()
        except (InvalidToken, ValueError):
            raise VaultError(
                f"CONNECTOR_SECRET_KEY: does not open the {_NAMES[held_as]} of tenant {siret}; "
                "give the key it was sealed with, or import it again",
            ) from None
        if former:
            is_its_own = owner == siret.encode() and _may_have_been(held_as, opened)
        else:
            is_its_own = owner == _tenant_purpose(siret, held_as).encode()
        if not is_its_own:
            raise VaultError(
                f"what is stored as the {_NAMES[held_as]} of tenant {siret} was sealed for another tenant or purpose; "
                "import it again"
            )
        return opened


def _tenant_purpose(siret: str, held_as: SecretField) -> str:
    return f"tenant/{siret}/{held_as}"


def _may_have_been(held_as: SecretField, secret: str) -> bool:
    """Tell whether a secret of the former form is of the kind that a field holds.

    That form does not name the field. The DGFiP's credentials are a JSON object, and no token begins as one does.
    """
    return secret.startswith("{") == (held_as is SecretField.DGFIP)
