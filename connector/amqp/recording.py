"""What a declaration would declare, as values: kombu's objects are declared on a recorder instead of a broker."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from amqp.exceptions import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeObject:
    """An exchange."""

    name: str
    type: str
    durable: bool
    auto_delete: bool
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueObject:
    """A queue."""

    name: str
    durable: bool
    auto_delete: bool
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingObject:
    """A binding of a queue, or of an exchange, to an exchange."""

    source: str
    destination: str
    destination_type: str
    """``queue`` or ``exchange``."""
    routing_key: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Objects:
    """What was declared, each once, in the order of its first declaration."""

    exchanges: tuple[ExchangeObject, ...]
    queues: tuple[QueueObject, ...]
    bindings: tuple[BindingObject, ...]


class Recorder:
    """Stands for kombu's connection and for its channel, of a broker on which nothing exists yet."""

    def __init__(self) -> None:
        self._exchanges: dict[str, ExchangeObject] = {}
        self._queues: dict[str, QueueObject] = {}
        self._bindings: list[BindingObject] = []

    def objects(self) -> Objects:
        """Return what was declared so far."""
        return Objects(
            exchanges=tuple(self._exchanges.values()),
            queues=tuple(self._queues.values()),
            bindings=tuple(self._bindings),
        )

    def channel(self) -> "Recorder":
        """Return a channel: they are all the same."""
        return self

    def close(self) -> None:
        """Do nothing: there is no connection."""

    def prepare_queue_arguments(self, arguments: Mapping[str, Any], **_unused: Any) -> Mapping[str, Any]:
        """Return ``arguments`` as they are: none of kombu's own options is used."""
        return arguments

    def exchange_declare(
        self,
        exchange: str,
        type: str,  # noqa: A002 - as AMQP's clients name it
        *,
        passive: bool = False,
        **options: Any,
    ) -> None:
        """Record an exchange. Raises ``NotFound`` for a passive declaration of one that was not."""
        if passive:
            if exchange not in self._exchanges:
                raise NotFound(exchange)
            return
        self._exchanges.setdefault(exchange, ExchangeObject(name=exchange, type=type, **_kept(options)))

    def queue_declare(self, queue: str, **options: Any) -> tuple[str, int, int]:
        """Record a queue, which is empty."""
        self._queues.setdefault(queue, QueueObject(name=queue, **_kept(options)))
        return queue, 0, 0

    def queue_bind(self, queue: str, exchange: str, routing_key: str, **options: Any) -> None:
        """Record a binding of a queue."""
        self._bind(exchange, queue, "queue", routing_key, options)

    def exchange_bind(self, destination: str, source: str, routing_key: str, **options: Any) -> None:
        """Record a binding of an exchange."""
        self._bind(source, destination, "exchange", routing_key, options)

    def _bind(
        self, source: str, destination: str, kind: str, routing_key: str, options: Mapping[str, Any]
    ) -> None:
        binding = BindingObject(
            source=source,
            destination=destination,
            destination_type=kind,
            routing_key=routing_key or "",
            arguments=dict(options.get("arguments") or {}),
        )
        if binding not in self._bindings:
            self._bindings.append(binding)


def _kept(options: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "durable": bool(options["durable"]),
        "auto_delete": bool(options["auto_delete"]),
        "arguments": dict(options.get("arguments") or {}),
    }
