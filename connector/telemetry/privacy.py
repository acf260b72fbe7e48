"""What may leave for Sentry: everything that does is rebuilt here, from parts whose values are known.

A value leaves when its field is in ``connector.telemetry.vocabulary`` and it is of that field's vocabulary or form; titles, causes and
what to do come from ``connector.telemetry.incidents``, whatever the event says. What is not known here does not leave.
Pure: these are the SDK's ``before_send``, ``before_send_transaction`` and ``before_breadcrumb``.
"""

import re
from collections.abc import Mapping
from typing import Any

from connector.telemetry.incidents import INCIDENTS, runbook
from connector.telemetry.vocabulary import (
    ENVELOPE,
    FIELDS,
    FILE,
    FUNCTION,
    HEX_16,
    HEX_32,
    JOB,
    LEVELS,
    LISTS,
    MOST_LISTED,
    NUMBER,
    SCHEDULE,
    SPAN_DATA,
    SPANS,
    STATUSES,
    TAGS,
    TASK,
    Vocabulary,
)


def before_send(event: Any, _hint: Any = None) -> Any:
    """Return what leaves of an incident or of a check-in; None of anything else."""
    if event.get("type") == "check_in":
        return _check_in(event)
    told = _mapping(_mapping(event.get("contexts")).get("incident"))
    name = told.get("event")
    if not isinstance(name, str) or name not in INCIDENTS:
        return None
    incident, fields = INCIDENTS[name], known(told)
    lists = {name: values for name in LISTS if (values := _listed(name, told.get(name)))}
    code = next((fields[each] for each in ("code", "reason", "kind") if each in fields), None)
    tags = {**fields, **({} if code is None else {"code": code})}
    thrown = _thrown(event.get("exception"), incident.title)
    return {
        **_picked(event, ENVELOPE),
        "level": event["level"] if event.get("level") in LEVELS else "error",
        "logger": name,
        "logentry": {"formatted": incident.title},
        "fingerprint": [name, *(fields.get(field, "-") for field in incident.by)],
        "tags": {"event": name, **{tag: tags[tag] for tag in TAGS if tag in tags}},
        "contexts": {
            "incident": {
                "cause": incident.cause,
                "to_do": incident.to_do,
                "runbook": runbook(name),
                **fields,
                **lists,
            },
            **_trace(event),
        },
        **({"exception": {"values": thrown}} if thrown else {}),
    }


def before_send_transaction(event: Any, _hint: Any = None) -> Any:
    """Return what leaves of a job's trace."""
    trace = _trace(event).get("trace")
    if trace is None or _mapping(event["contexts"]["trace"]).get("op") != JOB:
        return None
    told = _mapping(event["contexts"]["trace"])
    tags = known(_mapping(event.get("tags")))
    return {
        **_picked(event, ENVELOPE),
        "type": "transaction",
        "transaction": f"verify {tags['lane']}" if "lane" in tags else "verify",
        "transaction_info": {"source": "task"},
        "tags": {tag: tags[tag] for tag in TAGS if tag in tags},
        "contexts": {"trace": {**trace, "op": JOB, **_span_details(told)}},
        "spans": [span for each in event.get("spans") or () if (span := _span(_mapping(each), trace))],
    }


def before_breadcrumb(_crumb: Any, _hint: Any = None) -> None:
    """Return what leaves of what happened before an event: nothing, since it happened in other jobs too."""


def known(fields: Mapping[str, Any]) -> dict[str, str]:
    """Return the fields that may leave, as texts."""
    return _picked(fields, FIELDS, as_text=True)


def _picked(
    values: Mapping[str, Any],
    allowed: Mapping[str, Vocabulary],
    *,
    as_text: bool = False,
) -> dict[str, Any]:
    return {
        name: str(value) if as_text else value
        for name, vocabulary in allowed.items()
        if (value := values.get(name)) is not None and _is_in(value, vocabulary)
    }


def _is_in(value: object, vocabulary: Vocabulary) -> bool:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    if isinstance(vocabulary, re.Pattern):
        return vocabulary.fullmatch(str(value)) is not None
    return str(value) in vocabulary


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _listed(name: str, values: object) -> list[str]:
    if not isinstance(values, list | tuple):
        return []
    return [str(value) for value in values[:MOST_LISTED] if _is_in(value, FIELDS[LISTS[name]])]


def _trace(event: Mapping[str, Any]) -> dict[str, Any]:
    ids = {"trace_id": HEX_32, "span_id": HEX_16, "parent_span_id": HEX_16}
    trace = _picked(_mapping(_mapping(event.get("contexts")).get("trace")), ids)
    return {"trace": trace} if {"trace_id", "span_id"} <= trace.keys() else {}


def _thrown(exception: object, title: str) -> list[dict[str, Any]]:
    """Return the chain of an exception; where its text would be stands the incident's title."""
    values = _mapping(exception).get("values")
    return [
        {
            **_picked(_mapping(value), {"type": FIELDS["exception"], "module": FIELDS["exception"]}),
            "value": title,
            "mechanism": {"type": "logged", "handled": True},
            "stacktrace": {
                "frames": [
                    _frame(_mapping(frame))
                    for frame in _mapping(_mapping(value).get("stacktrace")).get("frames") or ()
                ]
            },
        }
        for value in (values if isinstance(values, list) else ())
    ]


def _frame(frame: Mapping[str, Any]) -> dict[str, Any]:
    allowed = {"filename": FILE, "function": FUNCTION, "lineno": NUMBER}
    return {**_picked(frame, allowed), "in_app": frame.get("in_app") is True}


def _span(span: Mapping[str, Any], trace: Mapping[str, str]) -> dict[str, Any] | None:
    op = span.get("op")
    if not isinstance(op, str) or op not in SPANS:
        return None
    times = {name: ENVELOPE[name] for name in ("timestamp", "start_timestamp")}
    return {
        "trace_id": trace["trace_id"],
        "parent_span_id": trace["span_id"],
        "op": op,
        **_picked(span, {"span_id": HEX_16, "description": SPANS[op], **times}),
        **_span_details(span),
    }


def _span_details(span: Mapping[str, Any]) -> dict[str, Any]:
    return {**_picked(span, {"status": STATUSES}), "data": _picked(_mapping(span.get("data")), SPAN_DATA)}


def _check_in(event: Mapping[str, Any]) -> dict[str, Any] | None:
    config = _mapping(event.get("monitor_config"))
    slug, status = {"monitor_slug": TASK}, {"status": frozenset({"ok", "error"})}
    numbers = dict.fromkeys(("checkin_margin", "max_runtime", "failure_issue_threshold"), NUMBER)
    return {
        "type": "check_in",
        **_picked(event, {**ENVELOPE, **slug, **status, "check_in_id": HEX_32}),
        **_picked(event, {"duration": ENVELOPE["timestamp"]}),
        "monitor_config": {
            **_picked(config, numbers),
            "schedule": _picked(_mapping(config.get("schedule")), SCHEDULE),
        },
    }
