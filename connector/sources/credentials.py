"""A tenant's credentials at API Impôt particulier, as the registry keeps them: one text, sealed like a token."""

import json
from dataclasses import dataclass, field, fields
from typing import Final

from pydantic import TypeAdapter, ValidationError

DEFAULT_SCOPE: Final = "RessourceIR"
"""What opens ``situations/ir/assiettes``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DgfipCredentials:
    """OAuth2 client credentials, which the DGFiP gives to each habilitation."""

    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)
    id_teleservice: str | None = None
    """Names the online service to the DGFiP, where the habilitation says so."""
    scope: str = DEFAULT_SCOPE

    def as_secret(self) -> str:
        """Return the text to seal: the same for the same credentials."""
        return json.dumps({entry.name: getattr(self, entry.name) for entry in fields(self)}, sort_keys=True)


class CredentialsError(Exception):
    """The text holds no credentials; it is not shown."""


def read_credentials(secret: str) -> DgfipCredentials:
    """Return the credentials of an opened secret. Raises ``CredentialsError``."""
    try:
        return _CREDENTIALS.validate_json(secret)
    except ValidationError:
        raise CredentialsError from None


_CREDENTIALS: Final = TypeAdapter(DgfipCredentials)
