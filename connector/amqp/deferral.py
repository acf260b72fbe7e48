"""A job that is deferred travels sealed: its delivery and its progress, encrypted and authenticated, on queues of ours.

So nobody who can write to the broker can forge one, not even where vendors and connector share one AMQP user. The body
travels as the vendor published it, byte for byte: what was computed of it still holds. A FranceConnect token within it is of
no use by then, since the checks that it opens are finished before their job is deferred.
"""

from dataclasses import replace
from datetime import datetime
from math import ceil
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from connector.amqp.publisher import Outgoing
from connector.amqp.topology import deferred_queue, overflow_queue, quarantine_queue
from connector.jobs.delivery import Delivery, body_of, delivery_count
from connector.jobs.records import Flow
from connector.vault import Vault, VaultError

LONGEST_DELAY_SECONDS: Final = 2**28 - 1
"""What the broker's delay queues add up to."""
_PURPOSE: Final = "deferral"
_SEALED: Final = "application/octet-stream"
_DELIVERY: Final = TypeAdapter(Delivery)


def deferred(delivery: Delivery, at: datetime, now: datetime, vault: Vault) -> Outgoing:
    """Return the message that brings the job back at ``at``: rounded up, since the broker counts whole seconds."""
    seconds = ceil((at - now).total_seconds())
    delay_seconds = min(max(seconds, 1), LONGEST_DELAY_SECONDS)
    # No run of it has died: whoever takes it next continues a run that ended.
    settled = replace(delivery, taken_before=False)
    return replace(_sealed(deferred_queue(delivery.lane), settled, vault), delay_seconds=delay_seconds)


def replayed(delivery: Delivery, vault: Vault) -> Outgoing:
    """Return the message that brings the job back at once, under the vendor's name: no property of AMQP's could."""
    return _sealed(deferred_queue(delivery.lane), replace(delivery, taken_before=False), vault)


def quarantined(delivery: Delivery, vault: Vault) -> Outgoing:
    """Return the message that has the job run alone."""
    return _sealed(quarantine_queue(delivery.lane), delivery, vault)


def overflowed(delivery: Delivery, flow: Flow, vault: Vault) -> Outgoing:
    """Return the message that keeps the job in its flow's own queue."""
    # It keeps the mark of a run that has died, since nobody has run it in between.
    return _sealed(overflow_queue(flow), delivery, vault)


def read_deferred(message: Any, vault: Vault) -> Delivery | None:
    """Return the delivery that an AMQP client's message of an internal queue holds; None when no key opens it."""
    try:
        delivery = _DELIVERY.validate_json(vault.open_for(_PURPOSE, body_of(message)))
    except (VaultError, ValidationError):
        return None
    return replace(
        delivery,
        redelivered=delivery.redelivered or bool(message.delivery_info["redelivered"]),
        taken_before=delivery.taken_before or bool(message.delivery_info["redelivered"]),
        delivery_count=delivery_count(message),
    )


def _sealed(queue: str, delivery: Delivery, vault: Vault) -> Outgoing:
    return Outgoing(
        queue=queue,
        body=vault.seal_for(_PURPOSE, _DELIVERY.dump_json(delivery, by_alias=True)),
        content_type=_SEALED,
        properties={},
        headers={},
    )
