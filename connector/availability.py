"""Whether something outside answers: a database, a shared server. Said once when it is lost, and once when it is back."""

from typing import Any

import structlog

from connector.events import Event


class Availability:
    """The state of one thing outside, as it was last met.

    ``away`` and ``back`` name the events that are logged; nothing is, as long as it has not answered once.
    """

    def __init__(self, away: Event, back: Event, *, has_answered: bool = True) -> None:
        self._log = structlog.get_logger(__name__)
        self._away = away
        self._back = back
        self._has_answered = has_answered
        self.is_away = not has_answered

    def lost(self, **details: Any) -> None:
        """Note that it did not answer; ``details`` go with the event."""
        if not self.is_away:
            self._log.warning(self._away, **details)
        self.is_away = True

    def answered(self, **details: Any) -> None:
        """Note that it answered."""
        if self.is_away and self._has_answered:
            self._log.info(self._back, **details)
        self.is_away, self._has_answered = False, True
