"""kombu's connection to one of several nodes, and why none could be reached, in one sentence."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from amqp.exceptions import AccessRefused as Refused
from amqp.exceptions import AMQPError, ConnectionForced, NotAllowed
from kombu import Connection
from kombu.exceptions import OperationalError

from connector.settings.causes import network_cause

CONNECT_SECONDS: Final = 5
"""One node; a node whose machine is gone says nothing."""
_LOGIN: Final = "login was refused"
_DOWN: Final = "is down"
_LIMIT: Final = "limit"
_SENTENCES: Final = (
    (Refused, _LOGIN, "it refuses the user or the password"),
    (NotAllowed, "not found", "there is no such virtual host"),
    (AMQPError, _DOWN, "its virtual host is down on this node: look at the node's log"),
    (NotAllowed, _LIMIT, "it takes no further connection of this user, or on this virtual host"),
    (NotAllowed, "access to vhost", "its user has no right on the virtual host"),
    (ConnectionForced, "", "it is stopping, or somebody has closed the connection there"),
)
"""By the broker's code and a part of its words, the first that fits (RabbitMQ's ``rabbit_reader.erl``)."""


class NodesConnection(Connection):  # type: ignore[misc]  # kombu ships no types
    """kombu's, which keeps the first node's host as the one that each node's certificate is to be for."""

    ssl: dict[str, Any] | bool

    def switch(self, conn_str: str) -> None:
        """Lead to another node."""
        super().switch(conn_str)
        if isinstance(self.ssl, dict) and "server_hostname" in self.ssl:
            self.ssl = {**self.ssl, "server_hostname": self.hostname}


def connect(connection: NodesConnection) -> tuple[Exception, ...]:
    """Connect to the first node that takes the connection; where none does, return what each answered."""
    errors: list[Exception] = []
    for _ in range(len(connection.alt) or 1):
        try:
            connection.ensure_connection(max_retries=0)
        except (AMQPError, OSError, OperationalError) as error:
            errors.append(error)
            connection.maybe_switch_next()
        else:
            return ()
    return tuple(errors)


def is_refusal(errors: Iterable[Exception]) -> bool:
    """Tell whether each node refuses whoever connects: to try again is of no use."""
    return all(
        isinstance(error, Refused | NotAllowed) and not any(part in _text(error) for part in (_DOWN, _LIMIT))
        for error in errors
    )


def broker_cause(errors: Iterable[BaseException], files: Iterable[str] = ()) -> str:
    """Return why no node could be used, each cause once; ``files`` are those that the address names."""
    missing = next((path for path in files if not Path(path).is_file()), None)
    if missing is not None:
        return f"the file {missing} cannot be read: no such file"
    return "; ".join(dict.fromkeys(map(_cause, errors)))


def _cause(error: BaseException) -> str:
    # kombu tells of some as errors of its own.
    error = error.__cause__ if isinstance(error.__cause__, AMQPError) else error
    text = _text(error)
    told = (sentence for kind, part, sentence in _SENTENCES if isinstance(error, kind) and part in text)
    return next(told, text or network_cause(error))


def _text(error: BaseException) -> str:
    return (getattr(error, "reply_text", None) or "").lower()
