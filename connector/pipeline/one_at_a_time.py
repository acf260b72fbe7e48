"""The turn of a call with a FranceConnect token among those to the same endpoint for the same recipient.

The API takes any two of them for the same call, whoever the person, and refuses the second while the first is in flight.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from connector.pipeline.call_context import CallContext
from connector.pipeline.ports import Lines

ROOM_IN_LINE: Final = 60
"""A vendor alone has half of it, so that another one of the same tenant finds some (as in ``connector.limits.intake``): the turn of
those further behind would come once their FranceConnect token has ended."""


@asynccontextmanager
async def one_at_a_time(context: CallContext, ports: Lines) -> AsyncIterator[bool]:
    """Wait for a call's turn and keep it for the block; False where it does not come before the deadline.

    At once where too many stand before it.
    """
    admitted, line = context.admitted, ports.exclusion
    vendor = admitted.vendor.name
    name = f"{context.planned.endpoint.path}/{admitted.tenant.siret}"
    if line.length_of(name, vendor) >= max(1, ROOM_IN_LINE - line.length(name)):
        yield False
        return
    async with line.turn(name, context.left_seconds(ports.clock()), vendor) as is_ours:
        yield is_ours
