"""The scheduled task about the API's nomenclature of errors: once a week, what of it the connector does not know."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from connector.catalogue import CATALOGUE
from connector.events import Event
from connector.sources.nomenclature.drift import Nomenclature, drifts
from connector.sources.nomenclature.published import NoNomenclatureError, OtherNomenclatureError

COMPARED_EVERY: Final = timedelta(days=7)
COMPARED_AGAIN: Final = timedelta(hours=6)
"""Where the API did not give it."""
_MOST_NAMED: Final = 50
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftCheck:
    """Compares the API's nomenclature with the outcome table, and tells all that differs as one incident."""

    fetch: Callable[[], Awaitable[Nomenclature]]
    """Raises ``NoNomenclatureError``."""
    name: str = "checks.drift"
    every: timedelta = COMPARED_EVERY
    late_after: timedelta = timedelta(days=1)

    async def run(self, keep: Callable[[], Awaitable[None]]) -> timedelta:
        """Compare them; return when to compare them again."""
        await keep()
        try:
            codes = [drift.code for drift in drifts(await self.fetch(), CATALOGUE)]
        except OtherNomenclatureError as error:
            # What the API means by its codes can no longer be compared: that is a change as well.
            codes = [error.member]
        except NoNomenclatureError:
            _log.info(Event.NOMENCLATURE_UNAVAILABLE, again_in_seconds=COMPARED_AGAIN.total_seconds())
            return COMPARED_AGAIN
        if codes:
            _log.warning(Event.NOMENCLATURE_DRIFT, count=len(codes), api_codes=codes[:_MOST_NAMED])
        return COMPARED_EVERY
