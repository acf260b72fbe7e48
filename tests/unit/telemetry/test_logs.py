"""Logs hold the names of a job and nothing of its person, whoever writes them, at whatever level."""

import asyncio
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any, cast

import pytest
import structlog

from connector.telemetry import logs
from connector.telemetry.logs import bind_job, configure_logs, log_loop_error
from schemas.codes import CheckStatus
from schemas.reply import CheckReply
from tests.logs import NAMED, restored_logs

PRIVATE = "S3SAME"


@pytest.fixture(autouse=True)
def _logging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with restored_logs():
        # It keeps the configuration of its first event.
        monkeypatch.setattr("connector.telemetry.logs._log", structlog.get_logger("connector.telemetry.logs"))
        yield


def written(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return what was written, of which nothing is private."""
    text = capsys.readouterr().err
    assert PRIVATE not in text
    return [json.loads(line) for line in text.splitlines()]


async def test_the_events_of_a_job_name_it_and_those_of_another_do_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs("json")
    log = structlog.get_logger("connector.some")

    async def run() -> None:
        bind_job(**NAMED)
        await asyncio.gather(asyncio.create_task(say("check.asked")), asyncio.sleep(0))

    async def say(event: str) -> None:
        log.info(event)

    await asyncio.create_task(run())
    await asyncio.create_task(say("another"))
    named, other = written(capsys)
    assert named.items() >= NAMED.items()
    assert not NAMED.keys() & other.keys()


@pytest.mark.parametrize("form", ["console", "json"])
def test_each_form_is_a_line_per_event(capsys: pytest.CaptureFixture[str], form: Any) -> None:
    configure_logs(form)
    structlog.get_logger("connector.some").warning("some.event", tenant=NAMED["tenant"])
    (line,) = capsys.readouterr().err.splitlines()
    assert "some.event" in line
    assert NAMED["tenant"] in line


@pytest.mark.parametrize(("level", "expected"), [("DEBUG", 4), ("INFO", 3), ("WARNING", 2), ("ERROR", 1)])
def test_the_level_is_of_our_own_events(
    capsys: pytest.CaptureFixture[str], level: str, expected: int
) -> None:
    seen: list[str] = []

    def observer(_logger: Any, method: str, event: Any) -> Any:
        seen.append(method)
        return event

    configure_logs("json", level, observer)
    log = structlog.get_logger("workers.some")
    for say in (log.debug, log.info, log.warning, log.error):
        say("some.event")
    assert len(written(capsys)) == expected
    # What is not written is observed all the same.
    assert {"warning", "error"} <= set(seen)


@pytest.mark.parametrize(
    "name", ["httpx", "sqlalchemy.engine.Engine", "celery.worker", "pydantic", "asyncio"]
)
def test_a_library_says_nothing_below_a_warning(capsys: pytest.CaptureFixture[str], name: str) -> None:
    configure_logs("json", "DEBUG")
    logging.getLogger(name).debug("GET %s", PRIVATE)
    logging.getLogger(name).info(f"GET {PRIVATE}")  # noqa: G004 - what a library may do
    assert written(capsys) == []


def test_what_a_library_filled_into_its_text_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json", "DEBUG")
    log = logging.getLogger("some.library")
    log.warning("cannot decode %r", PRIVATE, stack_info=True)
    log.error(f"cannot decode {PRIVATE}")  # noqa: G004 - likewise
    try:
        raise ValueError(PRIVATE)  # noqa: TRY301 - to be logged as a library does
    except ValueError as error:
        log.critical("failed: %r", error, exc_info=True)
    first, second, third = written(capsys)
    assert (first["event"], first["text"]) == ("library.logged", "cannot decode %r")
    assert first["where"].partition(":")[0].endswith("test_logs.py")
    assert "text" not in second
    assert (third["event"], third["text"]) == ("library.unexpected_error", "failed: %r")
    assert third["exception"].startswith("builtins.ValueError\n")


def test_that_the_broker_is_away_is_told_whole_but_for_what_an_exception_says(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs("json")
    log = logging.getLogger("celery.worker.consumer.consumer")
    log.error("consumer: Cannot connect to %s: %s", "amqp://guest:**@h//", OSError(111, "Connection refused"))
    log.warning("%s (%r)", "consumer: Connection to broker lost.", ValueError(PRIVATE))
    assert [entry["text"] for entry in written(capsys)] == [
        "consumer: Cannot connect to amqp://guest:**@h//: Connection refused",
        "consumer: Connection to broker lost. ('ValueError')",
    ]


async def test_what_an_event_loop_is_left_with_is_logged_by_type(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json", "DEBUG")
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(log_loop_error)
    loop.call_exception_handler({"message": PRIVATE, "exception": KeyError(PRIVATE), "future": PRIVATE})
    (entry,) = written(capsys)
    assert (entry["event"], entry["exception"]) == ("loop.unexpected_error", "builtins.KeyError")


def test_crashes_are_logged_by_type(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json")

    def crash() -> None:
        raise KeyError(PRIVATE)

    thread = threading.Thread(target=crash, name="some-thread")
    thread.start()
    thread.join()
    error = KeyError(PRIVATE)
    sys.excepthook(KeyError, error, None)
    in_thread, of_program = written(capsys)
    assert (in_thread["event"], in_thread["thread"]) == ("thread.crashed", "some-thread")
    assert (of_program["event"], of_program["level"]) == ("program.crashed", "critical")
    assert "in crash" in in_thread["exception"]


def test_causes_in_a_circle_and_a_group_s_members_are_logged_and_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs("json")
    log = structlog.get_logger("connector.some")
    outer, inner = KeyError(PRIVATE), ValueError(PRIVATE)
    try:
        try:
            raise outer
        except KeyError:
            outer.__cause__ = inner
            raise inner  # noqa: B904 - what makes the circle
    except ValueError:
        log.exception("some.event")
    log.error("some.event", exc_info=ExceptionGroup(PRIVATE, [KeyError(PRIVATE), OSError(PRIVATE)]))
    circle, group = (entry["exception"].splitlines() for entry in written(capsys))
    assert [line for line in circle if not line.startswith("  ")] == [
        "builtins.ValueError",
        "builtins.KeyError",
    ]
    assert group == ["builtins.ExceptionGroup", "+ builtins.KeyError", "+ builtins.OSError"]


@pytest.fixture
def _warned() -> Iterator[None]:
    """Have warnings shown, each time that they come; to the tests they are errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        yield


@pytest.mark.usefixtures("_warned")
@pytest.mark.parametrize("form", ["console", "json"])
def test_a_warning_is_logged_by_category_and_place(capsys: pytest.CaptureFixture[str], form: Any) -> None:
    configure_logs(form)
    # Whose warning quotes the value.
    odd = CheckReply.model_construct(id="1", check="rsa", status=CheckStatus.FOUND, data=cast("Any", PRIVATE))
    assert PRIVATE in odd.__pydantic_serializer__.to_json(odd).decode()
    said = capsys.readouterr().err
    assert PRIVATE not in said
    (line,) = said.splitlines()
    for part in ("library.warned", "UserWarning", "test_logs.py:", "warning"):
        assert part in line


@pytest.mark.usefixtures("_warned")
def test_a_place_warns_once_and_so_many_places_at_most(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_MOST_WARNED", 3)
    configure_logs("json")
    for line in (1, 2, 1, 3, 4, 5):
        for number in range(5):
            path = "/opt/lib/site-packages/some/library.py"
            warnings.warn_explicit(f"{PRIVATE} {number}", DeprecationWarning, path, line)
    entries = written(capsys)
    assert [entry["where"] for entry in entries] == [f"some/library.py:{line}" for line in (1, 2, 3)]
    assert {(entry["event"], entry["level"], entry["category"]) for entry in entries} == {
        ("library.warned", "warning", "DeprecationWarning")
    }
