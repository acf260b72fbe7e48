"""What the connector writes in the headers of a message that it keeps on a dead queue."""

from typing import Final

REASON_HEADER: Final = "x-connector-reason"
QUEUE_HEADER: Final = "x-connector-queue"
"""Where a reply was meant to go, or a dead message was taken from."""
ROUTING_KEY_HEADER: Final = "x-connector-routing-key"
USER_HEADER: Final = "x-connector-user-id"
"""The AMQP user of the publisher; the property itself may only name the connector's own."""
SINCE_HEADER: Final = "x-connector-since"
"""When it was put there, an RFC 3339 instant."""
