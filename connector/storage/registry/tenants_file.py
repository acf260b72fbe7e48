"""The TOML file in which a deployment keeps its vendors and tenants, its secrets kept out of it.

Example::

    [vendors.millesime]
    product = "Millésime Action Sociale"
    publisher = "Up"
    preset = "millesime"
    extra_scopes = ["revenu_solidarite_active"]

    [tenants.26920023600017]
    name = "CCAS de Clamart"
    vendors = ["millesime"]
    token = { env = "CCAS_CLAMART_TOKEN" }
    dgfip = { client_id = { env = "CLAMART_DGFIP_ID" }, client_secret = { file = "/run/secrets/clamart-dgfip" } }
    quotas = { particulier = "250/min" }

``token`` is the habilitation's at API Particulier, a JWT. ``dgfip`` are the OAuth2 client credentials at API Impôt
particulier, without which there is no ``avis_imposition``; beside the two secrets it may give ``id_teleservice``, the
online service's name at the DGFiP, and ``scope``, where more is to be asked than ``RessourceIR``, which opens the
notice's resource and is always among them.

``quotas`` are the tenant's own, by group of endpoints, where they are not the general ones: one or more of ``20/s`` or
``250/min``, comma-separated; ``0`` for none.

A secret is in an environment variable (``env``), in a file (``file``), or, for a sandbox, in place (``value``).
"""

import re
import tomllib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    model_validator,
)

from connector.catalogue.definition import QuotaGroup
from connector.catalogue.grants import require_known
from connector.catalogue.presets import PresetName
from connector.errors import OperatorError
from connector.jobs.jwt_claims import NotAJwtError, expiry_of
from connector.jobs.rate import read_quota
from connector.jobs.records import VENDOR_NAME
from connector.sources.credentials import DEFAULT_SCOPE, DgfipCredentials
from schemas.siret import Siret

# What an HTTP header can carry: a token with a line end would forge one.
_TOKEN = re.compile(r"[\x21-\x7e]+")
_VARIABLE: Final = re.compile(r"[A-Z_][A-Z0-9_]{0,63}")
_FILE: Final = re.compile(r".*/.*|[A-Za-z0-9_-]{1,64}\.[a-z]{1,5}")
_NOT_SHOWN: Final = "that it names, not shown since it looks like the secret itself,"


class TenantsFileError(OperatorError):
    """The file cannot be used; the message says where and why, on one line, and shows no secret."""


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def _known(scopes: tuple[str, ...]) -> tuple[str, ...]:
    require_known(scopes)
    return scopes


def _with_the_notice(scope: str) -> str:
    if DEFAULT_SCOPE not in scope.split():
        raise ValueError(f"{DEFAULT_SCOPE} must be among the scopes: it opens the resource that is asked")
    return scope


def _rates(text: str) -> str:
    read_quota(text)
    return text.replace(" ", "")


Rates = Annotated[str, AfterValidator(_rates)]


class TokenEntry(_Entry):
    """Where a secret is: exactly one of an environment variable, a file, or, for a sandbox, the value."""

    env: str | None = None
    file: Path | None = None
    value: SecretStr | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if sum(place is not None for place in (self.env, self.file, self.value)) != 1:
            raise ValueError('give exactly one of env = "…", file = "…" or value = "…"')
        return self


class VendorEntry(_Entry):
    """A vendor as the file gives it."""

    product: Annotated[str, Field(min_length=1)]
    publisher: Annotated[str, Field(min_length=1)]
    preset: PresetName
    extra_scopes: Annotated[tuple[str, ...], AfterValidator(_known)] = ()


class DgfipEntry(_Entry):
    """A tenant's credentials at API Impôt particulier."""

    client_id: TokenEntry
    client_secret: TokenEntry
    id_teleservice: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]+$")] | None = None
    scope: Annotated[
        str, StringConstraints(pattern=r"^[\x21-\x7e]+( [\x21-\x7e]+)*$"), AfterValidator(_with_the_notice)
    ] = DEFAULT_SCOPE


class TenantEntry(_Entry):
    """A tenant as the file gives it."""

    name: Annotated[str, Field(min_length=1)]
    vendors: tuple[str, ...]
    token: TokenEntry | None = None
    dgfip: DgfipEntry | None = None
    quotas: dict[QuotaGroup, Rates] | None = None
    """None: as they are."""


class TenantsFile(_Entry):
    """The whole file."""

    vendors: dict[Annotated[str, StringConstraints(pattern=VENDOR_NAME)], VendorEntry] = {}
    tenants: dict[Siret, TenantEntry] = {}


def read_tenants_file(path: Path) -> TenantsFile:
    """Parse and check the file. Raises ``TenantsFileError`` at its first defect."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TenantsFileError(f"{path}: cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TenantsFileError(f"{path}: not TOML: {error}") from None
    try:
        return TenantsFile.model_validate(document)
    except ValidationError as error:
        place, message = defect_of(error)
        raise TenantsFileError(f"{path}: {'.'.join(place)}: {message}") from None


def defect_of(error: ValidationError) -> tuple[list[str], str]:
    """Return where the first defect of a file is, and what it is; neither shows a secret."""
    first = error.errors(include_input=False, include_url=False)[0]
    place = [str(part) for part in first["loc"] if part != "[key]"]
    return place, first["msg"].removeprefix("Value error, ")


def resolve_token(siret: str, entry: TokenEntry, environ: Mapping[str, str], member: str = "token") -> str:
    """Return the secret itself. Raises ``TenantsFileError`` when it is not where the entry says, or unusable."""
    where = f"tenants.{siret}.{member}"
    token = _look_up(where, entry, environ)
    if not _TOKEN.fullmatch(token):
        raise TenantsFileError(
            f"{where}: {_place(entry)} holds no {member.rpartition('.')[2]} "
            "(printable ASCII, without spaces, is expected)",
        )
    return token


def resolve_jwt(siret: str, entry: TokenEntry, environ: Mapping[str, str]) -> tuple[str, datetime | None]:
    """Return a habilitation's token and when it expires. Raises ``TenantsFileError`` as ``resolve_token`` does."""
    token = resolve_token(siret, entry, environ)
    try:
        return token, expiry_of(token)
    except NotAJwtError as error:
        raise TenantsFileError(f"tenants.{siret}.token: {_place(entry)} holds no token: {error}") from None


def resolve_dgfip(siret: str, entry: DgfipEntry, environ: Mapping[str, str]) -> DgfipCredentials:
    """Return the credentials themselves. Raises ``TenantsFileError`` as ``resolve_token`` does."""
    return DgfipCredentials(
        client_id=resolve_token(siret, entry.client_id, environ, "dgfip.client_id"),
        client_secret=resolve_token(siret, entry.client_secret, environ, "dgfip.client_secret"),
        id_teleservice=entry.id_teleservice,
        scope=entry.scope,
    )


def _look_up(where: str, entry: TokenEntry, environ: Mapping[str, str]) -> str:
    if entry.env is not None:
        if entry.env not in environ:
            raise TenantsFileError(f"{where}: {_place(entry)} is not set")
        return environ[entry.env].strip()
    if entry.file is not None:
        try:
            return entry.file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise TenantsFileError(
                f"{where}: {_place(entry)} cannot be read ({type(error).__name__})",
            ) from None
    return entry.value.get_secret_value() if entry.value else ""


def _place(entry: TokenEntry) -> str:
    if entry.env is not None:
        return f"the environment variable {entry.env if _VARIABLE.fullmatch(entry.env) else _NOT_SHOWN}"
    if entry.file is not None:
        return f"the file {entry.file if _FILE.fullmatch(str(entry.file)) else _NOT_SHOWN}"
    return "value"
