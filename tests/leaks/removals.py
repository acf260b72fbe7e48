"""What takes a protection away from the worker of this test: each names the functions that it puts others in the place of."""

import re
import threading
import traceback
from dataclasses import replace
from typing import Any

import connector.amqp.frames
import connector.checks.parsing
import connector.pipeline.settle
import connector.sources.api_particulier
import connector.sources.impot_particulier
import connector.sources.schema_drift
import connector.telemetry.logs
import connector.telemetry.prometheus
import connector.telemetry.reporter
import workers.pool
import workers.request
from connector.sources.exchange import Answered
from connector.storage.journal.keys import JournalKeys
from connector.telemetry import privacy
from connector.telemetry.stack import Thrown
from connector.vault import Vault
from tests.leaks.noting import put


def show_texts_of_exceptions() -> None:
    """Write a traceback as Python does."""
    put(
        connector.telemetry.logs,
        "_bare_traceback",
        lambda raised: "".join(traceback.format_exception(raised[1])),
    )


def fill_in_texts_of_libraries() -> None:
    """Write a library's text with what was filled in."""
    put(connector.telemetry.logs, "_text_of", lambda record, _filled_in: record.getMessage())


def leave_crashes_to_python() -> None:
    """Let Python print what ends a thread."""
    put(connector.telemetry.logs, "_hear_of_crashes", lambda: None)
    threading.excepthook = threading.__excepthook__


def leave_the_loop_to_asyncio() -> None:
    """Let asyncio log what its loop is left with."""
    put(workers.pool, "log_loop_error", lambda loop, context: loop.default_exception_handler(context))


def name_odd_members() -> None:
    """Tell a member's name whatever it is."""
    put(connector.sources.schema_drift, "_A_NAME", re.compile(".*", re.DOTALL))


def send_events_as_they_come() -> None:
    """Send what the SDK is handed."""
    put(_sentry(), "before_send", lambda event, _hint=None: event)


def send_transactions_as_they_come() -> None:
    """Likewise of traces."""
    put(_sentry(), "before_send_transaction", lambda event, _hint=None: event)


def send_check_ins_as_they_come() -> None:
    """Likewise of check-ins."""
    put(privacy, "_check_in", lambda event: event)


def send_texts_of_exceptions() -> None:
    """Leave its text to an exception that the SDK is handed."""
    thrown = vars(privacy)["_thrown"]

    def with_texts(exception: Any, title: str) -> Any:
        values = (exception or {}).get("values", [])
        return [
            {**each, "value": value.get("value", title)}
            for each, value in zip(thrown(exception, title), values, strict=True)
        ]

    put(privacy, "_thrown", with_texts)


def send_frames_whole() -> None:
    """Leave its values and its source to a frame."""
    put(privacy, "_frame", lambda frame: frame)


def send_any_value() -> None:
    """Let a field of a known name leave whatever its value."""
    put(privacy, "_is_in", lambda _value, _vocabulary: True)


def send_spans_whole() -> None:
    """Leave its address to a span."""
    put(privacy, "_span", lambda span, _trace: span)


def hand_over_whole_events() -> None:
    """Report all of a log event's fields."""
    put(connector.telemetry.reporter, "FIELDS", _Everything())


def hand_over_texts_of_exceptions() -> None:
    """Report an exception with its text."""
    chain_of = vars(connector.telemetry.reporter)["chain_of"]

    def with_texts(error: BaseException) -> tuple[Thrown, ...]:
        return tuple(replace(thrown, kind=f"{thrown.kind}: {error}") for thrown in chain_of(error))

    put(connector.telemetry.reporter, "chain_of", with_texts)


def let_errors_of_the_transport_through() -> None:
    """Let what the HTTP library raises reach the pipeline."""

    async def send(transport: Any, asked: Any, _within_seconds: float) -> Answered:
        response = await transport.handle_async_request(asked)
        body = await response.aread()
        return Answered(http_status=response.status_code, headers=response.headers, body=body, duration_ms=1)

    for source in (connector.sources.api_particulier, connector.sources.impot_particulier):
        put(source, "send", send)


def show_parameters_of_statements() -> None:
    """Let SQLAlchemy tell with which values a statement failed."""
    from connector.storage import database  # noqa: PLC0415 - one of its names is changed

    create_engine = vars(database)["create_engine"]
    put(
        database,
        "create_engine",
        lambda url, **named: create_engine(url, **{**named, "hide_parameters": False}),
    )


def keep_the_person_in_the_journal() -> None:
    """Note who a call was about instead of a hash."""
    put(JournalKeys, "hashed", lambda _self, _tenant, _kind, value: value)


def leave_messages_open() -> None:
    """Put a job off, and note a call, without sealing it."""
    put(Vault, "seal_for", lambda _self, _purpose, content: content)
    put(Vault, "open_for", lambda _self, _purpose, sealed: sealed)


def carry_every_header() -> None:
    """Take every header of a message for one that a reply and a dead letter carry."""
    read_delivery = vars(workers.request)["read_delivery"]

    def reading(message: Any, *args: Any) -> Any:
        headers = message.properties.get("application_headers") or {}
        every = {name: value for name, value in headers.items() if isinstance(value, str)}
        return replace(read_delivery(message, *args), trace=every)

    put(connector.amqp.frames, "only", lambda buffer, _wanted: bytes(buffer))
    put(workers.request, "read_delivery", reading)
    put(connector.pipeline.settle, "_kept", dict)


def repeat_wrong_members() -> None:
    """Repeat a job's name in its rejection whatever it is."""
    put(connector.checks.parsing, "_is_valid", lambda _type, value: isinstance(value, str))


def count_checks_by_any_name() -> None:
    """Have a series for every name of a check that a vendor writes."""
    put(connector.telemetry.prometheus, "CATALOGUE", _Everything())


class _Everything(dict[str, Any]):
    def __contains__(self, _name: object) -> bool:
        return True


def _sentry() -> Any:
    from connector.telemetry import sentry  # noqa: PLC0415 - one of its names is changed

    return sentry
