"""Settings, from environment variables prefixed ``CONNECTOR_`` or from the files they name.

``CONNECTOR_X_FILE`` gives the path of a file that holds the value of ``CONNECTOR_X``, for secrets that an
orchestrator mounts. An empty variable counts as absent.
"""

import ssl
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
from connector.jobs.rate import Quota, Rate, read_quota
from connector.settings.addresses import hosts_of, leaves_in_clear, read_address
from connector.settings.broker_address import broker_address
from connector.settings.database_address import database_address
from connector.settings.redis_address import redis_address

PREFIX: Final = "CONNECTOR_"
ALLOW_CLEAR_HTTP: Final = f"{PREFIX}ALLOW_CLEAR_HTTP"
_LEAST_TRUST_SECONDS: Final = 5
_MONTH_SECONDS: Final = 31 * 24 * 3600
_HTTP_ADDRESSES: Final = ("api_particulier_url", "dgfip_url", "sentry_dsn")
_ADDRESSES: Final = (
    *_HTTP_ADDRESSES,
    "proxy_url",
    "broker_url",
    "operator_broker_url",
    "database_url",
    "redis_url",
)


class SettingsError(OperatorError):
    """A setting is missing or malformed; the message names the variable and says what to do, on one line."""


def _address(*schemes: str) -> AfterValidator:
    def check(value: SecretStr) -> SecretStr:
        text = value.get_secret_value()
        if not text.startswith(tuple(f"{scheme}://" for scheme in schemes)):
            raise ValueError(f"must start with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        # The rest of SQLite's is a path.
        if not text.startswith("sqlite:"):
            for each in hosts_of(text):
                read_address(each)
        return value

    return AfterValidator(check)


def _broker(value: SecretStr) -> SecretStr:
    broker_address(value.get_secret_value())
    return value


def _database(value: SecretStr) -> SecretStr:
    database_address(value.get_secret_value())
    return value


def _base(value: SecretStr) -> SecretStr:
    parts = urlsplit(value.get_secret_value())
    if not parts.hostname:
        raise ValueError("has no host")
    if "@" in parts.netloc or "?" in value.get_secret_value():
        raise ValueError("must be a scheme, a host and a path alone: no user, no password, no query")
    return value


def _proxy(value: SecretStr) -> SecretStr:
    parts = urlsplit(value.get_secret_value())
    if not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError(
            "must be a host and its port, with a user and a password or without: http://user:password@proxy:3128"
        )
    return value


def _authorities(file: Path) -> Path:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except ssl.SSLError:
        raise ValueError("holds no certificate in the PEM format") from None
    except OSError as error:
        raise ValueError(f"cannot be read: {(error.strerror or type(error).__name__).lower()}") from None
    return file


def _dsn(value: SecretStr) -> SecretStr:
    parts = urlsplit(value.get_secret_value())
    if not parts.hostname or not parts.username or not parts.path.rpartition("/")[2].isdecimal():
        raise ValueError("must be a project's DSN, as Sentry shows it: https://key@host/number")
    return value


def _redis(value: SecretStr) -> SecretStr:
    redis_address(value.get_secret_value())
    return value


def _trust(seconds: float) -> float:
    if 0 < seconds < _LEAST_TRUST_SECONDS:
        raise ValueError(
            f"must be at least {_LEAST_TRUST_SECONDS}, or 0 for ever: a worker asks every two seconds"
        )
    return seconds


def _quota(value: object) -> object:
    return read_quota(value) if isinstance(value, str) else value


class Settings(BaseModel):
    """Every setting has a default that works on a laptop, except the key that encrypts tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    broker_url: Annotated[SecretStr, _address("amqp", "amqps"), AfterValidator(_broker)] = SecretStr(
        "amqp://guest:guest@127.0.0.1:5672//",
    )
    operator_broker_url: Annotated[SecretStr, _address("amqp", "amqps"), AfterValidator(_broker)] | None = (
        None
    )
    """Where commands of the operator's go, as a user of their own; None: to ``broker_url``."""
    api_particulier_url: Annotated[SecretStr, _address("https", "http"), AfterValidator(_base)] = SecretStr(
        "https://staging.particulier.api.gouv.fr",
    )
    database_url: Annotated[
        SecretStr, _address("sqlite", "postgresql", "postgresql+psycopg"), AfterValidator(_database)
    ] = SecretStr("sqlite:///ccas-connector.db")
    dgfip_url: Annotated[SecretStr, _address("https", "http"), AfterValidator(_base)] | None = None
    """Base address of the gateway of API Impôt particulier, with its token endpoint at ``/token``."""
    ca_file: Annotated[Path, AfterValidator(_authorities)] | None = None
    """Authorities of certificates to trust beside the system's, for the API and its proxy; None: the system's alone."""
    proxy_url: Annotated[SecretStr, _address("http", "https"), AfterValidator(_proxy)] | None = None
    """What every call to the API goes through; None: nothing, whatever the environment says."""
    secret_key: SecretStr | None = None
    journal_key: SecretStr | None = None
    """Keys the hashes of the access journal; None: there is no journal."""
    journal_months: Annotated[int, Field(ge=1, le=1200)] = 36
    """How long a record of the access journal is kept, in calendar months."""
    redis_url: Annotated[SecretStr, AfterValidator(_redis)] | None = None
    """Redis or Valkey, which several worker processes share; None: there is one process only."""
    token_quota: Annotated[Quota, BeforeValidator(_quota)] = (Rate(20, 1.0),)
    """What a tenant's token may call, of each group of endpoints."""
    egress_quota: Annotated[Quota, BeforeValidator(_quota)] = (Rate(1000, 60.0),)
    """What all calls from this address may add up to."""
    france_connect_quota: Annotated[Quota, BeforeValidator(_quota)] = (Rate(120, 60.0),)
    """What one vendor may call for one tenant with FranceConnect's tokens, which no quota of a tenant's token bounds."""
    reply_memory_seconds: Annotated[float, Field(ge=0, le=_MONTH_SECONDS)] = 3600.0
    """How long an answer is remembered for its ``job_id``; 0: not at all."""
    registry_trust_seconds: Annotated[float, Field(ge=0, le=_MONTH_SECONDS), AfterValidator(_trust)] = 300.0
    """How long calls are made by a registry that the database does not confirm; 0: for ever.

    A managed PostgreSQL fails over within two minutes, which is no reason to answer nobody; and a token that was revoked is used no
    longer than it takes to telephone.
    """
    require_user_id: bool = False
    allow_clear_http: bool = False
    """Whether tokens and persons' data may leave this machine over ``http://``, which encrypts nothing."""
    sentry_dsn: Annotated[SecretStr, _address("https", "http"), AfterValidator(_dsn)] | None = None
    """Where incidents, traces and check-ins go; None: nowhere."""
    sentry_trace_sample_rate: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.01
    """Of the jobs whose vendor has not decided, or too often that they be, how many are traced; 0: no job at all."""
    sentry_environment: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")] = "production"
    log_format: Literal["console", "json"] = "console"


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Return the settings that ``environ`` gives.

    Raises ``SettingsError`` for the first variable that is malformed, whose file cannot be read, or whose address would
    send a token or a person's data over the network in clear HTTP without a setting that allows it.
    """
    values = {
        name: value
        for name in Settings.model_fields
        if (value := _value(environ, f"{PREFIX}{name.upper()}")) is not None
    }
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        variable = f"{PREFIX}{str(first['loc'][0]).upper()}"
        raise SettingsError(f"{variable}: {first['msg'].removeprefix('Value error, ')}") from None
    if not settings.allow_clear_http and (refused := clear_http_of(settings, environ)):
        raise SettingsError(
            f"{refused[0]}: http:// beyond this machine would show tokens and persons' data to the network; give https://, "
            f"or {ALLOW_CLEAR_HTTP}=true"
        )
    return settings


def in_clear_of(settings: Settings, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the variables whose address has tokens, passwords or persons' data leave this machine in clear, or may."""
    addresses = {name: getattr(settings, name) for name in _ADDRESSES}
    return tuple(
        f"{PREFIX}{name.upper()}"
        for name, address in addresses.items()
        if address is not None and leaves_in_clear(address.get_secret_value(), environ)
    )


def clear_http_of(settings: Settings, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return those whose address is one of HTTP, which has no place on a network for what they carry."""
    return tuple(
        variable
        for variable in in_clear_of(settings, environ)
        if variable.removeprefix(PREFIX).lower() in _HTTP_ADDRESSES
    )


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
