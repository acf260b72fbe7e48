"""A vendor's rejected jobs in the log: each of a few, the number of many."""

from datetime import UTC, datetime
from typing import Any

from structlog.testing import capture_logs

from connector.checks.reasons import job_error
from connector.telemetry.rejections import RejectionLog
from connector.telemetry.throttle import MOST_PER_WINDOW, WINDOW_SECONDS
from schemas.codes import JobCode, JobStatus
from schemas.reply import Reply

_NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
_FLOOD = 300


def _rejected(job_id: str | None, code: JobCode = JobCode.INVALID_MESSAGE) -> Reply:
    return Reply(
        job_id=job_id,
        tenant=None,
        status=JobStatus.REJECTED,
        received_at=_NOW,
        completed_at=_NOW,
        errors=[job_error(code, "Ce champ est obligatoire.")],
    )


class Minutes:
    """A clock that stands until it is moved."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def _named(logs: list[Any], event: str) -> list[Any]:
    return [each for each in logs if each["event"] == event]


async def test_a_few_are_logged_each() -> None:
    """An operator who is asked about one job finds it."""
    with capture_logs() as logs:
        log = RejectionLog(Minutes())
        for index in range(MOST_PER_WINDOW):
            log.note("millesime", _rejected(f"job-{index}"))
        log.close()
    assert [each["job_id"] for each in logs] == [f"job-{index}" for index in range(MOST_PER_WINDOW)]


async def test_of_many_their_number_is_told_once_a_minute() -> None:
    """A flood is a line, with the reasons; another vendor's job is logged all the while."""
    clock = Minutes()
    with capture_logs() as logs:
        log = RejectionLog(clock)
        for index in range(_FLOOD):
            log.note("millesime", _rejected(f"job-{index}"))
        log.note("millesime", _rejected(None, JobCode.UNSUPPORTED_VERSION))
        log.note("sonate-opus", _rejected("theirs"))
        assert _named(logs, "vendor.rejected_often") == []
        clock.seconds = WINDOW_SECONDS
        log.note("millesime", _rejected("later"))
        log.close()
    assert len(_named(logs, "job.rejected")) == MOST_PER_WINDOW + 2
    (told,) = _named(logs, "vendor.rejected_often")
    assert told["vendor"] == "millesime"
    assert told["count"] == _FLOOD + 1 - MOST_PER_WINDOW
    assert told["codes"] == ["invalid_message", "unsupported_version"]
    assert "theirs" in [each.get("job_id") for each in logs]


async def test_the_last_of_a_flood_are_told_at_the_end() -> None:
    """A worker that stops leaves nothing untold."""
    with capture_logs() as logs:
        log = RejectionLog(Minutes())
        for _ in range(_FLOOD):
            log.note("millesime", _rejected(None))
        log.close()
    (told,) = _named(logs, "vendor.rejected_often")
    assert told["count"] == _FLOOD - MOST_PER_WINDOW


async def test_a_clock_that_is_ahead_is_told_once_a_minute_for_each_vendor() -> None:
    """It is in each of a vendor's messages: one line says it."""
    clock = Minutes()
    with capture_logs() as logs:
        log = RejectionLog(clock)
        for _ in range(_FLOOD):
            log.note_clock("millesime", 3600.5)
        log.note_clock("sonate-opus", 61)
        clock.seconds = WINDOW_SECONDS
        log.note_clock("millesime", 3601)
        log.close()
    assert [(each["event"], each["vendor"], each["ahead_seconds"]) for each in logs] == [
        ("vendor.clock_ahead", "millesime", 3600),
        ("vendor.clock_ahead", "sonate-opus", 61),
        ("vendor.clock_ahead", "millesime", 3601),
    ]
