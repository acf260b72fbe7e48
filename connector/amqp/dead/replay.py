"""Replaying a dead letter: where it goes again, or why it cannot, decided as a value."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError

from connector.amqp.confirmed_channel import Confirmation
from connector.amqp.dead.letters import LANES, UNKNOWN_LANE, Arrival, Content, DeadLetter, lane_of_sealed
from connector.amqp.deferral import replayed
from connector.amqp.publisher import Outgoing
from connector.amqp.topology import deferred_queue, reply_queue
from connector.jobs.delivery import MAX_BODY_BYTES, Delivery, body_of, read_delivery
from connector.jobs.records import Lane
from connector.jobs.settlement import DeadReason, as_duplicate
from connector.vault import Vault
from schemas.reply import Reply

_FORGED: Final = "no vendor published it: it was dead-lettered into a vendor queue, or pretends so; purge it"
_OVERSIZED: Final = "its body is over 64 KiB: it can never be answered; purge it"
_NO_LANE: Final = "no lane is known for it: give --lane interactive or --lane batch"
_NO_VENDOR: Final = "its routing key has not the form of a vendor's name and a lane; purge it"
_NO_ORIGIN: Final = "it is not known which queue it came from; purge it"
_FURTHER: Final = "where it was removed, ccas-connector vendors reply-queue add, then "
_TOPOLOGY: Final = "run: ccas-connector topology declare"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """Where a dead letter goes again."""

    queue: str
    lane: Lane | None = None
    """Of a job, which goes sealed, under the name of the vendor that published it; None: it goes as it is."""


@dataclass(frozen=True, slots=True)
class Stuck:
    """It cannot go anywhere, and why, as an operator understands it."""

    reason: str


def replay_of(letter: DeadLetter, lane: Lane | None = None) -> Replay | Stuck:
    """Return where ``letter`` goes; a job of which no lane is known goes to ``lane``."""
    if letter.reason == DeadReason.FORGED:
        return Stuck(_FORGED)
    if letter.origin is not None and letter.content is not Content.JOB:
        return Replay(queue=letter.origin)
    if letter.arrival is Arrival.ELSEWHERE or (letter.origin is None and letter.reason != UNKNOWN_LANE):
        return Stuck(_NO_ORIGIN)
    if letter.size_bytes > MAX_BODY_BYTES:
        return Stuck(_OVERSIZED)
    if letter.vendor is None:
        return Stuck(_NO_VENDOR)
    its_lane = LANES.get(letter.origin or "") or lane_of_sealed(letter.origin) or lane
    return Stuck(_NO_LANE) if its_lane is None else Replay(queue=deferred_queue(its_lane), lane=its_lane)


def message_of(replay: Replay, letter: DeadLetter, message: Any, now: datetime, vault: Vault) -> Outgoing:
    """Return what is published of an AMQP client's ``message`` that was read as ``letter``."""
    delivery = read_delivery(message, replay.lane or Lane.BATCH, letter.since or now)
    if replay.lane is not None:
        return replayed(_as_published(delivery, letter), vault)
    kept = ("correlation_id", "type")
    return Outgoing(
        queue=replay.queue,
        body=_as_duplicate(body_of(message)),
        content_type=delivery.content_type or "application/octet-stream",
        properties={name: message.properties[name] for name in kept if name in message.properties},
        headers=delivery.trace,
    )


def _as_duplicate(body: bytes) -> bytes:
    """Return a reply that says that it may have been sent before; what is none is left as it is."""
    try:
        reply = Reply.model_validate_json(body)
    except ValidationError:
        return body
    return reply.__pydantic_serializer__.to_json(as_duplicate(reply))


def not_taken(replay: Replay, letter: DeadLetter, confirmation: Confirmation) -> Stuck:
    """Return why a letter stays that its queue has not taken."""
    if confirmation is Confirmation.REFUSED:
        return Stuck(f"{replay.queue} refuses it: it is full, or the broker is short of room")
    if letter.content is not Content.REPLY or replay.queue == reply_queue(letter.vendor or ""):
        return Stuck(f"the queue {replay.queue} does not exist; {_TOPOLOGY}")
    return Stuck(f"the queue {replay.queue} does not exist; {_FURTHER}{_TOPOLOGY}")


def _as_published(delivery: Delivery, letter: DeadLetter) -> Delivery:
    """Return the delivery as its vendor published it, so far as that is known."""
    is_ours = letter.arrival is Arrival.CONNECTOR
    return replace(
        delivery,
        routing_key=letter.routing_key or "",
        user_id=letter.user_id,
        # The connector gives each message an id of its own.
        message_id=None if is_ours else delivery.message_id,
        redelivered=True,
        dead_lettered=False,
        delivery_count=0,
    )
