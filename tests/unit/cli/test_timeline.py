"""A job's story: in the order of what is known, and honest about what is not."""

from datetime import timedelta

from connector.amqp.dead.letters import Arrival, DeadLetter
from connector.cli.timeline import timeline, unseen
from connector.storage.journal.record import UNKNOWN
from connector.storage.replies.remembered import Remembered
from tests.fakes import START
from tests.records import record


def memory(seconds: int, *, is_answered: bool = True, is_deferred: bool = False) -> Remembered:
    return Remembered(
        vendor="millesime",
        is_answered=is_answered,
        ending="failed (quotient_familial token_revoked)" if is_answered else None,
        is_deferred=is_deferred,
        busy_until=START + timedelta(seconds=300),
        changed_at=START + timedelta(seconds=seconds),
    )


def letter(seconds: int | None) -> DeadLetter:
    return DeadLetter(
        id="0123456789ab",
        queue="connector.dead",
        arrival=Arrival.CONNECTOR,
        reason="unknown_vendor",
        origin="verifications.batch",
        routing_key="millesime.batch",
        since=None if seconds is None else START + timedelta(seconds=seconds),
        size_bytes=2,
    )


def test_steps_are_in_the_order_of_their_times_and_those_without_one_come_last() -> None:
    steps = timeline([record(9), record(3)], [memory(5)], [letter(None), letter(1)])
    assert [step.source for step in steps] == [
        "connector.dead",
        "journal",
        "reply memory",
        "journal",
        "connector.dead",
    ]
    assert {step.vendor for step in steps} == {"millesime"}
    assert steps[0].as_json()["at"] == "2026-11-23T09:00:01+00:00"
    assert steps[-1].as_json()["at"] is None


def test_a_call_without_an_outcome_says_why() -> None:
    (step,) = timeline([record(outcome=UNKNOWN, http_status=None, duration_ms=None)], [], [])
    assert step.told.endswith("unknown: the delivery was interrupted, or the call is under way")


def test_where_a_job_stands_is_told() -> None:
    told = [
        timeline([], [memory(1, is_answered=is_answered, is_deferred=is_deferred)], [])[0].told
        for is_answered, is_deferred in ((True, False), (False, True), (False, False))
    ]
    assert [each.split(";")[0] for each in told] == [
        "answered failed (quotient_familial token_revoked)",
        "deferred",
        "taken in, and not answered",
    ]


def test_what_is_not_seen_is_said() -> None:
    steps = timeline([record()], [], [])
    quiet = list(unseen(steps, waiting={"q": 0}, has_journal=True, memory_seconds=60))
    assert [sentence.split(" ")[0] for sentence in quiet] == ["replies", "jobs"]
    busy = list(unseen([], waiting={"q": 2, "r": 0}, has_journal=True, memory_seconds=60))
    assert busy[0].startswith("rejected jobs are not remembered: look for job.rejected")
    assert busy[1].startswith("sealed messages wait (2 on q)")
    assert busy[2].startswith("no call is in the journal")
    off = list(unseen(steps, waiting={}, has_journal=False, memory_seconds=60))
    assert off[0].startswith("CONNECTOR_JOURNAL_KEY is not set")
