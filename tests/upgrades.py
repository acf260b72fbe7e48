"""A process that upgrades a database's schema when told to, beside others that do so at the same instant."""

import sys

from pydantic import SecretStr

from connector.storage.database import open_database
from connector.storage.upgrading import upgrade


def main(url: str) -> None:
    """Say when the database is about to be opened, and open it at the next line that comes."""
    engine = open_database(SecretStr(url))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    upgrade(engine)
    engine.dispose()


if __name__ == "__main__":
    main(*sys.argv[1:])
