"""What has been told once, and is not told again, whoever restarts and however many look."""

from datetime import datetime

from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import IntegrityError

from connector.storage.tables import NOTICES


class Notices:
    """The notices given, in a database whose schema is current."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def claim_notice(self, name: str, now: datetime) -> bool:
        """Tell whether the notice is the caller's to give: true once per name, for one caller of all processes.

        Raises SQLAlchemy's ``SQLAlchemyError`` when the database is away; nothing is claimed then.
        """
        # Looked at first: most were given long ago, and need no lock.
        with self._engine.connect() as connection:
            if connection.execute(select(NOTICES.c.name).where(NOTICES.c.name == name)).first():
                return False
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(NOTICES).values(name=name, given_at=now))
        except IntegrityError:
            return False
        return True
