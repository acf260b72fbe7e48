"""What looks at a deployment mean: a failure where jobs are not answered, a warning where somebody is to look."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.amqp.queue_state import QueueState
from connector.cli.health.findings import Finding, Severity, of_overflows, of_queues, of_workers, worst
from connector.jobs.records import Flow
from connector.storage.presence import Presence, Sight

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
FLOW = Flow("batch", "millesime", "26920023600017")


def worker(*lanes: str, state: str = "ready", **sees: Any) -> Presence:
    sight = Sight(lanes=lanes or ("interactive", "batch"), state=state, **sees)
    seen = NOW - timedelta(seconds=3)
    return Presence(id="w", host="host", process=7, version="1", started_at=NOW, seen_at=seen, sees=sight)


def state(waiting: int = 0, consumers: int = 0) -> QueueState:
    return QueueState(waiting=waiting, consumers=consumers)


def one(queue: str, *alive: Presence, waiting: int = 0, consumers: int = 0, journal: bool = True) -> Finding:
    (found,) = of_queues({queue: state(waiting, consumers)}, alive, has_journal=journal)
    return found


@pytest.mark.parametrize(
    ("alive", "severity"),
    [
        ((worker(),), Severity.OK),
        ((worker("batch"), worker("interactive")), Severity.OK),
        ((worker("batch"),), Severity.FAILURE),
        ((worker(state="no_broker_connection"),), Severity.FAILURE),
        ((worker(state="draining"),), Severity.FAILURE),
        ((), Severity.FAILURE),
    ],
)
def test_a_lane_needs_a_worker_that_is_alive_and_ready(
    alive: tuple[Presence, ...], severity: Severity
) -> None:
    """Whatever the broker counts: the consumers of a dead node are among them."""
    for queue in ("verifications.interactive", "connector.deferred.interactive"):
        assert one(queue, *alive, waiting=5, consumers=9).severity is severity


def test_where_the_database_does_not_tell_the_broker_s_count_has_to_do() -> None:
    states = {"verifications.batch": state(0, 1), "verifications.interactive": state(3, 0)}
    found = of_queues(states, None, has_journal=True)
    assert [each.severity for each in found] == [Severity.OK, Severity.FAILURE]


@pytest.mark.parametrize(
    "queue", ["connector.dead", "connector.undeliverable", "connector.isolated.interactive"]
)
def test_what_waits_for_an_operator_is_a_warning(queue: str) -> None:
    assert one(queue, worker()).severity is Severity.OK
    assert one(queue, worker(), waiting=38).severity is Severity.WARNING


def test_records_that_nobody_writes_are_a_failure() -> None:
    assert one("connector.journal", worker(), waiting=54).severity is Severity.OK
    assert one("connector.journal", waiting=54).severity is Severity.FAILURE
    assert one("connector.journal", worker(), waiting=54, journal=False).severity is Severity.FAILURE


def test_a_queue_that_is_not_there_is_a_failure() -> None:
    (found,) = of_queues({"verifications.batch": None}, [worker()], has_journal=True)
    assert (found.severity, "topology declare" in found.detail) == (Severity.FAILURE, True)


def test_overflow_queues_need_a_worker_of_their_lane() -> None:
    for alive, severity in (((worker("batch"),), Severity.OK), ((worker("interactive"),), Severity.FAILURE)):
        assert of_overflows({FLOW: state(3)}, alive).severity is severity
    assert (
        of_overflows({FLOW: state(0), Flow("interactive", "millesime", "26920023600017"): None}, ()).severity
        is Severity.OK
    )


def test_each_worker_is_told_with_what_it_takes() -> None:
    (workers, providers) = of_workers([worker("batch")], NOW)
    assert (workers.severity, workers.detail) == (Severity.OK, "batch on host (7), ready, 3 s ago")
    assert (providers.severity, providers.detail) == (Severity.OK, "none is held back")
    assert of_workers([], NOW)[0].severity is Severity.FAILURE
    assert of_workers([worker(state="draining")], NOW)[0].severity is Severity.FAILURE


def test_what_workers_go_on_without_and_whom_they_do_not_ask_are_warnings() -> None:
    alive = [worker(away=("journal",), open_breakers=("api_particulier/cnaf",)), worker()]
    found = {each.part: each for each in of_workers(alive, NOW)}
    assert {name: each.severity for name, each in found.items()} == {
        "workers": Severity.OK,
        "journal": Severity.WARNING,
        "providers": Severity.WARNING,
    }
    assert found["journal"].detail.startswith("1 of 2 workers go on without it")
    assert found["providers"].detail == "held back: api_particulier/cnaf"


@pytest.mark.parametrize("seen", [{"is_address_paused": True}, {"is_journal_held_up": True}])
def test_where_no_call_is_made_it_is_a_failure(seen: dict[str, Any]) -> None:
    assert worst(of_workers([worker(**seen)], NOW)) is Severity.FAILURE


def test_the_worst_of_nothing_is_well() -> None:
    assert worst([]) is Severity.OK
    assert worst(of_workers([worker(away=("journal",))], NOW)) is Severity.WARNING
