"""The database's address, in the form that SQLAlchemy reads.

PostgreSQL's own form may name several servers, of which the one that takes changes is used:
``postgresql://user:password@a:5432,b:5432/base`` (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING).
The certificates' files may be given by the names that the other servers' addresses have for them.
"""

from typing import Final
from urllib.parse import parse_qsl, urlencode

from connector.settings.addresses import hosts_of, read_address

_POSTGRESQL: Final = frozenset({"postgresql", "postgresql+psycopg"})
_FILES: Final = {"cacertfile": "sslrootcert", "certfile": "sslcert", "keyfile": "sslkey"}
_CHECKED: Final = "verify-full"
_PORT: Final = 5432


def database_address(text: str) -> str:
    """Return an address for SQLAlchemy.

    Raises ``ValueError`` for one that cannot be read. No message repeats a part of it.
    """
    if text.partition(":")[0] not in _POSTGRESQL:
        # The rest of SQLite's is a path.
        return text
    first, *others = hosts_of(text)
    parts = read_address(first)
    given = parse_qsl(parts.query, keep_blank_values=True)
    options = [(_FILES.get(name, name), value) for name, value in given]
    names = [name for name, _ in options]
    if "sslrootcert" in names and "sslmode" not in names:
        # Whoever names an authority wants it to be asked.
        options.append(("sslmode", _CHECKED))
    netloc = parts.netloc
    if others:
        user, at, _ = netloc.rpartition("@")
        netloc = f"{user}{at}"
        servers = [read_address(each) for each in (first, *others)]
        options.append(("host", ",".join(server.hostname or "" for server in servers)))
        options.append(("port", ",".join(str(server.port or _PORT) for server in servers)))
    query = f"?{urlencode(options)}" if options else ""
    return f"postgresql+psycopg://{netloc}{parts.path}{query}"
