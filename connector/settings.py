"""Settings, from environment variables prefixed ``CONNECTOR_`` or from the files they name.

``CONNECTOR_X_FILE`` gives the path of a file that holds the value of ``CONNECTOR_X``, for secrets that an
orchestrator mounts. An empty variable counts as absent.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
)

from connector.errors import OperatorError
from connector.messaging.address import broker_address
from connector.quota.rate import Quota, Rate, read_quota

PREFIX: Final = "CONNECTOR_"
_MONTH_SECONDS: Final = 31 * 24 * 3600


class SettingsError(OperatorError):
    """A setting is missing or malformed; the message names the variable and says what to do, on one line."""


def _address(*schemes: str) -> AfterValidator:
    def check(value: SecretStr) -> SecretStr:
        text = value.get_secret_value()
        if not text.startswith(tuple(f"{scheme}://" for scheme in schemes)):
            raise ValueError(f"must start with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        try:
            urlsplit(text).port  # noqa: B018 - reading it is what checks it
        except ValueError:
            raise ValueError("cannot be read; percent-encode what is special in its password") from None
        return value

    return AfterValidator(check)


def _broker(value: SecretStr) -> SecretStr:
    broker_address(value.get_secret_value())
    return value


def _dsn(value: SecretStr) -> SecretStr:
    parts = urlsplit(value.get_secret_value())
    if not parts.hostname or not parts.username or not parts.path.rpartition("/")[2].isdecimal():
        raise ValueError("must be a project's DSN, as Sentry shows it: https://key@host/number")
    return value


def _quota(value: object) -> object:
    return read_quota(value) if isinstance(value, str) else value


class Settings(BaseModel):
    """Every setting has a default that works on a laptop, except the key that encrypts tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    broker_url: Annotated[SecretStr, _address("amqp", "amqps"), AfterValidator(_broker)] = SecretStr(
        "amqp://guest:guest@127.0.0.1:5672//",
    )
    api_particulier_url: Annotated[SecretStr, _address("https", "http")] = SecretStr(
        "https://staging.particulier.api.gouv.fr",
    )
    database_url: Annotated[SecretStr, _address("sqlite", "postgresql", "postgresql+psycopg")] = SecretStr(
        "sqlite:///ccas-connector.db",
    )
    dgfip_url: Annotated[SecretStr, _address("https", "http")] | None = None
    """Base address of the gateway of API Impôt particulier, with its token endpoint at ``/token``."""
    secret_key: SecretStr | None = None
    journal_key: SecretStr | None = None
    """Keys the hashes of the access journal; None: there is no journal."""
    journal_months: Annotated[int, Field(ge=1, le=1200)] = 36
    """How long a record of the access journal is kept, in calendar months."""
    redis_url: Annotated[SecretStr, _address("redis", "rediss", "unix")] | None = None
    """Redis or Valkey, which several worker processes share; None: there is one process only."""
    token_quota: Annotated[Quota, BeforeValidator(_quota)] = (Rate(20, 1.0),)
    """What a tenant's token may call, of each group of endpoints."""
    egress_quota: Annotated[Quota, BeforeValidator(_quota)] = (Rate(1000, 60.0),)
    """What all calls from this address may add up to."""
    france_connect_quota: Annotated[Quota, BeforeValidator(_quota)] = (Rate(120, 60.0),)
    """What one vendor may call for one tenant with FranceConnect's tokens, which no quota of a tenant's token bounds."""
    reply_memory_seconds: Annotated[float, Field(ge=0, le=_MONTH_SECONDS)] = 3600.0
    """How long an answer is remembered for its ``job_id``; 0: not at all."""
    require_user_id: bool = False
    sentry_dsn: Annotated[SecretStr, _address("https", "http"), AfterValidator(_dsn)] | None = None
    """Where incidents, traces and check-ins go; None: nowhere."""
    sentry_trace_sample_rate: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.01
    """Of the jobs whose vendor has not decided, or too often that they be, how many are traced; 0: no job at all."""
    sentry_environment: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")] = "production"
    log_format: Literal["console", "json"] = "console"


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Return the settings that ``environ`` gives.

    Raises ``SettingsError`` for the first variable that is malformed, or whose file cannot be read.
    """
    values = {
        name: value
        for name in Settings.model_fields
        if (value := _value(environ, f"{PREFIX}{name.upper()}")) is not None
    }
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        variable = f"{PREFIX}{str(first['loc'][0]).upper()}"
        raise SettingsError(f"{variable}: {first['msg'].removeprefix('Value error, ')}") from None


def _value(environ: Mapping[str, str], variable: str) -> str | None:
    direct, path = environ.get(variable), environ.get(f"{variable}_FILE")
    if direct and path:
        raise SettingsError(f"{variable}: given twice, as {variable} and as {variable}_FILE; keep one")
    if not path:
        return direct or None
    try:
        return Path(path).read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{variable}_FILE: cannot be read ({type(error).__name__})") from None
