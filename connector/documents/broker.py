"""The broker in the AsyncAPI document: servers, channels, and what a vendor does on them."""

from typing import Any, Final

from connector.amqp.topology import REQUESTS, reply_queue, reply_queue_of, requests_exchange
from connector.documents.catalogue_schemas import REPLY, REQUEST
from connector.jobs.records import Lane

SECURITY_SCHEMES: Final = "vendor"
_BINDING: Final = "0.3.0"
_VENDOR: Final = "{vendor}"


def servers() -> dict[str, Any]:
    """Return the operator's broker, in clear and over TLS."""
    clear = "Without TLS: for a laptop, or a private network."
    tls = "With TLS. The operator gives the certificate authority, and a client certificate where one is asked for."
    return {"amqp": _server("amqp", "5672", clear), "amqps": _server("amqps", "5671", tls)}


def _server(protocol: str, port: str, description: str) -> dict[str, Any]:
    return {
        "host": "{host}:{port}",
        "pathname": "/{vhost}",
        "protocol": protocol,
        "protocolVersion": "0-9-1",
        "description": description,
        "variables": {
            "host": {"description": "The operator's RabbitMQ.", "default": "127.0.0.1"},
            "port": {"description": "Its AMQP port.", "default": port},
            "vhost": {
                "description": "Virtual host, percent-encoded: `%2F` is RabbitMQ's `/`.",
                "default": "%2F",
            },
        },
        "security": [{"$ref": f"#/components/securitySchemes/{SECURITY_SCHEMES}"}],
    }


def security_schemes() -> dict[str, Any]:
    """Return how a vendor proves who it is."""
    description = (
        "The vendor's AMQP user, whose name is the vendor's. It may write to `verifications` under routing keys "
        "of its own name, and read its own reply queues; it declares nothing."
    )
    return {SECURITY_SCHEMES: {"type": "userPassword", "description": description}}


def channels() -> dict[str, Any]:
    """Return the exchange that takes jobs and the queues that hold replies, as the connector declares them."""
    exchange = requests_exchange()
    vendor = {"description": "The vendor's name, `[a-z][a-z0-9-]{0,31}`.", "examples": ["millesime"]}
    lane = {
        "description": "`interactive`: an agent waits at the counter; `batch`: a campaign.",
        "enum": [lane.value for lane in Lane],
    }
    name = {"description": "`[a-z0-9][a-z0-9-]{0,63}`, agreed with the operator.", "examples": ["campagnes"]}
    jobs = {
        "address": f"{_VENDOR}.{{lane}}",
        "title": "Jobs",
        "description": (
            f"The topic exchange `{REQUESTS}`; the address is the routing key. Publish persistent and `mandatory`, "
            "wait for the publisher confirm, and set no `expiration`. A job under another lane is kept for the "
            "operator and is not answered."
        ),
        "messages": {"request": {"$ref": f"#/components/messages/{REQUEST}"}},
        "parameters": {"vendor": vendor, "lane": lane},
        "bindings": {
            "amqp": {
                "is": "routingKey",
                "exchange": {"name": exchange.name, "type": exchange.type, "durable": exchange.durable},
                "bindingVersion": _BINDING,
            },
        },
        "x-exchange-arguments": exchange.arguments,
    }
    return {
        REQUESTS: jobs,
        "replies": _replies(
            reply_queue(_VENDOR),
            {"vendor": vendor},
            "Where replies go unless `reply_to` names another queue.",
        ),
        "namedReplies": _replies(
            reply_queue(f"{_VENDOR}.{{name}}"),
            {"vendor": vendor, "name": name},
            "A further reply queue, which the operator adds and a job names in `reply_to`. One that the operator "
            "has not added is `forbidden_reply_to`.",
        ),
    }


def _replies(queue: str, parameters: dict[str, Any], description: str) -> dict[str, Any]:
    declared = reply_queue_of(_VENDOR)
    return {
        "address": queue,
        "title": "Replies",
        "description": f"{description} A quorum queue: consume it with acknowledgements, and declare nothing.",
        "messages": {"reply": {"$ref": f"#/components/messages/{REPLY}"}},
        "parameters": parameters,
        "bindings": {
            "amqp": {
                "is": "queue",
                "queue": {
                    "name": queue,
                    "durable": declared.durable,
                    "exclusive": declared.exclusive,
                    "autoDelete": declared.auto_delete,
                },
                "bindingVersion": _BINDING,
            },
        },
        "x-queue-arguments": declared.queue_arguments,
    }


def operations() -> dict[str, Any]:
    """Return what a vendor does: it sends jobs and receives replies."""
    receiving = {"amqp": {"ack": True, "bindingVersion": _BINDING}}
    sending = {"deliveryMode": 2, "mandatory": True, "timestamp": True, "bindingVersion": _BINDING}
    return {
        "sendJob": {
            "action": "send",
            "title": "Send a job",
            "summary": "The vendor publishes one person and the checks to run.",
            "channel": {"$ref": f"#/channels/{REQUESTS}"},
            "messages": [{"$ref": f"#/channels/{REQUESTS}/messages/request"}],
            "bindings": {"amqp": sending},
            "reply": {
                "channel": {"$ref": "#/channels/replies"},
                "messages": [{"$ref": "#/channels/replies/messages/reply"}],
            },
        },
        "receiveReply": {
            "action": "receive",
            "title": "Receive a reply",
            "summary": "The vendor consumes its default reply queue, and deduplicates on `job_id`.",
            "channel": {"$ref": "#/channels/replies"},
            "messages": [{"$ref": "#/channels/replies/messages/reply"}],
            "bindings": receiving,
        },
        "receiveNamedReply": {
            "action": "receive",
            "title": "Receive a reply on a further queue",
            "summary": "The vendor consumes a reply queue that its jobs name in `reply_to`.",
            "channel": {"$ref": "#/channels/namedReplies"},
            "messages": [{"$ref": "#/channels/namedReplies/messages/reply"}],
            "bindings": receiving,
        },
    }
