"""The worker's way to the broker: one node after the other, for as long as it takes."""

import time
from collections.abc import Sequence
from itertools import chain, repeat
from typing import Final

import structlog
from celery.exceptions import WorkerShutdown
from celery.worker.state import maybe_shutdown

from connector.amqp.connection import NodesConnection, broker_cause, connect, is_refusal
from connector.events import Event

PAUSES_SECONDS: Final = (0.5, 1.0, 2.0)
LONGEST_PAUSE_SECONDS: Final = 4.0
"""Between two rounds of the nodes: jobs are taken again within seconds of the broker's return."""
_SLICE_SECONDS: Final = 0.2
"""How soon a worker that waits notices that it is to end."""
_EXIT_FAILURE: Final = 1
_log = structlog.get_logger(__name__)


class BrokerLink:
    """Connects; says once why it cannot, and again when the cause is another one."""

    def __init__(self, files: Sequence[str]) -> None:
        """``files`` are those that the address names."""
        self._files = files
        self._has_connected = False
        self._told: str | None = None

    def connect(self, connection: NodesConnection) -> None:
        """Return once a node has taken the connection.

        A broker that refuses the worker when it starts stops it, by Celery's ``WorkerShutdown``: to try again mends no password. One that
        refuses it later may have been set up anew, and its users may not be there yet.
        """
        for pause_seconds in chain(PAUSES_SECONDS, repeat(LONGEST_PAUSE_SECONDS)):
            errors = connect(connection)
            if not errors:
                break
            self._tell(errors)
            _wait(pause_seconds)
        self._has_connected = True
        if self._told is not None:
            self._told = None
            _log.info(Event.BROKER_BACK)

    def _tell(self, errors: Sequence[Exception]) -> None:
        cause = broker_cause(errors, self._files)
        if not self._has_connected and is_refusal(errors):
            _log.error(Event.BROKER_REFUSED, variable="CONNECTOR_BROKER_URL", cause=cause)
            raise WorkerShutdown(_EXIT_FAILURE)
        if cause != self._told:
            self._told = cause
            _log.warning(Event.BROKER_AWAY, variable="CONNECTOR_BROKER_URL", cause=cause)


def _wait(seconds: float) -> None:
    """Let time pass, unless the worker is told to end meanwhile."""
    until = time.monotonic() + seconds
    while (left_seconds := until - time.monotonic()) > 0:
        maybe_shutdown()
        time.sleep(min(left_seconds, _SLICE_SECONDS))
