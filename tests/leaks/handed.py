"""What the SDK's own integrations would hand to it of a call that fails, for what rebuilds events to be tried."""

from typing import Any
from uuid import uuid4

from connector.telemetry.vocabulary import JOB


def sdk_events(leak: str) -> list[dict[str, Any]]:
    """Return an event, a transaction and a check-in whose every place holds a leak."""
    trace = {"trace_id": uuid4().hex, "span_id": uuid4().hex[:16]}
    everywhere = {
        "message": leak,
        "transaction": leak,
        "request": {"url": leak, "query_string": leak, "data": leak, "headers": {"Authorization": leak}},
        "breadcrumbs": {"values": [{"category": "httplib", "message": leak, "data": {"url": leak}}]},
        "extra": {"job": leak},
        "user": {"username": leak},
        "modules": {leak: leak},
    }
    frame = {
        "filename": "connector/pipeline/call.py",
        "function": "call",
        "lineno": 1,
        "vars": {"job": leak},
        "context_line": leak,
    }
    value = {"type": "ValueError", "module": "builtins", "value": leak, "stacktrace": {"frames": [frame]}}
    return [
        {
            **everywhere,
            "tags": {"event": "check.unexpected_error", "tenant": leak, "person": leak},
            "contexts": {
                "incident": {"event": "check.unexpected_error", "queue": leak, "place": leak, "person": leak},
                "trace": {**trace, "data": {"url": leak}},
            },
            "exception": {"values": [value]},
        },
        {
            **everywhere,
            "type": "transaction",
            "start_timestamp": 1.0,
            "timestamp": 2.0,
            "tags": {"tenant": leak, "person": leak},
            "contexts": {"trace": {**trace, "op": JOB, "data": {"url": leak, "check": leak}}},
            "spans": [
                {
                    "op": "http.client",
                    "span_id": uuid4().hex[:16],
                    "description": f"GET {leak}",
                    "start_timestamp": 1.0,
                    "timestamp": 2.0,
                    "data": {"url": leak, "check": leak},
                }
            ],
        },
        {
            "type": "check_in",
            "monitor_slug": leak,
            "status": leak,
            "monitor_config": {"schedule": {"type": leak}},
        },
    ]
