"""Publishing a vendor's jobs and reading the replies to them, over one AMQP connection at a time.

Jobs are persistent, mandatory and confirmed; a reply is acknowledged once the ledger has it on disk. Replies to others' jobs
are not taken: they are held, so that those behind them come, and given back to their queue at the end.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

import amqp
from amqp.exceptions import (
    AccessRefused,
    AMQPError,
    NotAllowed,
    NotFound,
    PreconditionFailed,
    ResourceLocked,
)
from kombu import Connection

from connector.amqp.topology import REQUESTS, reply_queue
from connector.cli.options import Interruption
from connector.cli.vendor.jobs_file import VendorJob
from connector.cli.vendor.ledger import Ledger
from connector.errors import OperatorError
from connector.jobs.records import Lane
from connector.settings.broker_address import BrokerAddress

MOST_HELD: Final = 1000
"""Replies to others' jobs that are held at once."""
_MARK: Final = "vendor-try:"
"""What a job's correlation id begins with here: a reply carries it back, even one to a job that could not be read."""
_CONNECT_SECONDS: Final = 10
_LOOK_SECONDS: Final = 0.5
_PAUSE_SECONDS: Final = 1.0
_HEARTBEAT_SECONDS: Final = 10
"""A connection that is lost without a word is noticed after two of them, on both sides."""
_LAST_CONFIRMS_SECONDS: Final = 5.0
_PERSISTENT: Final = 2
_REFUSALS: Final = (AccessRefused, NotAllowed, NotFound, PreconditionFailed, ResourceLocked)
"""What the same attempt would meet again."""


class ExchangeError(OperatorError):
    """The broker cannot be used so; the message, in French, says why and what to do."""


class End(Enum):
    """How it ended."""

    COMPLETE = auto()
    """Every job has its reply."""
    INTERRUPTED = auto()
    REFUSED = auto()
    """The broker refused to go on."""
    SILENT = auto()
    """Nothing came for as long as was to be waited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a vendor speaks."""

    vendor: str
    lane: Lane
    address: BrokerAddress
    user: str
    queue: str
    """Where it has its replies."""
    window: int
    """Jobs without a reply at once, at the most."""
    patience_seconds: float
    """How long nothing may come."""
    shares_queue: bool = False
    """Whether others may be reading the same queue."""


@dataclass(slots=True, kw_only=True)
class Heard:
    """Callbacks for what happens during an exchange."""

    on_reply: Callable[[VendorJob, bytes], Any]
    """Given each first reply, before it is acknowledged; returns its outcome."""
    on_progress: Callable[[], None]
    say: Callable[[str], None]


def exchange(
    terms: Terms, ledger: Ledger, heard: Heard, interruption: Interruption, *, republish: bool
) -> End:
    """Publish what is not published yet, and read until every job is answered. Raises ``ExchangeError``.

    ``republish`` publishes once more what is awaited: the same job is answered again from memory, or for the first time.
    """
    waiting = deque([*(ledger.awaited if republish else ()), *ledger.unpublished])
    quiet_since = time.monotonic()
    is_first = True
    while True:
        try:
            with _connected(terms) as connection:
                if not is_first:
                    heard.say("courtier retrouvé")
                session = _Session(terms, ledger, heard, connection, waiting)
                session.open(is_first=is_first)
                is_first = False
                quiet_since = time.monotonic()
                return session.run(interruption)
        except _REFUSALS as error:
            raise ExchangeError(f"le courtier refuse : {error.reply_text or type(error).__name__}") from None
        except (OSError, AMQPError) as error:
            if is_first:
                raise ExchangeError(_unreachable(error)) from None
            if interruption.signum is not None:
                return End.INTERRUPTED
            if time.monotonic() - quiet_since > terms.patience_seconds:
                return End.SILENT
            heard.say("courtier perdu ; nouvel essai …")
            time.sleep(_PAUSE_SECONDS)


def _unreachable(error: Exception) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return (
            "le certificat du courtier n'est pas d'une autorité connue, ou pas à son nom ; donner celle de l'hébergeur : "
            "?cacertfile=/chemin/ca.pem à la fin de l'adresse, ou --connection connection.json"
        )
    if isinstance(error, FileNotFoundError | PermissionError):
        return "le certificat de l'autorité, que nomme cacertfile, est introuvable ou illisible ; vérifier son chemin"
    return f"le courtier est injoignable ({type(error).__name__}) ; vérifier l'adresse et le port"


@contextmanager
def _connected(terms: Terms) -> Iterator[Any]:
    with Connection(
        terms.address.url,
        ssl=terms.address.ssl,
        connect_timeout=_CONNECT_SECONDS,
        heartbeat=_HEARTBEAT_SECONDS,
    ) as connection:
        connection.connect()
        yield connection


class _Session:
    """One connection, until it is done or lost. What it sent unconfirmed goes back to ``waiting`` when it is lost."""

    def __init__(
        self, terms: Terms, ledger: Ledger, heard: Heard, connection: Any, waiting: deque[VendorJob]
    ) -> None:
        self._terms = terms
        self._ledger = ledger
        self._heard = heard
        self._connection = connection
        self._waiting = waiting
        self._sent: dict[int, VendorJob] = {}
        self._last_tag = 0
        self._came: deque[Any] = deque()
        self._held: list[int] = []
        self._in_flight = {job.job_id for job in ledger.awaited} - {job.job_id for job in waiting}
        self._paused_until = 0.0
        self._last_event = time.monotonic()
        self._defect: str | None = None

    def run(self, interruption: Interruption) -> End:
        try:
            # Replies that wait are read before anything is asked: some may be to what is about to be published again.
            self._drain()
            self._take_in()
            while self._waiting or self._sent or self._in_flight:
                if interruption.signum is not None:
                    return End.INTERRUPTED
                if time.monotonic() - self._last_event > self._terms.patience_seconds:
                    return End.SILENT
                self._publish()
                self._drain()
                self._take_in()
            return End.COMPLETE
        finally:
            self._await_confirms()
            self._waiting.extendleft(reversed(self._sent.values()))
            self._sent.clear()
            self._give_back()

    def open(self, *, is_first: bool) -> None:
        """Begin to read. Raises ``ExchangeError``; ``ConnectionError`` while the broker holds on to the last connection."""
        channel = self._channel = self._connection.channel()
        channel.auto_decode = False
        consumers = channel.queue_declare(self._terms.queue, passive=True).consumer_count
        if consumers and not self._terms.shares_queue:
            if not is_first:
                raise ConnectionError("the broker has not noticed yet that the last connection is lost")
            raise ExchangeError(
                f"{self._terms.queue} est lue par {consumers} autre(s) programme(s), qui prendraient une partie des réponses et "
                "n'auraient pas toutes les leurs ; donner une autre file avec --reply-queue, à demander à l'hébergeur, ou "
                "--share-queue pour passer outre"
            )
        channel.confirm_select()
        channel.events["basic_ack"].add(self._on_confirm)
        channel.events["basic_nack"].add(self._on_refusal)
        channel.events["basic_return"].add(self._on_return)
        channel.basic_qos(0, self._terms.window + MOST_HELD, a_global=False)
        self._tag = channel.basic_consume(
            self._terms.queue, callback=self._came.append, on_cancel=self._on_cancel
        )

    def _publish(self) -> None:
        if time.monotonic() < self._paused_until:
            return
        while self._waiting and len(self._in_flight) < self._terms.window:
            job = self._waiting.popleft()
            if self._ledger.is_answered(job.job_id):
                continue
            self._last_tag += 1
            self._sent[self._last_tag] = job
            self._in_flight.add(job.job_id)
            self._channel.basic_publish(
                _message(job, self._terms),
                REQUESTS,
                f"{self._terms.vendor}.{self._terms.lane}",
                mandatory=True,
            )

    def _drain(self) -> None:
        """Read what the broker has sent: wait for the first of it, then take what is there."""
        timeout = _LOOK_SECONDS
        with suppress(TimeoutError):
            for _ in range(self._terms.window):
                self._connection.drain_events(timeout=timeout)
                timeout = 0
        self._connection.heartbeat_check()
        if self._defect is not None:
            raise ExchangeError(self._defect)

    def _await_confirms(self) -> None:
        """Note what is still being confirmed, for a moment: what is not noted is asked again by the next run."""
        until = time.monotonic() + _LAST_CONFIRMS_SECONDS
        # Where the connection is lost, nothing more comes.
        with suppress(OSError, AMQPError, AttributeError):
            while self._sent and time.monotonic() < until:
                with suppress(TimeoutError):
                    self._connection.drain_events(timeout=_LOOK_SECONDS)
        self._ledger.commit()

    def _take_in(self) -> None:
        """Have the ledger note what came, on disk, and only then acknowledge it."""
        tags = []
        while self._came:
            message = self._came.popleft()
            job = self._job_of(message)
            if job is None:
                self._hold(message.delivery_tag)
                continue
            self._last_event = time.monotonic()
            tags.append(message.delivery_tag)
            self._in_flight.discard(job.job_id)
            self._ledger.note_answer(job.job_id, self._heard.on_reply(job, message.body))
        self._ledger.commit()
        for tag in tags:
            self._channel.basic_ack(tag)
        self._heard.on_progress()

    def _job_of(self, message: Any) -> VendorJob | None:
        correlation_id = str(message.properties.get("correlation_id", ""))
        if not correlation_id.startswith(_MARK):
            return None
        return self._ledger.job(correlation_id.removeprefix(_MARK))

    def _hold(self, tag: int) -> None:
        self._held.append(tag)
        if len(self._held) >= MOST_HELD:
            raise ExchangeError(
                f"{self._terms.queue} contient plus de {MOST_HELD} réponses à d'autres demandes, qui y restent ; les lire "
                "d'abord, ou donner une autre file avec --reply-queue"
            )

    def _give_back(self) -> None:
        """Have others' replies, and what was not taken in, be in their queue again."""
        left = [*self._held, *(message.delivery_tag for message in self._came)]
        # Where the connection is lost, the broker does it.
        with suppress(OSError, AMQPError, AttributeError):
            self._channel.basic_cancel(self._tag)
            left += [message.delivery_tag for message in self._came if message.delivery_tag not in left]
            for tag in left:
                self._channel.basic_reject(tag, requeue=True)
        if self._held:
            self._heard.say(
                f"{len(self._held)} réponse(s) à d'autres demandes : rendue(s) à {self._terms.queue}"
            )

    def _on_confirm(self, tag: int, multiple: bool) -> None:  # noqa: FBT001 - py-amqp's own call
        self._last_event = time.monotonic()
        for job in self._settled(tag, multiple=multiple):
            self._ledger.note_published(job)

    def _on_refusal(self, tag: int, multiple: bool) -> None:  # noqa: FBT001 - likewise
        """Publish again in a moment: the queue is full."""
        for job in self._settled(tag, multiple=multiple):
            self._in_flight.discard(job.job_id)
            self._waiting.appendleft(job)
        self._paused_until = time.monotonic() + _PAUSE_SECONDS

    def _settled(self, tag: int, *, multiple: bool) -> list[VendorJob]:
        tags = [one for one in self._sent if one <= tag] if multiple else [tag]
        return [self._sent.pop(one) for one in tags if one in self._sent]

    def _on_return(self, _error: Any, _exchange: str, routing_key: str, _message: Any) -> None:
        self._defect = f"aucune file ne prend {routing_key} : les files du connecteur ne sont pas déclarées ; voir l'hébergeur"

    def _on_cancel(self, _tag: str) -> None:
        self._defect = f"{self._terms.queue} a été supprimée ; voir l'hébergeur"


def _message(job: VendorJob, terms: Terms) -> Any:
    others: dict[str, Any] = {}
    if terms.user == terms.vendor:
        others["user_id"] = terms.user
    if terms.queue != reply_queue(terms.vendor):
        others["reply_to"] = terms.queue
    return amqp.Message(
        job.body,
        content_type="application/json",
        delivery_mode=_PERSISTENT,
        correlation_id=f"{_MARK}{job.job_id}",
        timestamp=int(time.time()),
        **others,
    )
