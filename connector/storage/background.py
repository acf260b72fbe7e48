"""A thread beside the event loop that carries what it is given to a database, in groups.

A database is not awaited query by query on an event loop: what comes while a group is under way makes the next one.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeVar

CLOSING_SECONDS: Final = 5.0
"""How long the end of a process waits for the group under way: a database that says nothing must not keep it from ending."""
ItemT = TypeVar("ItemT")


class BackgroundWriter(Generic[ItemT]):
    """A queue, and the thread that empties it."""

    def __init__(self, name: str, run: Callable[[], None]) -> None:
        """``run`` takes groups by ``next_group`` until it is told that no more come."""
        self._name = name
        self._run = run
        self._given: queue.SimpleQueue[ItemT | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    @property
    def has_begun(self) -> bool:
        """Whether it was ever given something, and is not closed."""
        return self._thread is not None

    def give(self, item: ItemT) -> None:
        """Have an item carried, soon; the thread begins with the first one."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        self._given.put(item)

    def close(self) -> None:
        """Have the thread end behind what it was given, and wait for it, though not for ever."""
        if self._thread is not None:
            self._given.put(None)
            self._thread.join(CLOSING_SECONDS)
            self._thread = None

    def next_group(
        self,
        largest: int,
        *,
        wait_seconds: float | None = None,
        grow_seconds: float = 0.0,
        hurries: Callable[[ItemT], bool] = lambda _item: False,
    ) -> tuple[list[ItemT], bool]:
        """Wait for an item; return it with those behind it, and whether more may come.

        After ``wait_seconds`` the group is empty. It is let grow up to ``largest``, for ``grow_seconds`` or until it has an item
        that ``hurries``. Called in the thread alone.
        """
        group: list[ItemT] = []
        until: float | None = None
        while len(group) < largest:
            left_seconds = wait_seconds if until is None else max(0.0, until - time.monotonic())
            try:
                item = self._given.get(timeout=left_seconds)
            except queue.Empty:
                break
            if item is None:
                return group, False
            group.append(item)
            if hurries(item):
                until = time.monotonic()
            elif until is None:
                until = time.monotonic() + grow_seconds
        return group, True


def call_on(loop: asyncio.AbstractEventLoop, calls: Sequence[Callable[[], Any]]) -> None:
    """Have functions called on a loop, together, from another thread."""

    def each() -> None:
        for call in calls:
            call()

    try:
        loop.call_soon_threadsafe(each)
    except RuntimeError:
        # The loop was closed: nobody waits any more.
        return


def answer(waiting: "asyncio.Future[Any]", value: Any) -> None:
    """Answer whoever waits, unless it has given up. Called on its loop."""
    if not waiting.done():
        waiting.set_result(value)
