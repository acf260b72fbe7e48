"""Why the database cannot be used, in one sentence.

Once a session is open, the server gives the reason's code. Before, the client library gives the server's text alone, in the
server's own language: English, or French.
"""

import re
import socket
import ssl
from itertools import zip_longest
from typing import Final

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from connector.settings.causes import network_cause

_READ_ONLY: Final = "it takes no changes: it is a standby, or was made read-only"
_STATES: Final = {
    "25006": _READ_ONLY,
    "28": "it refuses the user or the password",
    "3D": "there is no such database on the server",
    "42501": "the user has not the right for that; tables belong to whoever ran: ccas-connector registry upgrade",
    "42P01": "its tables are missing; run: ccas-connector registry upgrade",
    "53100": "its disk is full",
    "53200": "it has no memory left",
    "53300": "it takes no further connection: max_connections, or a limit of the user's or the database's, is reached",
    "55P03": "another process holds a lock on it",
    "57014": "it took too long over a statement",
    "57P": "it is starting, stopping or recovering",
    "08": "the connection broke",
}
"""By the beginning of a code (https://www.postgresql.org/docs/current/errcodes-appendix.html), the first that fits."""
_OF_A_SERVER: Final = re.compile(r"^- host: .*$", re.MULTILINE)
"""A line of psycopg's on one of several servers, none of which could be used."""
_NOT_VERIFIED: Final = "certificate verify failed"
_SSL_REQUEST: Final = (8).to_bytes(4) + (80877103).to_bytes(4)
"""What asks a server for TLS (https://www.postgresql.org/docs/current/protocol-message-formats.html, ``SSLRequest``)."""
_PORT: Final = 5432
_LOOK_SECONDS: Final = 5.0
_TEXTS: Final = tuple(
    (re.compile(pattern), sentence)
    for pattern, sentence in (
        (r"password authentication failed|par mot de passe échouée|auth(entication)? failed", _STATES["28"]),
        (r"no password supplied", "it asks for a password, and the address has none"),
        (r"[Rr]ole .* does not exist|rôle .* n'existe pas|no such user", _STATES["28"]),
        (r"not permitted to log in|n'est pas autorisé à se connecter", "its user may not log in"),
        (r"database .* does not exist|base de données .* n'existe pas|no such database", _STATES["3D"]),
        (
            r"permission denied for database|droit refusé pour la base",
            "the user may not connect to the database",
        ),
        (r"pg_hba\.conf", "its pg_hba.conf does not let this user in from here, or not without TLS"),
        (
            r"too many (clients|connections)|trop de (clients|connexions)|remaining connection slots|emplacements de connexions",
            _STATES["53300"],
        ),
        (
            r"starting up|shutting down|recovery mode|not accepting connections|se lance|s'arrête|de restauration|n'accepte pas de conn",
            _STATES["57P"],
        ),
        (r"unsupported startup parameter", "the pooler before it refuses a parameter of the address"),
        (
            r"query_wait_timeout|server login has been failing|cannot connect to server",
            "the pooler before it does not reach it",
        ),
        (r"session is read-only|server is in hot standby", _READ_ONLY),
        (r"not in hot standby", "it is no standby, and the address asks for one"),
        (r"does not support SSL", "it does not speak TLS, and the address asks for it"),
        (r"certificate has expired", "its certificate has expired, or the client's"),
        (
            r"self-signed certificate|unable to get local issuer",
            "its certificate is signed by an authority that is not known here; name that authority's file",
        ),
        (
            r"certificate verify failed|certificate authority|unknown ca",
            "a certificate's authority is not known to the other side; name that authority's file",
        ),
        (r"does not match host name", "its certificate is for another host name than the one in the address"),
        (
            r"certificate required|without a valid client certificate|requires a valid client cert",
            "it asks for a client certificate, and none was given",
        ),
        (r"root certificate file .* does not exist", "there is no such file of an authority's certificates"),
        (
            r"could not (open|load|read) .*(certificate|private key)|certificate .* does not exist|private key file",
            "a certificate's or a key's file cannot be read, or others may read it",
        ),
        (
            r"resolve host|could not translate host name|Name or service not known",
            "its host name does not resolve",
        ),
        (r"Connection refused", "nothing listens at its address: is it started, and is the port right?"),
        (r"timeout expired|timed out", "it does not answer: a firewall may be in between"),
        (r"[Nn]o route to host|Network is unreachable", "there is no way to its host"),
        (
            r"No such file or directory.*\s.*socket|unix.*No such file",
            "there is no socket of a server in that folder",
        ),
        (r"closed the connection|Connection reset|connection is closed|terminat", "it closed the connection"),
        (
            r"invalid (URI query parameter|connection option)|invalid .* value|invalid dsn",
            "an option of the address is not one of PostgreSQL's",
        ),
        (r"database or disk is full", _STATES["53100"]),
        (r"readonly database", "its file or its folder may not be written"),
        (r"database is locked", _STATES["55P03"]),
        (
            r"unable to open database file",
            "its file cannot be opened: is its folder there, and may this user write there?",
        ),
        (r"not a database|malformed", "its file is not one of SQLite, or is damaged"),
        (r"disk I/O error", "its disk fails"),
    )
)
"""By what a text holds, the first that fits."""


def database_cause(error: BaseException, url: URL | None = None) -> str:
    """Return why a statement or a connection failed: one sentence, without a part of the address; else the error's type.

    With the address, a certificate that the client library only refuses is looked at once more: it does not say why.
    """
    met = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    state = getattr(met, "sqlstate", None)
    if state is not None:
        for beginning, sentence in _STATES.items():
            if state.startswith(beginning):
                return sentence
        return f"it refuses a statement (SQLSTATE {state})"
    text = str(met)
    if url is not None and _NOT_VERIFIED in text and (why := _certificate_cause(url)) is not None:
        return why
    of_each = _OF_A_SERVER.findall(text)
    if of_each:
        # Of several servers, one by one.
        return "; ".join(dict.fromkeys(_told(each, met) for each in of_each))
    return _told(text, met)


def _certificate_cause(url: URL) -> str | None:
    """Return what is wrong with a server's certificate, by a connection of our own; None where nothing is found."""
    _, arguments = url.get_dialect()().create_connect_args(url)
    authority = arguments.get("sslrootcert")
    hosts, ports = (str(arguments.get(name, "")).split(",") for name in ("host", "port"))
    for host, port in zip_longest(hosts, ports, fillvalue=""):
        try:
            context = ssl.create_default_context(cafile=None if authority == "system" else authority)
            # As libpq does.
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
            context.check_hostname = arguments.get("sslmode") == "verify-full"
            with socket.create_connection((host, int(port or _PORT)), timeout=_LOOK_SECONDS) as opened:
                opened.sendall(_SSL_REQUEST)
                if opened.recv(1) == b"S":
                    context.wrap_socket(opened, server_hostname=host).close()
        except (OSError, ValueError) as refused:
            return network_cause(refused)
    return None


def _told(text: str, met: BaseException) -> str:
    return next((sentence for pattern, sentence in _TEXTS if pattern.search(text)), network_cause(met))
