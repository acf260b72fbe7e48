"""A loop in a thread of its own that lives through the broker's absences, and whose progress others wait for."""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, Self

import amqp
from kombu import Connection

TRANSIENT: Final = (OSError, amqp.AMQPError, amqp.exceptions.MessageNacked)
"""What an absent, dying, returning or refusing broker makes of a connection: to be tried again."""
RETRY_SECONDS: Final = 0.1
STALL_SECONDS: Final = 60.0
_ASK_AGAIN_SECONDS: Final = 1.0
"""What is waited for may have come about elsewhere: a job's confirm may come after its reply."""
_ANSWER_SECONDS: Final = 20
"""A broker that has gone silent is given up after this."""


class StalledError(Exception):
    """Nothing has progressed for too long; the message says what was there by then."""


class Background(ABC):
    """A context manager that runs ``work`` in a thread. What ``work`` raises is raised again by who waits."""

    def __init__(self, name: str) -> None:
        self.stopping = threading.Event()
        self.changed = threading.Condition()
        """Guards the state of the subclass; notified by ``progressed``."""
        self._steps = 0
        self._failure: Exception | None = None
        self._last_trouble: Exception | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stopping.set()
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    @abstractmethod
    def work(self) -> None:
        """Run until done, or until ``stopping`` is set."""

    @abstractmethod
    def so_far(self) -> str:
        """Say what was done by now, for whoever waits in vain."""

    def progressed(self) -> None:
        """Wake those who wait. Called with ``changed`` held."""
        self._steps += 1
        self.changed.notify_all()

    def trouble(self, error: Exception) -> None:
        """Note why the broker did not serve, and pause before the next try."""
        self._last_trouble = error
        self.stopping.wait(RETRY_SECONDS)

    def wait_for(self, holds: Callable[[], bool], stall_seconds: float) -> None:
        """Return once ``holds()``, which is asked after each progress, and each second.

        Raises ``StalledError`` when nothing progresses for ``stall_seconds``, and what ``work`` raised.
        """
        steps, progressed_at = self._steps_after(None), time.monotonic()
        while not holds():
            before, steps = steps, self._steps_after(steps)
            if steps != before:
                progressed_at = time.monotonic()
            elif time.monotonic() - progressed_at > stall_seconds:
                raise StalledError(
                    f"no progress for {stall_seconds:.0f} s: {self.so_far()}"
                    f"; the broker's last trouble: {self._last_trouble!r}",
                )

    def _steps_after(self, steps: int | None) -> int:
        """Return the number of steps once it is another one, or after a second."""
        with self.changed:
            self.changed.wait_for(lambda: self._steps != steps or self._failure, _ASK_AGAIN_SECONDS)
            if self._failure is not None:
                raise self._failure
            return self._steps

    def _run(self) -> None:
        try:
            self.work()
        except Exception as error:  # noqa: BLE001 - raised again in the thread of who waits
            with self.changed:
                self._failure = error
                self.changed.notify_all()


@contextmanager
def connected(url: str) -> Iterator[Any]:
    """Give an ``amqp.Connection`` after one attempt; it is closed by the protocol when all goes well.

    Publishes on it wait for their confirm. Raises ``TRANSIENT``.
    """
    options = {"confirm_publish": True, "read_timeout": _ANSWER_SECONDS, "write_timeout": _ANSWER_SECONDS}
    connection = Connection(url, transport_options=options, connect_timeout=_ANSWER_SECONDS)
    opened = connection.transport.establish_connection()
    try:
        yield opened
        opened.close()
    finally:
        opened.collect()
