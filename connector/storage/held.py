"""A connection that one thread keeps between its transactions.

To take one from the pool, which asks the server whether it is still there, costs as much as a small transaction.
"""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError

from connector.storage.postgresql import LONGEST_LIFE_SECONDS

ResultT = TypeVar("ResultT")


class HeldConnection:
    """The connection of one writer, opened when it is first needed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._taken_at = 0.0
        # Whoever looks beside the writer's thread waits for its transaction.
        self._turn = threading.Lock()
        event.listen(engine, "engine_disposed", self._let_go)

    def run(self, work: Callable[[Connection], ResultT]) -> ResultT:
        """Do the work of one transaction, and commit it; once more where the server had closed the connection meanwhile.

        Raises ``SQLAlchemyError``, and nothing is written then.
        """
        with self._turn:
            self._renew()
            try:
                return self._once(work)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                return self._once(work)

    def _once(self, work: Callable[[Connection], ResultT]) -> ResultT:
        if self._connection is None:
            self._connection = self._engine.connect()
            self._taken_at = time.monotonic()
        try:
            result = work(self._connection)
            self._connection.commit()
        except BaseException:
            held, self._connection = self._connection, None
            held.close()
            raise
        return result

    def _renew(self) -> None:
        """Give the connection back from time to time: the pool looks whether it still leads to a server of use."""
        if self._connection is not None and time.monotonic() - self._taken_at > LONGEST_LIFE_SECONDS:
            held, self._connection = self._connection, None
            held.close()

    def _let_go(self, _engine: Engine) -> None:
        """Close the connection as the engine has closed those of its pool."""
        with self._turn:
            held, self._connection = self._connection, None
            if held is not None:
                held.detach()
                held.close()
