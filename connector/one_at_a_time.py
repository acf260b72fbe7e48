"""The turn of a call with a FranceConnect token among those to the same endpoint for the same recipient.

The API takes any two of them for the same call, whoever the person, and refuses the second while the first is in flight.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from connector.question import Question
from connector.services import Services

MOST_IN_LINE: Final = 30
"""The turn of those behind would come once their FranceConnect token has ended."""


@asynccontextmanager
async def one_at_a_time(question: Question, services: Services) -> AsyncIterator[bool]:
    """Wait for a call's turn and keep it for the block; False where it does not come before the deadline.

    At once where too many stand before it, or where its job has no place to wait in.
    """
    admitted = question.admitted
    name = f"{question.planned.endpoint.path}/{admitted.tenant.siret}"
    async with AsyncExitStack() as turn:
        is_ours = False
        with services.waiting_room.place(admitted.flow, admitted.job.job_id) as may_wait:
            before = services.exclusion.length(name)
            if before == 0 or (may_wait and before < MOST_IN_LINE):
                left_seconds = question.left_seconds(services.clock())
                is_ours = await turn.enter_async_context(services.exclusion.turn(name, left_seconds))
        yield is_ours
