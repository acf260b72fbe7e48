"""State that a worker's jobs share, and that several worker processes may come to share.

Small values under keys, each changed by a pure function. In memory this is enough for one process.
"""

from collections.abc import Callable, Iterable
from typing import Generic, Protocol, TypeVar

ValueT = TypeVar("ValueT")
ResultT = TypeVar("ResultT")
Change = Callable[[ValueT], tuple[ValueT, ResultT]]
"""From the value in force to the next one, and what the caller learns. It may be called again, so it must be pure."""


class SharedState(Protocol[ValueT]):
    """Values of one kind, each under a key."""

    def peek(self, key: str) -> ValueT:
        """Return the value under ``key``, perhaps as it was a second ago."""
        ...

    def held(self) -> Iterable[tuple[str, ValueT]]:
        """Return every key whose value is not the initial one, with its value, as ``peek`` gives it."""
        ...

    async def change(self, key: str, change: "Change[ValueT, ResultT]") -> ResultT:
        """Replace the value under ``key`` as one step, whoever else changes it at the same time."""
        ...


class MemoryState(Generic[ValueT]):
    """``SharedState`` of one process. Keys are few and never forgotten: providers, not people or jobs."""

    def __init__(self, initial: ValueT) -> None:
        self._initial = initial
        self._values: dict[str, ValueT] = {}

    def peek(self, key: str) -> ValueT:
        """Return the value under ``key``."""
        return self._values.get(key, self._initial)

    def held(self) -> list[tuple[str, ValueT]]:
        """Return every key whose value is not the initial one."""
        return [(key, value) for key, value in tuple(self._values.items()) if value != self._initial]

    async def change(self, key: str, change: "Change[ValueT, ResultT]") -> ResultT:
        """Replace the value under ``key``."""
        value, result = change(self._values.get(key, self._initial))
        self._values[key] = value
        return result
