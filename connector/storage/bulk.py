"""Inserting many rows by one statement, whose text is written once for each number of rows.

A driver's ``executemany`` gives Python's lock away for each row, and takes it again when the event loop lets go of it: a group of
fifty rows then holds the database's lock for a quarter of a second. One statement gives it away once. Nor is an expression built
for each group: SQLAlchemy writes the statement for one row, in the words of the database, and the values are repeated.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Engine
from sqlalchemy.sql.dml import Insert

MOST_AT_ONCE: Final = 64
"""Rows in one statement: so many texts are kept, and the longest is short."""
_VALUES: Final = re.compile(r"VALUES (\((?:[^()]|\([^()]*\))*\))")
_MARKS: Final = {"sqlite": ("qmark", "?"), "postgresql": ("format", "%s")}
"""How each driver marks a value that comes apart from a statement's text."""


class BulkInsert:
    """An insertion, with whatever it does on a conflict."""

    def __init__(self, engine: Engine, statement: Insert, columns: Sequence[str]) -> None:
        """``statement`` inserts the values of ``columns``."""
        style, mark = _MARKS[engine.dialect.name]
        # Typed as the interface, whose makers are not part of it.
        make: Any = type(engine.dialect)
        dialect = make(paramstyle=style)
        text = str(statement.compile(dialect=dialect, column_keys=list(columns)))
        of_table = [column for column in statement.table.c if column.name in columns]
        self._head, _, self._tail = _VALUES.split(text, maxsplit=1)
        self._row = f"({', '.join(mark for _ in of_table)})"
        self._processors = [
            (column.name, column.type.dialect_impl(dialect).bind_processor(dialect)) for column in of_table
        ]
        self._texts: dict[int, str] = {}

    def execute(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
        """Insert rows in their order; return how many were. Raises ``SQLAlchemyError``."""
        inserted = 0
        for start in range(0, len(rows), MOST_AT_ONCE):
            some = rows[start : start + MOST_AT_ONCE]
            values = tuple(
                row[name] if process is None else process(row[name])
                for row in some
                for name, process in self._processors
            )
            inserted += connection.exec_driver_sql(self._text(len(some)), values).rowcount
        return inserted

    def _text(self, rows: int) -> str:
        if rows not in self._texts:
            self._texts[rows] = f"{self._head}VALUES {', '.join([self._row] * rows)}{self._tail}"
        return self._texts[rows]
