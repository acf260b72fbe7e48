"""Whose turn it is: interactive before batch, tenants by turns, vendors of one tenant by turns."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence

import pytest
import structlog
from structlog.testing import capture_logs

from connector.jobs.rate import read_quota
from connector.limits.fair_queue import FairQueue, Ticket
from connector.limits.limiter import Bound, Demand, ServerHint, Slot
from connector.limits.memory_limiter import MemoryLimiter

EGRESS = Bound("egress", read_quota("1000/min"))


class Gatekeeper:
    """A limiter that lets one call through for each time that it is told to, whoever asks first."""

    def __init__(self) -> None:
        self.places = 0
        self.hints: dict[str, ServerHint] = {}
        self.asked = asyncio.Event()

    async def grant(self, demands: Sequence[Demand], hints: Mapping[str, ServerHint]) -> list[Slot]:
        """Let through as many as there are places."""
        self.hints |= hints
        self.asked.set()
        slots = []
        for _ in demands:
            self.places -= 1
            slots.append(Slot(0.0, is_reserved=True) if self.places >= 0 else Slot(0.001, is_reserved=False))
        self.places = max(0, self.places)
        return slots


def claim(line: str, vendor: str = "millesime", *, is_urgent: bool = False) -> Ticket:
    return Ticket(line, vendor, Demand((EGRESS,), is_urgent))


class Waiters:
    """Calls that wait for their turn, and the order in which they had it."""

    def __init__(self, turns: FairQueue) -> None:
        self._turns = turns
        self._tasks: list[asyncio.Task[None]] = []
        self.had_their_turn: list[str] = []
        self._one_more = asyncio.Event()

    async def wait(self, name: str, claimed: Ticket) -> None:
        """Have a call wait, in the order of these."""

        async def take() -> None:
            assert await self._turns.reserve(claimed, 60.0)
            self.had_their_turn.append(name)
            self._one_more.set()

        self._tasks.append(asyncio.create_task(take()))
        await asyncio.sleep(0)

    async def let(self, gate: Gatekeeper, count: int) -> list[str]:
        """Let so many through, one after the other; return their names."""
        before = len(self.had_their_turn)
        for number in range(count):
            self._one_more.clear()
            gate.places = 1
            await self._one_more.wait()
            assert len(self.had_their_turn) == before + number + 1
        return self.had_their_turn[before:]

    async def end(self) -> None:
        """End those that still wait."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._turns.close()


@pytest.fixture
def gate() -> Gatekeeper:
    return Gatekeeper()


def turns_of(limiter: MemoryLimiter | Gatekeeper) -> FairQueue:
    return FairQueue(limiter, lambda: asyncio.get_running_loop().time())


async def test_tenants_take_turns_whatever_the_length_of_their_lines(gate: Gatekeeper) -> None:
    waiters = Waiters(turns_of(gate))
    for number in range(20):
        await waiters.wait(f"long-{number}", claim("long"))
    for number in range(2):
        await waiters.wait(f"short-{number}", claim("short"))
    order = [name.split("-")[0] for name in await waiters.let(gate, 6)]
    assert Counter(order[:4]) == {"long": 2, "short": 2}
    assert order[4:] == ["long", "long"]
    await waiters.end()


async def test_vendors_of_one_tenant_take_turns(gate: Gatekeeper) -> None:
    waiters = Waiters(turns_of(gate))
    for number in range(10):
        await waiters.wait(f"millesime-{number}", claim("t"))
    await waiters.wait("sonate-0", claim("t", "sonate-opus"))
    assert "sonate-0" in await waiters.let(gate, 2)
    await waiters.end()


async def test_interactive_calls_go_first(gate: Gatekeeper) -> None:
    waiters = Waiters(turns_of(gate))
    for number in range(5):
        await waiters.wait(f"batch-{number}", claim(f"t{number}"))
    await waiters.wait("counter", claim("t0", is_urgent=True))
    assert (await waiters.let(gate, 2))[0] == "counter"
    await waiters.end()


async def test_calls_of_one_line_keep_their_order(gate: Gatekeeper) -> None:
    waiters = Waiters(turns_of(gate))
    for number in range(5):
        await waiters.wait(str(number), claim("t"))
    assert await waiters.let(gate, 5) == ["0", "1", "2", "3", "4"]
    await waiters.end()


async def test_a_call_that_gives_up_leaves_its_place_to_the_next(gate: Gatekeeper) -> None:
    turns = turns_of(gate)
    assert not await turns.reserve(claim("t"), 0.0)
    waiters = Waiters(turns)
    await waiters.wait("next", claim("t"))
    assert await waiters.let(gate, 1) == ["next"]
    await waiters.end()


async def test_a_tenant_without_quota_left_holds_nobody_up() -> None:
    limiter = MemoryLimiter(lambda: asyncio.get_running_loop().time())
    turns = turns_of(limiter)
    narrow, wide = Bound("a", read_quota("1/min")), Bound("b", read_quota("1000/s"))
    assert await turns.reserve(Ticket("a", "v", Demand((narrow,), is_urgent=True)), 60)
    stuck = asyncio.create_task(turns.reserve(Ticket("a", "v", Demand((narrow,), is_urgent=True)), 60))
    for _ in range(20):
        assert await turns.reserve(Ticket("b", "v", Demand((wide,), is_urgent=True)), 60)
    assert not stuck.done()
    stuck.cancel()
    turns.close()


async def test_what_the_api_said_goes_with_the_next_question(gate: Gatekeeper) -> None:
    now = 100.0
    turns = FairQueue(gate, lambda: now)
    turns.heed("token/a", ServerHint(hold_seconds=30, spacing_seconds=2, spacing_for_seconds=5))
    now += 20
    gate.places = 1
    assert await turns.reserve(claim("t"), 60)
    # It holds from when it was said, not from when it is passed on.
    assert gate.hints == {"token/a": ServerHint(hold_seconds=10, spacing_seconds=2, spacing_for_seconds=0)}


async def test_a_call_without_a_quota_waits_for_nobody(gate: Gatekeeper) -> None:
    assert await turns_of(gate).reserve(Ticket("t", "v", Demand((), is_urgent=False)), 0.0)
    assert not gate.asked.is_set()


class Ahead(Gatekeeper):
    """A limiter whose slots are a moment ahead."""

    async def grant(self, demands: Sequence[Demand], hints: Mapping[str, ServerHint]) -> list[Slot]:  # noqa: ARG002 - none
        """Reserve them."""
        return [Slot(0.05, is_reserved=True)] * len(demands)


async def test_a_slot_is_a_calls_own_before_its_instant_comes() -> None:
    """What has to be done before the call is done meanwhile, and costs no lateness."""
    turn = await turns_of(Ahead()).reserve(claim("t"), 60)
    assert turn is not None
    assert turn.late_seconds < 0
    await turn.come()
    assert turn.late_seconds > -0.01


class Failing(Gatekeeper):
    """A limiter that fails once."""

    def __init__(self) -> None:
        super().__init__()
        self.has_failed = False

    async def grant(self, demands: Sequence[Demand], hints: Mapping[str, ServerHint]) -> list[Slot]:
        """Fail, then let everything through."""
        if not self.has_failed:
            self.has_failed = True
            raise RuntimeError
        self.places = len(demands)
        return await super().grant(demands, hints)


async def test_a_defect_of_ours_leaves_no_call_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connector.limits.fair_queue._LONGEST_LOOK_SECONDS", 0.0)
    with (
        structlog.contextvars.bound_contextvars(job_id="first"),
        capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs,
    ):
        assert await turns_of(Failing()).reserve(claim("t"), 60)
    # It is no job's own.
    assert [(entry["event"], entry.get("job_id")) for entry in logs] == [("turns.unexpected_error", None)]
