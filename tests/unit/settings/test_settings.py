"""Settings come from the environment or from files, and a malformed one is named without its value."""

from pathlib import Path

import pytest

from connector.settings.settings import Settings, SettingsError, load_settings


def test_every_setting_but_the_key_has_a_default() -> None:
    settings = load_settings({})
    assert settings.broker_url.get_secret_value() == "amqp://guest:guest@127.0.0.1:5672//"
    assert settings.api_particulier_url.get_secret_value() == "https://staging.particulier.api.gouv.fr"
    assert settings.database_url.get_secret_value() == "sqlite:///ccas-connector.db"
    assert settings.secret_key is None
    assert settings.require_user_id is False
    assert settings.log_format == "console"


def test_only_prefixed_variables_count() -> None:
    environ = {"LOG_FORMAT": "json", "log_format": "json", "CONNECTOR_REQUIRE_USER_ID": "true"}
    settings = load_settings(environ)
    assert settings.log_format == "console"
    assert settings.require_user_id is True


def test_unknown_variables_are_ignored() -> None:
    environ = {"CONNECTOR_DEMO_FOLDER": "/somewhere", "CONNECTOR_DEMO_FOLDER_FILE": "/no/such/file"}
    assert load_settings(environ) == load_settings({})


@pytest.mark.parametrize(("text", "expected"), [("true", True), ("1", True), ("false", False), ("0", False)])
def test_a_boolean_is_written_as_operators_write_it(text: str, *, expected: bool) -> None:
    assert load_settings({"CONNECTOR_REQUIRE_USER_ID": text}).require_user_id is expected


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CONNECTOR_BROKER_URL", "amqps://user:pass@broker.test/vhost"),
        ("CONNECTOR_API_PARTICULIER_URL", "http://127.0.0.1:8000"),
        ("CONNECTOR_DATABASE_URL", "postgresql+psycopg://user:pass@db.test/registry"),
        ("CONNECTOR_DATABASE_URL", "postgresql://user:pass@db.test/registry"),
        ("CONNECTOR_SECRET_KEY", "some-key"),
        ("CONNECTOR_SENTRY_DSN", "https://key@sentry.test/some/path/7"),
        ("CONNECTOR_SENTRY_TRACE_SAMPLE_RATE", "0.25"),
        ("CONNECTOR_SENTRY_ENVIRONMENT", "staging"),
        ("CONNECTOR_LOG_FORMAT", "json"),
    ],
)
def test_a_value_is_taken_from_the_variable_or_from_the_file_it_names(
    variable: str,
    value: str,
    tmp_path: Path,
) -> None:
    path = tmp_path / "value"
    path.write_text(f"{value}\n", "utf-8")
    direct, from_file = load_settings({variable: value}), load_settings({f"{variable}_FILE": str(path)})
    assert direct == from_file
    assert direct != load_settings({})


def test_a_setting_given_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("from-the-file", "utf-8")
    environ = {"CONNECTOR_SECRET_KEY": "from-the-variable", "CONNECTOR_SECRET_KEY_FILE": str(path)}
    with pytest.raises(SettingsError) as caught:
        load_settings(environ)
    message = str(caught.value)
    assert "CONNECTOR_SECRET_KEY_FILE" in message
    assert "from-the" not in message
    assert "\n" not in message


def test_an_empty_variable_beside_a_file_is_absent(tmp_path: Path) -> None:
    path = tmp_path / "format"
    path.write_text("json", "utf-8")
    environ = {"CONNECTOR_LOG_FORMAT": "", "CONNECTOR_LOG_FORMAT_FILE": str(path)}
    assert load_settings(environ).log_format == "json"


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_an_empty_variable_or_path_or_file_is_absent(name: str, tmp_path: Path) -> None:
    variable = f"CONNECTOR_{name.upper()}"
    path = tmp_path / "empty"
    path.write_text(" \n", "utf-8")
    for environ in ({variable: ""}, {f"{variable}_FILE": ""}, {f"{variable}_FILE": str(path)}):
        assert load_settings(environ) == load_settings({})


def test_a_file_that_cannot_be_read_is_named_by_its_variable(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"s\xe9same")
    for path in (tmp_path / "absent", tmp_path, tmp_path / "latin"):
        with pytest.raises(SettingsError) as caught:
            load_settings({"CONNECTOR_SECRET_KEY_FILE": str(path)})
        message = str(caught.value)
        assert message.startswith("CONNECTOR_SECRET_KEY_FILE:")
        assert "\n" not in message
        assert "same" not in message


MALFORMED = [
    ("CONNECTOR_BROKER_URL", "http://s3same@broker.test"),
    ("CONNECTOR_BROKER_URL", "s3same"),
    ("CONNECTOR_API_PARTICULIER_URL", "ftp://s3same.test"),
    ("CONNECTOR_DATABASE_URL", "mysql://s3same@db.test/registry"),
    ("CONNECTOR_REQUIRE_USER_ID", "s3same"),
    ("CONNECTOR_LOG_FORMAT", "s3same"),
]


@pytest.mark.parametrize(("variable", "value"), MALFORMED)
@pytest.mark.parametrize("in_file", [False, True])
def test_a_malformed_value_is_named_on_one_line_and_never_shown(
    variable: str,
    value: str,
    tmp_path: Path,
    *,
    in_file: bool,
) -> None:
    path = tmp_path / "value"
    path.write_text(value, "utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings({f"{variable}_FILE": str(path)} if in_file else {variable: value})
    message = str(caught.value)
    assert message.startswith(f"{variable}: ")
    assert "\n" not in message
    assert "s3same" not in message
    assert caught.value.__suppress_context__


def test_settings_show_no_secret() -> None:
    settings = load_settings(
        {
            "CONNECTOR_BROKER_URL": "amqp://user:s3same@broker.test",
            "CONNECTOR_DATABASE_URL": "postgresql://user:s3same@db.test/registry",
            "CONNECTOR_SECRET_KEY": "s3same",
        },
    )
    assert "s3same" not in f"{settings!r} {settings}"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        *[
            ("CONNECTOR_SENTRY_DSN", value)
            for value in (
                "s3same",
                "https://sentry.test/7",
                "https://s3same@sentry.test/",
                "ftp://s3same@h/1",
            )
        ],
        *[("CONNECTOR_SENTRY_TRACE_SAMPLE_RATE", value) for value in ("-0.1", "1.1", "nan", "s3same")],
        *[("CONNECTOR_SENTRY_ENVIRONMENT", value) for value in ("s3same place", "s3same/1")],
    ],
)
def test_what_sentry_could_not_use_is_refused_without_being_shown(variable: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings({variable: value})
    assert str(refused.value).startswith(f"{variable}: ")
    assert "s3same" not in str(refused.value)
