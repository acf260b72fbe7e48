"""At most so many events of one cause: what is left out is counted, gathered, and told with the next, or a minute later."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

WINDOW_SECONDS: Final = 60.0
MOST_PER_WINDOW: Final = 10
"""Events of one cause, each about another tenant; of one about a tenant there is one."""
MOST_CAUSES: Final = 1000
"""Looked after apart; beyond, those that have been quiet for a window are forgotten."""
MOST_GATHERED: Final = 50
Cause = tuple[str, ...]


@dataclass(slots=True)
class _Seen:
    since: float
    about: set[str] = field(default_factory=set)
    left_out: int = 0
    gathered: dict[str, dict[str, None]] = field(default_factory=dict)
    """By field, its different values in the order they came."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What was not told of a cause."""

    count: int = 0
    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By field, its different values among those left out, ``MOST_GATHERED`` at most."""


class Throttle:
    """Decides which events are told. Instants are seconds of a clock that does not go back."""

    def __init__(self) -> None:
        self._seen: dict[Cause, _Seen] = {}

    def admit(
        self, cause: Cause, about: str, gathered: Mapping[str, Sequence[str]], now: float
    ) -> LeftOut | None:
        """Return what was left out before an event that is told; None when it is itself left out."""
        seen = self._seen.get(cause)
        if seen is None or now - seen.since >= WINDOW_SECONDS:
            self._seen[cause] = _Seen(now, {about})
            self._forget(now)
            return LeftOut() if seen is None else _taken(seen)
        if about in seen.about or len(seen.about) >= MOST_PER_WINDOW:
            seen.left_out += 1
            for name, values in gathered.items():
                known = seen.gathered.setdefault(name, {})
                known.update(dict.fromkeys(values[: MOST_GATHERED - len(known)]))
            return None
        seen.about.add(about)
        return LeftOut()

    def due(self, now: float, *, all_of_them: bool = False) -> dict[Cause, LeftOut]:
        """Return, and count as told, what was left out in windows that are over, or in all of them."""
        over = {
            cause: seen
            for cause, seen in self._seen.items()
            if seen.left_out and (all_of_them or now - seen.since >= WINDOW_SECONDS)
        }
        told = {cause: _taken(seen) for cause, seen in over.items()}
        for cause in over:
            self._seen[cause] = _Seen(now)
        return told

    @property
    def is_silent(self) -> bool:
        """Nothing is left out that is still to be told."""
        return not any(seen.left_out for seen in self._seen.values())

    def _forget(self, now: float) -> None:
        if len(self._seen) > MOST_CAUSES:
            quiet = [
                cause
                for cause, seen in self._seen.items()
                if not seen.left_out and now - seen.since >= WINDOW_SECONDS
            ]
            for cause in quiet:
                del self._seen[cause]


def _taken(seen: _Seen) -> LeftOut:
    return LeftOut(seen.left_out, {name: tuple(values) for name, values in seen.gathered.items()})
