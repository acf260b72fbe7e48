"""Jobs that wait in hand: some place is always left for the next flow, and half of the worker for those that need not wait."""

from contextlib import ExitStack

from connector.messaging.delivery import Lane
from connector.quota.waiting_room import WaitingRoom
from connector.registry.records import Flow

A = Flow(Lane.INTERACTIVE, "millesime", "26920023600017")
B = Flow(Lane.INTERACTIVE, "millesime", "26750045200011")
BATCH = Flow(Lane.BATCH, "millesime", "26920023600017")


def filled(room: WaitingRoom, flow: Flow, stack: ExitStack) -> int:
    """Return how many jobs of a flow have a place, until one has none."""
    taken = 0
    while stack.enter_context(room.place(flow, str(taken))):
        taken += 1
    return taken


def test_one_flow_alone_has_half_of_it_and_the_next_finds_some() -> None:
    with ExitStack() as stack:
        room = WaitingRoom(concurrency=100)
        assert (filled(room, A, stack), filled(room, B, stack)) == (50, 25)
        assert filled(room, BATCH, stack) == 50


def test_however_many_flows_wait_a_place_is_left() -> None:
    with ExitStack() as stack:
        room = WaitingRoom(concurrency=100)
        flows = [Flow(Lane.INTERACTIVE, "millesime", f"{number:014d}") for number in range(1000)]
        assert sum(filled(room, flow, stack) for flow in flows) <= 100


def test_the_checks_of_one_job_take_one_place() -> None:
    with ExitStack() as stack:
        room = WaitingRoom(concurrency=2)
        assert [stack.enter_context(room.place(A, "job")) for _ in range(20)] == [True] * 20
        assert not stack.enter_context(room.place(A, "another"))


def test_a_place_is_given_back_with_the_jobs_last_check() -> None:
    room = WaitingRoom(concurrency=2)
    with room.place(A, "job") as first:
        with room.place(A, "job") as second:
            assert (first, second) == (True, True)
        with room.place(A, "another") as refused:
            assert not refused
    with room.place(A, "another") as has_place:
        assert has_place
