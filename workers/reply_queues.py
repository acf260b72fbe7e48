"""The vendors' reply queues on the broker, as the registry has them."""

import structlog
from amqp.exceptions import PreconditionFailed

from connector.amqp.session import REFUSALS, BrokerSession
from connector.amqp.topology import reply_queue
from connector.events import Event
from connector.jobs.records import Registry

_log = structlog.get_logger(__name__)


class ReplyQueues:
    """Declares reply queues, for as long as a worker lives; one that is refused is its vendor's trouble alone."""

    def __init__(self) -> None:
        self._refused: set[tuple[str, str | None]] = set()
        """Told once, not at each change of the registry."""

    def declare(self, session: BrokerSession, registry: Registry) -> None:
        """Declare the reply queues of every vendor, or make sure of them as a user that may not declare."""
        for vendor in registry.vendors.values():
            for name in (None, *vendor.reply_queues):
                self._declare(session, vendor.name, name)

    def _declare(self, session: BrokerSession, vendor: str, name: str | None) -> None:
        queue = (vendor, name)
        try:
            session.declare_reply_queue(*queue)
        except PreconditionFailed as error:
            # It serves as it is; what differs cannot be changed under a worker that publishes to it.
            if queue not in self._refused:
                name = reply_queue(*queue)
                _log.error(Event.REPLY_QUEUE_DIFFERS, vendor=vendor, queue=name, error=error.reply_text)
            self._refused.add(queue)
        except REFUSALS as error:
            if queue not in self._refused:
                _log.error(Event.TOPOLOGY_REFUSED, vendor=vendor, error=error.reply_text)
            self._refused.add(queue)
        else:
            self._refused.discard(queue)
