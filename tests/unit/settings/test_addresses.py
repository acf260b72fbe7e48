"""Addresses: nothing of a password is shown or misread, and nothing leaves this machine in clear unsaid."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from kombu.utils.url import url_to_parts

from connector.cli import command_line
from connector.limits.shared.link import RedisLink, SharedStateError
from connector.settings.addresses import is_loopback, leaves_in_clear
from connector.settings.broker_address import broker_address
from connector.settings.settings import Settings, SettingsError, load_settings
from connector.storage.database import DatabaseError, open_database
from connector.vault import new_key

LETTERS = st.text(alphabet="JQXZ79@/#?:%;&=[]\\ +.,!$'()*^|~\t\u00e9", min_size=4, max_size=24)
"""Of which no message of ours holds the capitals, so that a part of one is recognised."""
PASSWORDS = st.one_of(
    LETTERS,
    # Its beginning passes for a port, its rest for what follows one.
    st.builds(
        "{}{}{}".format,
        st.text("79", max_size=3),
        st.sampled_from(["/", "?", "#", "@", "/?", "@/", "%"]),
        LETTERS,
    ),
)
FORMS = {
    "CONNECTOR_BROKER_URL": (
        "amqp://user:{}@broker.test:5672/ccas",
        "amqps://user:{}@[2001:db8::1]/ccas?cacertfile=/ca.pem",
        "amqp://{}@broker.test",
        "amqp://user:{}",
    ),
    "CONNECTOR_DATABASE_URL": (
        "postgresql://user:{}@db.test:5432/registry?sslmode=verify-full",
        "postgresql+psycopg://user:{}@db.test/registry",
    ),
    "CONNECTOR_REDIS_URL": (
        "redis://:{}@redis.test:6379/0",
        "rediss://user:{}@redis.test",
        "unix://u:{}@/redis.sock?db=0",
    ),
    "CONNECTOR_SENTRY_DSN": ("https://{}@sentry.test/7", "https://key:{}@sentry.test/some/path/7"),
    "CONNECTOR_API_PARTICULIER_URL": ("https://user:{}@api.test", "http://user:{}@api.test/"),
    "CONNECTOR_DGFIP_URL": ("https://user:{}@dgfip.test/gateway",),
}
CASES = [(variable, form) for variable, forms in FORMS.items() for form in forms]
LOOPBACK = [
    "127.0.0.1",
    "127.255.3.4",
    "localhost",
    "LocalHost",
    "::1",
    "::ffff:127.0.0.1",
    "0:0:0:0:0:0:0:1",
]
ELSEWHERE = [
    "",
    "localhost.evil.example",
    "evil-localhost",
    "localhost.",
    "127.1.evil",
    "127.0.0.1.evil.example",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "0.0.0.0",  # noqa: S104 - not bound to
    "128.0.0.1",
    "10.0.0.1",
    "::",
    "::2",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "fe80::1",
    "api.test",
]
HTTP_VARIABLES = {
    "CONNECTOR_API_PARTICULIER_URL": "http://{}",
    "CONNECTOR_DGFIP_URL": "http://{}/gateway",
    "CONNECTOR_SENTRY_DSN": "http://key@{}/7",
}


def _parts_of(password: str) -> set[str]:
    """Return what of a password a message must not hold: every four characters of which one is in no message of ours."""
    return {
        part for start in range(len(password) - 3) if set(part := password[start : start + 4]) & set("JQXZ")
    }


def _used(settings: Settings) -> None:
    """Hand each address to the library that reads it again."""
    broker_address(settings.broker_url.get_secret_value())
    open_database(settings.database_url).dispose()
    if settings.redis_url is not None:
        RedisLink(settings.redis_url)


@pytest.mark.parametrize(("variable", "form"), CASES)
@settings(deadline=None)  # no test measures time
@given(password=PASSWORDS)
def test_no_error_shows_a_part_of_a_password(variable: str, form: str, password: str) -> None:
    try:
        _used(load_settings({variable: form.format(password)}))
    except (SettingsError, DatabaseError, SharedStateError) as error:
        told = str(error)
        assert told.startswith(f"{variable}: ")
        assert "\n" not in told
        assert [part for part in _parts_of(password) if part in told] == []


@settings(deadline=None)  # no test measures time
@given(password=PASSWORDS)
def test_a_password_is_taken_whole_or_its_address_is_refused(password: str) -> None:
    """Percent-encoded it is taken; as it is, it is taken as itself or not at all."""
    encoded = f"amqp://user:{quote(password, safe='')}@broker.test:5672/ccas"
    assert url_to_parts(broker_address(encoded).url)[1:6] == ("broker.test", 5672, "user", password, "ccas")
    plain = f"amqp://user:{password}@broker.test:5672/ccas"
    try:
        taken = broker_address(plain)
    except ValueError:
        return
    _scheme, host, port, user, _read, vhost, _options = url_to_parts(taken.url)
    assert (host, port, user, vhost) == ("broker.test", 5672, "user", "ccas")


@pytest.mark.parametrize(
    "text",
    [
        "amqp://user:12/JQXZ@broker.test/ccas",
        "amqp://user:12?JQXZ@broker.test/ccas",
        "amqp://user:12#JQXZ@broker.test/ccas",
        "amqp://user:J@QXZ@broker.test/ccas",
        "amqp://user:JQ%XZ@broker.test/ccas",
        "amqp://user:JQ XZ@broker.test/ccas",
        "amqp://user:JQ\\XZ@broker.test/ccas",
        "amqp://user:JQ[XZ@broker.test/ccas",
        "amqp://user:JQXZ@broker.test/ccas?JQXZ=1",
        "amqp://broker.test:JQXZ/ccas",
        "amqp://br\noker.test/ccas",
        "amqp://broker,test/ccas",
    ],
)
def test_an_address_that_a_password_has_broken_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"^CONNECTOR_BROKER_URL: (cannot be read|holds|has)") as refused:
        load_settings({"CONNECTOR_BROKER_URL": text})
    assert "XZ" not in str(refused.value)


@pytest.mark.parametrize("host", LOOPBACK)
def test_loopback_is_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ELSEWHERE)
def test_what_looks_like_loopback_is_not(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("variable", HTTP_VARIABLES)
@pytest.mark.parametrize("host", LOOPBACK)
def test_http_is_taken_on_this_machine(variable: str, host: str) -> None:
    written = f"[{host}]:8080" if ":" in host else f"{host}:8080"
    assert load_settings({variable: HTTP_VARIABLES[variable].format(written)}) != load_settings({})


@pytest.mark.parametrize("variable", HTTP_VARIABLES)
@pytest.mark.parametrize("host", [f"[{host}]" if ":" in host else host for host in ELSEWHERE if host])
def test_http_beyond_it_is_refused_unless_a_setting_says_so(variable: str, host: str) -> None:
    environ = {variable: HTTP_VARIABLES[variable].format(f"{host}:8080")}
    with pytest.raises(SettingsError, match=f"^{variable}: http:// beyond .*CONNECTOR_ALLOW_CLEAR_HTTP=true"):
        load_settings(environ)
    assert load_settings({**environ, "CONNECTOR_ALLOW_CLEAR_HTTP": "true"}).allow_clear_http


@pytest.mark.parametrize("variable", ["CONNECTOR_API_PARTICULIER_URL", "CONNECTOR_DGFIP_URL"])
@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1@evil.test/",
        "http://127.0.0.1:80@evil.test/",
        "http://127.0.0.1\\@evil.test/",
        "http://127.0.0.1#@evil.test/",
        "http://127.0.0.1?@evil.test/",
        "http://user:word@127.0.0.1/",
        "https://user@api.test/",
        "https://api.test/?siret=1",
        "https://",
        "http://[::1",
    ],
)
def test_an_address_with_a_user_or_a_query_is_none(variable: str, url: str) -> None:
    with pytest.raises(SettingsError, match=f"^{variable}: "):
        load_settings({variable: url})


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("amqp://guest:guest@127.0.0.1:5672//", False),
        ("amqp://u:p@broker.test/", True),
        ("amqps://u:p@broker.test/", False),
        ("redis://:p@redis.test:6379/0", True),
        ("rediss://:p@redis.test:6379/0", False),
        ("redis://localhost/0", False),
        ("unix:///run/redis.sock", False),
        ("postgresql://u:p@db.test/registry", True),
        ("postgresql://u:p@db.test/registry?sslmode=prefer", True),
        ("postgresql://u:p@db.test/registry?sslmode=verify-full&sslrootcert=/ca.pem", False),
        ("postgresql+psycopg://u:p@db.test/registry?sslmode=require", False),
        ("postgresql://u:p@127.0.0.1/registry", False),
        ("postgresql:///registry", False),
        ("postgresql:///registry?host=/run/postgresql", False),
        ("postgresql:///registry?host=db.test", True),
        ("postgresql:///registry?host=127.0.0.1,db.test", True),
        ("postgresql:///registry?host=127.0.0.1&host=db.test", True),
        ("https://api.test", False),
        ("http://api.test", True),
    ],
)
def test_what_leaves_in_clear(address: str, *, expected: bool) -> None:
    assert leaves_in_clear(address, {}) is expected


def test_libpqs_own_variables_count() -> None:
    address = "postgresql://u:p@db.test/registry"
    assert not leaves_in_clear(address, {"PGSSLMODE": "verify-full"})
    assert leaves_in_clear(f"{address}?sslmode=allow", {"PGSSLMODE": "verify-full"})
    assert leaves_in_clear("postgresql:///registry", {"PGHOST": "db.test"})


IN_CLEAR = {
    "CONNECTOR_BROKER_URL": "amqp://user:sesame@broker.invalid/",
    "CONNECTOR_REDIS_URL": "redis://:sesame@redis.invalid/0",
    "CONNECTOR_API_PARTICULIER_URL": "http://api.invalid",
    "CONNECTOR_DGFIP_URL": "http://dgfip.invalid",
    "CONNECTOR_ALLOW_CLEAR_HTTP": "true",
}


@pytest.mark.parametrize(
    ("command", "database", "status"),
    [
        (("beat", "--once"), "sqlite:///{folder}/registry.db", 0),
        (("worker",), "postgresql://user:sesame@db.invalid/registry", 2),
    ],
)
def test_each_start_says_what_leaves_in_clear(
    command: tuple[str, ...], database: str, status: int, tmp_path: Path
) -> None:
    """The worker ends at once, since its database is not there: it has said so before."""
    run = subprocess.run(
        [sys.executable, "-m", "workers", *command],
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("CONNECTOR_")},
            **IN_CLEAR,
            "CONNECTOR_DATABASE_URL": database.format(folder=tmp_path),
            "CONNECTOR_SECRET_KEY": new_key(),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == status, run.stderr
    said = [line for line in run.stderr.splitlines() if "address.in_clear" in line]
    expected = [name for name in IN_CLEAR if name.endswith("_URL")]
    expected += ["CONNECTOR_DATABASE_URL"] if database.startswith("postgresql") else []
    assert sorted(name for line in said for name in expected if name in line) == sorted(expected)
    assert len(said) == len(expected)
    assert "sesame" not in run.stdout + run.stderr


@pytest.mark.parametrize("is_allowed", [False, True])
def test_a_command_says_it_on_standard_error(tmp_path: Path, *, is_allowed: bool) -> None:
    environ = {
        "CONNECTOR_API_PARTICULIER_URL": "http://api.invalid" if is_allowed else "http://127.0.0.1:8080",
        "CONNECTOR_ALLOW_CLEAR_HTTP": "true",
        "CONNECTOR_DATABASE_URL": f"sqlite:///{tmp_path / 'registry.db'}",
    }
    result = CliRunner().invoke(command_line, ["tenants", "list"], env=environ)
    assert result.exit_code == 0
    told = [line for line in result.stderr.splitlines() if "unencrypted" in line]
    assert [line.split(": ")[1] for line in told] == ["CONNECTOR_API_PARTICULIER_URL"] * is_allowed
