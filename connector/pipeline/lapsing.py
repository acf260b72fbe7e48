"""Breakers that end without a call: nobody has asked their provider for long, so nobody has found that it is back."""

from datetime import datetime

import structlog

from connector.events import Event
from connector.limits.breaker import Breaker, lapsed
from connector.pipeline.ports import Breakers

_log = structlog.get_logger(__name__)


async def tell_lapsed(ports: Breakers) -> None:
    """Close each breaker whose outage has long been over, and say so: the next outage is told anew."""

    def lapse(state: Breaker) -> tuple[Breaker, bool]:
        after = lapsed(state, ports.clock())
        return after, after != state

    for breaker, state in ports.breakers.held():
        if _may_lapse(state, ports.clock()) and await ports.breakers.change(breaker, lapse):
            ports.affected_tenants.forget(breaker)
            _log.info(Event.BREAKER_CLOSED, breaker=breaker, without_call=True)


def _may_lapse(state: Breaker, now: datetime) -> bool:
    return lapsed(state, now) != state
