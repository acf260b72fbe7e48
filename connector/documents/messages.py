"""The two messages in the AsyncAPI document, with an example of each per check."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from connector.catalogue.definition import CheckDefinition
from connector.documents.catalogue_schemas import REPLY, REQUEST
from connector.documents.components import schema_ref
from connector.jobs.delivery import TRACE_HEADERS
from schemas.reply import REPLY_TYPE

TRACE_HEADERS_CLASS: Final = "TraceHeaders"
_JSON: Final = "application/json"
_CORRELATION: Final = {
    "location": "$message.header#/correlation_id",
    "description": (
        "The AMQP property `correlation_id`, echoed as it is, empty included; where a job has none, its reply "
        "carries the job's `message_id`, else its `job_id`."
    ),
}

Example = Callable[[CheckDefinition], dict[str, Any]]


def messages(
    definitions: Iterable[CheckDefinition], example_job: Example, example_reply: Example
) -> dict[str, Any]:
    """Return both messages; the examples are written by the functions given."""
    every = tuple(definitions)
    return {
        REQUEST: {
            "name": REQUEST,
            "title": "A job",
            "summary": "One person, and the checks to run for that person.",
            "description": (
                "UTF-8 JSON of at most 64 KiB. No other header is read, and a message with an `x-death` header "
                "is no vendor's: it is kept for the operator."
            ),
            **_common("VerificationRequest"),
            "x-amqp-properties": _request_properties(),
            "examples": [_example(definition, example_job) for definition in every],
        },
        REPLY: {
            "name": REPLY,
            "title": "A reply",
            "summary": "The terminal answer to one job.",
            "description": (
                "Readers ignore members that they do not know, and treat an unknown code by `status` and "
                "`retryable`."
            ),
            **_common("Reply"),
            "bindings": {"amqp": {"messageType": REPLY_TYPE, "bindingVersion": "0.3.0"}},
            "x-amqp-properties": _reply_properties(),
            "examples": [_example(definition, example_reply) for definition in every],
        },
    }


def _common(payload: str) -> dict[str, Any]:
    return {
        "contentType": _JSON,
        "correlationId": _CORRELATION,
        "headers": schema_ref(TRACE_HEADERS_CLASS),
        "payload": schema_ref(payload),
    }


def _example(definition: CheckDefinition, write: Example) -> dict[str, Any]:
    return {"name": definition.name, "summary": definition.title, "payload": write(definition)}


def trace_headers() -> dict[str, Any]:
    """Return the schema of the headers that both messages have, called ``TRACE_HEADERS_CLASS``."""
    named = dict.fromkeys(
        ("traceparent", "sentry-trace"),
        "; where the connector has traced the job, the reply's names the connector's span",
    )
    headers = {
        name: {
            "type": "string",
            "description": f"Carried from a job to its reply, up to {longest} bytes{named.get(name, '')}.",
        }
        for name, longest in TRACE_HEADERS.items()
    }
    return {"title": TRACE_HEADERS_CLASS, "type": "object", "properties": headers}


def _request_properties() -> dict[str, Any]:
    properties = {
        "content_type": _text(f"`{_JSON}`; a `charset` other than UTF-8 is refused."),
        "content_encoding": _text("Absent, `utf-8` or `identity`: a compressed body is refused."),
        "delivery_mode": {"type": "integer", "const": 2, "description": "Persistent."},
        "correlation_id": _text("Optional, any string, echoed."),
        "message_id": _text("Optional; the reply's `correlation_id` where the job has none."),
        "reply_to": _text(
            "Optional: `replies.<vendor>`, the default, or a `replies.<vendor>.<name>` that the operator has added."
        ),
        "timestamp": _instant("Recommended: deadlines count from it. In seconds; milliseconds are refused."),
        "user_id": _text(
            "Optional unless the operator demands it: the vendor's AMQP user, which the broker checks."
        ),
    }
    return {"type": "object", "properties": properties, "required": ["content_type", "delivery_mode"]}


def _reply_properties() -> dict[str, Any]:
    properties = {
        "content_type": {"type": "string", "const": _JSON},
        "delivery_mode": {"type": "integer", "const": 2, "description": "Persistent."},
        "correlation_id": _text(
            "That of the job, else its `message_id`, else its `job_id`; absent where all are."
        ),
        "message_id": _text("Fresh for each publication: deduplicate on `job_id`."),
        "type": {"type": "string", "const": REPLY_TYPE},
    }
    required = ["content_type", "delivery_mode", "message_id", "type"]
    return {"type": "object", "properties": properties, "required": required}


def _text(description: str) -> dict[str, Any]:
    return {"type": "string", "description": description}


def _instant(description: str) -> dict[str, Any]:
    return {"type": "integer", "description": description}
