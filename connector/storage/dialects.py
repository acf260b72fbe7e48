"""What SQL says otherwise on SQLite and on PostgreSQL."""

from typing import Any

from sqlalchemy import Engine, Table


def insert_into(engine: Engine, table: Table) -> Any:
    """Return an insertion into a table that can say what is done on a conflict, in the words of the database in use."""
    # Of the two dialects a process needs one, and each takes time to load.
    if engine.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as of_postgresql  # noqa: PLC0415

        return of_postgresql(table)
    from sqlalchemy.dialects.sqlite import insert as of_sqlite  # noqa: PLC0415

    return of_sqlite(table)
