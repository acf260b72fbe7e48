"""What the pipeline notes calls with: before each sets out, and how it ended; or nothing, where there is no journal."""

from collections.abc import Iterable
from typing import Final, Protocol

from connector.amqp.publisher import Publisher
from connector.checks.admission import Admitted
from connector.checks.plan import PlannedCall
from connector.sources.exchange import Exchange
from connector.storage.journal.record import FOUND, Record
from connector.storage.journal.writer import JournalWriter
from schemas.codes import CheckCode
from schemas.reply import CheckReply


class Access(Protocol):
    """One attempt of a check, which a source may turn into several calls."""

    async def begin(self) -> None:
        """Note that a call is about to set out; return once its record is kept.

        Raises ``PublishError`` when the connection ended before: the call must not be made.
        """
        ...

    def end(self, outcome: str, exchange: Exchange | None = None) -> None:
        """Note how the call that set out last has ended."""
        ...


class Accesses(Protocol):
    """What one run of one delivery of a job asks."""

    def of(self, planned: PlannedCall, attempt: int) -> Access:
        """Return the access of a check's nth call."""
        ...

    def expect(self, calls: Iterable[tuple[PlannedCall, int]]) -> tuple[Record, ...]:
        """Return the records of calls that will most likely set out at once, each with its number among its check's."""
        ...

    def keep_expected(self) -> None:
        """Take note that the records of the expected calls are kept: these may set out."""
        ...

    def close(self) -> None:
        """Note that the run makes no further call: an expected one that has not set out was not made."""
        ...


class Records(Protocol):
    """The records of one delivery."""

    def of(self, admitted: Admitted) -> Accesses:
        """Return what notes the calls of one run of its job."""
        ...

    def take(self) -> tuple[Record, ...]:
        """Hand over the records that are not on their way to the broker yet; who takes them keeps them, or publishes them."""
        ...

    def publish(self, records: Iterable[Record]) -> None:
        """Have the broker keep records that were taken and not kept."""
        ...

    async def confirmed(self) -> None:
        """Return once the broker has those that it was given. Raises ``PublishError`` when the connection ended before."""
        ...


class Journal(Protocol):
    """The access journal of one worker process."""

    writer: JournalWriter | None
    """What takes groups of records to SQL; None where there is no journal."""

    def attach(self, publisher: Publisher) -> None:
        """Publish through this one from now on: a connection has begun."""
        ...

    @property
    def is_held_up(self) -> bool:
        """Whether the broker did not keep the last records that it was given."""
        ...

    def open(self) -> Records:
        """Return what keeps the records of one delivery."""
        ...

    def close(self) -> None:
        """Note nothing more."""
        ...


UNEXPLAINED: Final = str(CheckCode.UNEXPECTED_RESPONSE)
"""How a call ended in which the connector itself failed."""


def outcome_of(reply: CheckReply) -> str:
    """Return how a call ended, in the words of the journal."""
    return FOUND if reply.reason is None else str(reply.reason.code)


class _NoAccess:
    async def begin(self) -> None:
        """Do nothing."""

    def end(self, outcome: str, exchange: Exchange | None = None) -> None:
        """Do nothing."""


class _NoAccesses:
    def of(self, _planned: PlannedCall, _attempt: int) -> Access:
        """Return what notes nothing."""
        return _NoAccess()

    def expect(self, _calls: Iterable[tuple[PlannedCall, int]]) -> tuple[Record, ...]:
        """Return none."""
        return ()

    def keep_expected(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class _NoRecords:
    def of(self, _admitted: Admitted) -> Accesses:
        """Return what notes nothing."""
        return _NoAccesses()

    def take(self) -> tuple[Record, ...]:
        """Return none."""
        return ()

    def publish(self, _records: Iterable[Record]) -> None:
        """Do nothing."""

    async def confirmed(self) -> None:
        """Return."""


NO_RECORDS: Final[Records] = _NoRecords()


class NoJournal:
    """What stands for the journal where there is no key for one."""

    writer: JournalWriter | None = None
    is_held_up: bool = False

    def attach(self, publisher: Publisher) -> None:
        """Do nothing."""

    def open(self) -> Records:
        """Return what keeps nothing."""
        return NO_RECORDS

    def close(self) -> None:
        """Do nothing."""
