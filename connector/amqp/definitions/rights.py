"""Who may do what on the broker: its users and their rights, each as small as what it does.

A permission is three patterns over names of queues and exchanges; over the routing keys of the topic exchange that
vendors publish to there is one more (https://www.rabbitmq.com/docs/access-control). What is not here is refused.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from string import digits
from typing import Final

from connector.amqp.declaration import consumed_queues, way_of_jobs
from connector.amqp.recording import Objects
from connector.amqp.topology import (
    DEAD,
    OVERFLOW_PREFIX,
    REPLY_QUEUE_NAME,
    REQUESTS,
    UNDELIVERABLE,
    delayed,
    reply_queue,
)
from connector.errors import OperatorError

NOTHING: Final = "^$"
_DEFAULT_EXCHANGE: Final = "amq.default"
_TO_SEE_REPLY_QUEUES: Final = rf"{re.escape(reply_queue(''))}.+"
"""RabbitMQ 4 tells only who has some right on a queue whether it exists.

No exchange has such a name, so that to write there reaches nothing that the default exchange does not.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerUser:
    """A user of the broker, and its rights on one virtual host."""

    name: str
    configure: str = NOTHING
    write: str = NOTHING
    read: str = NOTHING
    routing_keys: str | None = None
    """What it may publish to ``verifications`` under; None where it may not write there at all."""
    limits: Mapping[str, int] = field(default_factory=dict)
    """``max-connections`` and ``max-channels``, over all its connections."""


class RightsError(OperatorError):
    """Two users would have one name, or one has a name that cannot serve; the message says which."""


def users_of(
    objects: Objects, vendors: Iterable[str], *, worker: str, operator: str, limits: Mapping[str, int]
) -> tuple[BrokerUser, ...]:
    """Return the users of a deployment; ``limits`` are each vendor's. Raises ``RightsError``."""
    users = (
        worker_user(worker, objects),
        operator_user(operator, objects),
        *(vendor_user(vendor, limits) for vendor in vendors),
    )
    names = [user.name for user in users]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise RightsError(
            f"two users would be named {twice}: give --worker-user or --operator-user another name than a vendor's"
        )
    if not all(names):
        raise RightsError("a user must have a name")
    return users


def vendor_user(vendor: str, limits: Mapping[str, int]) -> BrokerUser:
    """Return a vendor's user: it publishes under its own name, reads its own reply queues, and declares nothing."""
    return BrokerUser(
        name=vendor,
        write=_any_of([re.escape(REQUESTS)]),
        read=_any_of([rf"{re.escape(reply_queue(vendor))}(\.{REPLY_QUEUE_NAME})?"]),
        # Up to the dot: the name of a vendor may begin with another's.
        routing_keys=rf"^{re.escape(vendor)}\.",
        limits=limits,
    )


def worker_user(name: str, objects: Objects) -> BrokerUser:
    """Return the workers' user, which takes jobs, publishes replies, declares overflow queues alone, and makes the bindings of jobs.

    A reply, a dead letter and a suspect go through the default exchange, which reaches every queue: RabbitMQ has no
    right over the queues behind it. A binding that somebody deleted can be seen by nobody, only made again: that asks for
    the right to write to its destination and to read its source.
    """
    overflows = rf"{re.escape(OVERFLOW_PREFIX)}.+"
    delays, _ = delayed(DEAD, 1)
    sources = {binding.source for binding in way_of_jobs(objects)}
    destinations = {binding.destination for binding in way_of_jobs(objects)}
    return BrokerUser(
        name=name,
        configure=_any_of([overflows]),
        # Whoever declares a queue must be able to write to where it dead-letters.
        write=_any_of(
            [
                *_patterns([_DEFAULT_EXCHANGE, delays, DEAD, UNDELIVERABLE, *destinations]),
                _TO_SEE_REPLY_QUEUES,
            ]
        ),
        read=_any_of([*_patterns([*consumed_queues(objects), *sources]), overflows]),
    )


def operator_user(name: str, objects: Objects) -> BrokerUser:
    """Return the user of ``dead``, ``health`` and ``topology declare``: it reads dead letters and replays them.

    Through the default exchange it writes to every queue already; the names of queues are there to see them.
    """
    return BrokerUser(
        name=name,
        write=_any_of([*_patterns([_DEFAULT_EXCHANGE, *consumed_queues(objects)]), _TO_SEE_REPLY_QUEUES]),
        read=_any_of(_patterns([DEAD, UNDELIVERABLE])),
    )


def _patterns(names: Iterable[str]) -> list[str]:
    """Return patterns for these names and no other; those that differ by a number at their end share one.

    RabbitMQ 4.3 refuses a permission of more than 1,024 bytes, and all definitions with it.
    """
    numbers: dict[str, list[str]] = {}
    for name in sorted(set(names)):
        stem = name.rstrip(digits)
        numbers.setdefault(stem, []).append(name.removeprefix(stem))
    return [f"{re.escape(stem)}{_one_of(found)}" for stem, found in numbers.items()]


def _one_of(numbers: Sequence[str]) -> str:
    return numbers[0] if len(numbers) == 1 else f"({'|'.join(numbers)})"


def _any_of(patterns: Iterable[str]) -> str:
    return f"^({'|'.join(patterns)})$"
