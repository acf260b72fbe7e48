"""What is secret at rest or on its way: sealed under ``CONNECTOR_SECRET_KEY``, each for one tenant or purpose."""

import hashlib
import hmac
from typing import Final, NamedTuple

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr

from connector.errors import OperatorError

_DIGEST: Final = b"digest\0"
_KEY_NAME_LENGTH: Final = 8
_HOW_TO_MAKE_ONE: Final = "make one with: ccas-connector registry new-key"


class SealedUnder(NamedTuple):
    """A secret whose key is known."""

    key: str
    """The key's short name, which tells nothing of it."""
    is_current: bool
    """Whether that key is the first, which seals."""


class VaultError(OperatorError):
    """A key is missing or malformed, or does not open what was sealed; the message says what to do."""


def new_key() -> str:
    """Return a fresh key, fit for ``CONNECTOR_SECRET_KEY``."""
    return Fernet.generate_key().decode("ascii")


class Vault:
    """Seals and opens tokens with Fernet (AES-128-CBC and HMAC-SHA256).

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
                fernet.decrypt(sealed)
            except (InvalidToken, ValueError):
                continue
            return SealedUnder(name, is_current=name == self.key_names[0])
        return None

    def reseal(self, sealed: str) -> str:
        """Return a secret under the first key, for the tenant it was sealed for. Raises ``VaultError``."""
        try:
            return self._fernet.rotate(sealed).decode("ascii")
        except (InvalidToken, ValueError):
            raise VaultError("CONNECTOR_SECRET_KEY: does not open a stored secret") from None

    def seal_for(self, purpose: str, content: bytes) -> bytes:
        """Encrypt ``content``; it opens for the same ``purpose`` alone."""
        return self._fernet.encrypt(purpose.encode() + b"\0" + content)

    def open_for(self, purpose: str, sealed: bytes) -> bytes:
        """Return what was sealed for ``purpose``.

        Raises ``VaultError`` when no key opens it, or when it was sealed for another purpose.
        """
        try:
            owner, _, content = self._fernet.decrypt(sealed).partition(b"\0")
        except InvalidToken:
            raise VaultError(f"CONNECTOR_SECRET_KEY: does not open what was sealed as {purpose}") from None
        if owner != purpose.encode():
            raise VaultError(f"what is said to be sealed as {purpose} was sealed for something else")
        return content

    def digests(self, content: bytes) -> tuple[str, ...]:
        """Return the keyed digests (HMAC-SHA256) of ``content``, ``key:digest``: one per key, the sealing key's first.

        Without a key, nothing can be learnt of the content, not even by trying every one that is likely.
        """
        return tuple(
            f"{name}:{hmac.new(key, content, hashlib.sha256).hexdigest()}" for name, key in self._digest_keys
        )

    def seal(self, siret: str, token: str) -> str:
        """Encrypt the token of the tenant ``siret``. The SIRET is sealed in, so that rows cannot be swapped."""
        return self._fernet.encrypt(f"{siret}:{token}".encode()).decode("ascii")

    def open(self, siret: str, sealed: str) -> str:
        """Return the token that was sealed for ``siret``.

        Raises ``VaultError`` when no key opens it, or when it was sealed for another tenant.
        """
        try:
            owner, _, token = self._fernet.decrypt(sealed).decode().partition(":")
        except (InvalidToken, ValueError):
            raise VaultError(
                f"CONNECTOR_SECRET_KEY: does not open the token of tenant {siret}; "
                "give the key it was sealed with, or import the token again",
            ) from None
        if owner != siret:
            raise VaultError(f"the token stored for tenant {siret} was sealed for another; import it again")
        return token
