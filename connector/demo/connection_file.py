"""How a vendor's program connects, as files: ``connection.json`` for programs and tests, ``env.sh`` for a shell."""

import json
from pathlib import Path
from shlex import quote

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from connector.errors import OperatorError
from connector.files import write_private


class ConnectionFileError(OperatorError):
    """A file says nothing of how to connect; the message, in French, says which and why, and shows no password."""


class SandboxTenant(BaseModel):
    """A tenant of the sandbox."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    siret: str
    name: str
    shows: str
    """French: what its jobs are answered."""


class VendorConnection(BaseModel):
    """One vendor's way to the broker. Members that are not known are left aside, so that the file may grow."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    url: SecretStr
    """With the user and the password; ``%2F`` is the virtual host ``/``."""
    host: str
    port: int = Field(ge=1, le=65535)
    vhost: str
    user: str
    password: SecretStr
    ca_file: Path
    """The certificate of the authority that has signed the broker's."""
    exchange: str
    interactive_key: str
    batch_key: str
    reply_queue: str
    """Where replies come unless a job says otherwise."""
    reply_queues: tuple[str, ...]
    """All those that a job may name, the default one first."""
    api_url: str
    """The sandbox's HTTP API, where failures are provoked: POST /sandbox/failures."""
    tenants: tuple[SandboxTenant, ...]


def write_connection(path: Path, connection: VendorConnection) -> None:
    """Write the file, for its owner alone. Raises ``PrivateFileError``."""
    document = connection.model_dump(mode="json") | {
        "url": connection.url.get_secret_value(),
        "password": connection.password.get_secret_value(),
    }
    write_private(path, json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def write_environment(path: Path, connection: VendorConnection) -> None:
    """Write what the vendors' programs of ``schemas/clients`` read, for a shell to source. Raises ``PrivateFileError``."""
    settings = {"CCAS_URL": connection.url.get_secret_value(), "CCAS_AUTORITE": str(connection.ca_file)}
    write_private(path, "".join(f"export {name}={quote(value)}\n" for name, value in settings.items()))


def read_connection(path: Path) -> VendorConnection:
    """Read the file. Raises ``ConnectionFileError``."""
    try:
        return VendorConnection.model_validate_json(path.read_text("utf-8"))
    except OSError as error:
        raise ConnectionFileError(
            f"{path} : illisible ({error.strerror}) ; « ccas-connector sandbox up » l'écrit dans son dossier"
        ) from None
    except (UnicodeDecodeError, ValidationError):
        raise ConnectionFileError(
            f"{path} : n'est pas le connection.json d'un bac à sable ; relancer « ccas-connector sandbox up »"
        ) from None
