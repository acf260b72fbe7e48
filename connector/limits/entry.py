"""Entering: whatever a job carries, it is taken in within its flow's share, overflows, or is answered at once."""

from connector.checks.admission import Admitted
from connector.checks.advance import PlannedJob, any_call, may_be_deferred
from connector.checks.plan import PlannedCall
from connector.jobs.delivery import Delivery
from connector.jobs.settlement import Overflow
from connector.limits.intake import Door, Intake


def overflow_unplanned(delivery: Delivery, admitted: Admitted, door: Door, intake: Intake) -> Overflow | None:
    """Return that a job overflows whose vendor has no share of its door; None where that takes a plan to tell.

    Such jobs may be most of a lane. Without a FranceConnect token every call of theirs can wait elsewhere.
    """
    flow = admitted.flow
    intake.lanes.count(door.queue, flow.vendor)
    if admitted.job.france_connect_token is not None or intake.has_share(flow, door):
        return None
    return Overflow(intake.overflow_of(flow, door), delivery)


async def enter(
    job: PlannedJob, door: Door | None, intake: Intake, *, can_wait: bool = True
) -> PlannedJob | Overflow:
    """Take a job in, or return that it overflows.

    A check that calls with a FranceConnect token cannot wait elsewhere: beyond the share of its flow it is answered
    ``rate_limited``, and its job, where it asks for nothing else, is in flight for as long as that takes. ``door`` is the queue
    that the job came by; None where it is its flow's own. Where no queue of its flow can be made, it ``can_wait`` nowhere: it
    is run later than its turn, within its vendor's share of the door, and answered at once beyond.
    """
    flow = job.admitted.flow
    if door is None:
        intake.take(flow)
        return job
    if not can_wait:
        has_share = intake.has_share(flow, door)
        intake.take(flow, door)
        return job if has_share else job.turned_away(any_call)
    if not job.has_to_call(_has_to_stay):
        is_taken = await intake.enter(flow, door)
        return job if is_taken else Overflow(intake.overflow_of(flow, door), job.delivery)
    if intake.enter_at_once(flow, door):
        return job
    turned_away = job.turned_away(_has_to_stay)
    if turned_away.has_to_call(any_call):
        return Overflow(intake.overflow_of(flow, door), turned_away.deferred())
    intake.take(flow, door)
    return turned_away


def _has_to_stay(planned: PlannedCall) -> bool:
    return not may_be_deferred(planned)
