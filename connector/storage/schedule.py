"""When each scheduled task is due, in SQL: several processes that look at it take each turn once.

Who takes a turn holds it for a while, by setting the task's due time ahead, and holds on to it as it goes; the turn of
a process that died comes due again by itself.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, insert, select, update
from sqlalchemy.exc import IntegrityError

from connector.storage.tables import SCHEDULED_TASKS


@dataclass(frozen=True, slots=True)
class Turn:
    """One run of a task, the holder's alone until it is due again."""

    name: str
    due_at: datetime


class Schedule:
    """The due times, in a database whose schema is current.

    Methods raise SQLAlchemy's ``SQLAlchemyError`` when the database is away.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def take(self, name: str, now: datetime, until: datetime) -> Turn | None:
        """Take a task's turn and hold it ``until`` then; None when it is not due, or another process was quicker.

        A task that was never seen is due.
        """
        table = SCHEDULED_TASKS
        with self._engine.connect() as connection:
            due_at = connection.execute(select(table.c.due_at).where(table.c.name == name)).scalar()
        if due_at is None:
            try:
                with self._engine.begin() as connection:
                    connection.execute(insert(table).values(name=name, due_at=until))
            except IntegrityError:
                return None
            return Turn(name, until)
        return self.move(Turn(name, due_at), until) if due_at <= now else None

    def move(self, turn: Turn, due_at: datetime) -> Turn | None:
        """Set when the task is due next: to hold the turn longer, or to end it. None when it is another's now."""
        table = SCHEDULED_TASKS
        with self._engine.begin() as connection:
            moved = connection.execute(
                update(table)
                .where(table.c.name == turn.name, table.c.due_at == turn.due_at)
                .values(due_at=due_at)
            )
        return Turn(turn.name, due_at) if moved.rowcount else None
