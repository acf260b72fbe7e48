"""One sentence per cause, for what a network, TLS and a database say in their own words."""

import errno
import os
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from connector.settings.causes import network_cause
from connector.storage.causes import database_cause


def _refused(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "s3same")
    error.verify_code = code
    return error


@pytest.mark.parametrize(
    ("error", "part"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "s3same"), "nothing listens at its address"),
        (socket.gaierror(-2, "s3same"), "its host name does not resolve"),
        (TimeoutError("s3same"), "it does not answer"),
        (OSError(errno.EHOSTUNREACH, "s3same"), "there is no way to its host"),
        (ConnectionResetError(errno.ECONNRESET, "s3same"), "it closed the connection"),
        (_refused(10), "its certificate has expired"),
        (_refused(18), "self-signed"),
        (_refused(20), "an authority that is not known here"),
        (_refused(62), "another host name"),
        (_refused(99), "not accepted (OpenSSL's code 99)"),
        (ssl.SSLEOFError(8, "s3same"), "does its port speak TLS"),
        (ssl.SSLError("s3same"), "SSLError"),
        (KeyError("s3same"), "KeyError"),
    ],
)
def test_each_cause_of_a_network_has_a_sentence_that_shows_nothing(error: Exception, part: str) -> None:
    told = network_cause(error)
    assert part in told
    assert "s3same" not in told


def test_a_cause_is_found_behind_what_a_library_has_made_of_it() -> None:
    made = RuntimeError("s3same")
    made.__cause__ = ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
    assert "nothing listens" in network_cause(made)
    assert "does not resolve" in network_cause(RuntimeError(socket.gaierror(-2, "s3same")))


def test_errors_that_came_from_each_other_end() -> None:
    first, second = RuntimeError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert network_cause(first) == "RuntimeError"


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    with pytest.raises(FileNotFoundError) as missing:
        ssl.create_default_context(cafile=str(path))
    with pytest.raises(FileNotFoundError) as named:
        path.open()
    assert network_cause(named.value) == f"the file {path} cannot be read: no such file or directory"
    # OpenSSL does not say which.
    assert network_cause(missing.value) == (
        "a file that the address names cannot be read: no such file or directory"
    )


TEXTS = [
    ('FATAL:  password authentication failed for user "s3same"', "it refuses the user or the password"),
    (
        "FATAL:  authentification par mot de passe échouée pour l'utilisateur  « s3same »",
        "it refuses the user or the password",
    ),
    ('FATAL:  role "s3same" does not exist', "it refuses the user or the password"),
    ("FATAL:  le rôle « s3same » n'existe pas", "it refuses the user or the password"),
    ('FATAL:  database "s3same" does not exist', "there is no such database on the server"),
    ("FATAL:  la base de données « s3same » n'existe pas", "there is no such database on the server"),
    ("FATAL:  no such database: s3same", "there is no such database on the server"),
    (
        'FATAL:  no pg_hba.conf entry for host "s3same", user "a", database "b", no encryption',
        "its pg_hba.conf does not let this user in from here, or not without TLS",
    ),
    (
        "FATAL:  aucune entrée dans pg_hba.conf pour l'hôte « s3same »",
        "its pg_hba.conf does not let this user in from here, or not without TLS",
    ),
    (
        "FATAL:  sorry, too many clients already",
        "it takes no further connection: max_connections, or a limit of the user's or the database's, is reached",
    ),
    (
        "FATAL:  désolé, trop de clients sont déjà connectés",
        "it takes no further connection: max_connections, or a limit of the user's or the database's, is reached",
    ),
    ("FATAL:  the database system is starting up", "it is starting, stopping or recovering"),
    ("FATAL:  le système de bases de données se lance", "it is starting, stopping or recovering"),
    ("FATAL:  le système de base de données s'arrête", "it is starting, stopping or recovering"),
    (
        "server does not support SSL, but SSL was required",
        "it does not speak TLS, and the address asks for it",
    ),
    (
        "FATAL:  unsupported startup parameter: s3same",
        "the pooler before it refuses a parameter of the address",
    ),
    ('invalid URI query parameter: "s3same"', "an option of the address is not one of PostgreSQL's"),
    ('invalid connection option "s3same"', "an option of the address is not one of PostgreSQL's"),
    ("database or disk is full", "its disk is full"),
    ("attempt to write a readonly database", "its file or its folder may not be written"),
]
"""Of PostgreSQL 15 in English and in French (its catalogue ``postgres-15.mo``), libpq 18, PgBouncer 1.18 and SQLite."""


@pytest.mark.parametrize(("text", "sentence"), TEXTS)
def test_each_text_of_a_database_has_its_sentence(text: str, sentence: str) -> None:
    assert database_cause(OperationalError("SELECT s3same", {}, RuntimeError(text))) == sentence


def _states() -> Iterator[tuple[str, str]]:
    yield "25006", "it takes no changes: it is a standby, or was made read-only"
    yield "28P01", "it refuses the user or the password"
    yield "53100", "its disk is full"
    yield "57P03", "it is starting, stopping or recovering"
    yield "08006", "the connection broke"
    yield "22001", "it refuses a statement (SQLSTATE 22001)"


@pytest.mark.parametrize(("state", "sentence"), list(_states()))
def test_a_code_is_believed_before_a_text(state: str, sentence: str) -> None:
    error = RuntimeError("la base de données « s3same » n'existe pas")
    error.sqlstate = state  # type: ignore[attr-defined]
    assert database_cause(OperationalError("SELECT s3same", {}, error)) == sentence


def test_of_several_servers_each_is_told() -> None:
    text = (
        "connection failed: FATAL:  x\nMultiple connection attempts failed. All failures were:\n"
        "- host: 'a', port: '1', hostaddr: '127.0.0.1': session is read-only\n"
        "- host: 'b', port: '2', hostaddr: '127.0.0.1': Connection refused"
    )
    told = database_cause(OperationalError("", {}, RuntimeError(text)))
    assert told == (
        "it takes no changes: it is a standby, or was made read-only; "
        "nothing listens at its address: is it started, and is the port right?"
    )
