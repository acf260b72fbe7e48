"""Settling: publish what a delivery ends in, confirmed and routed, and only then acknowledge it."""

from collections.abc import Callable
from typing import Any, Final

import structlog

from connector.messaging.delivery import Delivery
from connector.messaging.publisher import Confirmation, Outgoing, Publisher, PublishError
from connector.messaging.topology import DEAD, UNDELIVERABLE
from connector.settlement import Answer, Dead, Settlement
from schemas.reply import REPLY_TYPE

REASON_HEADER: Final = "x-connector-reason"
QUEUE_HEADER: Final = "x-connector-queue"
"""Where a reply was meant to go, or a dead message was taken from."""
ROUTING_KEY_HEADER: Final = "x-connector-routing-key"
USER_HEADER: Final = "x-connector-user-id"
"""The AMQP user of the publisher; the property itself may only name the connector's own."""

_log = structlog.get_logger(__name__)


async def settle(
    settlement: Settlement,
    delivery: Delivery,
    queue: str,
    publisher: Publisher,
    acknowledge: Callable[[], None],
    reject: Callable[[], None],
) -> None:
    """Carry out ``settlement`` for a delivery taken from ``queue``.

    ``reject`` leaves a delivery to the broker's own dead-lettering, which has the body that was not taken in.

    Raises ``PublishError`` when the broker does not take the message: the delivery then stays unacknowledged,
    and comes again.
    """
    match settlement:
        case Answer():
            await _reply(settlement, delivery, publisher)
        case Dead() if delivery.oversized:
            _log.warning("job.dead", reason=settlement.reason, queue=queue)
            reject()
            return
        case Dead():
            await _keep(_dead_letter(settlement, delivery, queue), publisher)
            _log.warning("job.dead", reason=settlement.reason, queue=queue)
    acknowledge()


async def _reply(answer: Answer, delivery: Delivery, publisher: Publisher) -> None:
    message = _reply_message(answer, delivery)
    confirmation = await publisher.publish(message)
    if confirmation is Confirmation.ROUTED:
        return
    reason = confirmation.name.lower()
    await _keep(
        Outgoing(
            queue=UNDELIVERABLE,
            body=message.body,
            properties=message.properties,
            headers={**message.headers, REASON_HEADER: reason, QUEUE_HEADER: answer.queue},
        ),
        publisher,
    )
    _log.warning("reply.undeliverable", reason=reason, queue=answer.queue)


async def _keep(message: Outgoing, publisher: Publisher) -> None:
    confirmation = await publisher.publish(message)
    if confirmation is not Confirmation.ROUTED:
        raise PublishError(f"{message.queue} did not take a message ({confirmation.name.lower()})")


def _reply_message(answer: Answer, delivery: Delivery) -> Outgoing:
    candidates = (delivery.correlation_id, delivery.message_id, answer.reply.job_id)
    correlation_id = next((candidate for candidate in candidates if candidate is not None), None)
    return Outgoing(
        queue=answer.queue,
        body=answer.reply.__pydantic_serializer__.to_json(answer.reply),
        properties=_present(correlation_id=correlation_id, type=REPLY_TYPE),
        headers=delivery.trace,
    )


def _dead_letter(dead: Dead, delivery: Delivery, queue: str) -> Outgoing:
    """Return the message as it came, but for what would act on the broker again.

    ``CC``, ``BCC`` and ``x-death`` reroute, ``expiration`` destroys, and the broker refuses another's
    ``user_id``.
    """
    return Outgoing(
        queue=DEAD,
        body=delivery.body,
        properties=_present(
            correlation_id=delivery.correlation_id,
            reply_to=delivery.reply_to,
            timestamp=delivery.timestamp,
        ),
        headers={
            **delivery.trace,
            REASON_HEADER: dead.reason.value,
            QUEUE_HEADER: queue,
            ROUTING_KEY_HEADER: delivery.routing_key,
            **_present(**{USER_HEADER: delivery.user_id}),
        },
    )


def _present(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
