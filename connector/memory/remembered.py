"""What the reply memory holds of a job, for an operator who looks: where it stands, never what was answered."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine, select

from connector.registry.tables import REPLIES


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """A job of one vendor, as the memory knows it."""

    vendor: str
    is_answered: bool
    is_deferred: bool
    """Put off when it was last in hand."""
    busy_until: datetime
    """Until when the run that holds it is waited for."""
    changed_at: datetime


def remembered(engine: Engine, job_id: str, vendor: str | None) -> list[Remembered]:
    """Return what is remembered under a ``job_id``, of one vendor or of each. Raises ``SQLAlchemyError``."""
    table = REPLIES
    query = select(
        table.c.vendor,
        table.c.sealed_reply.is_not(None).label("is_answered"),
        table.c.is_deferred,
        table.c.busy_until,
        table.c.changed_at,
    ).where(table.c.job_id == job_id)
    if vendor is not None:
        query = query.where(table.c.vendor == vendor)
    with engine.connect() as connection:
        return [
            Remembered(
                vendor=row.vendor,
                is_answered=bool(row.is_answered),
                is_deferred=row.is_deferred,
                busy_until=_aware(row.busy_until),
                changed_at=_aware(row.changed_at),
            )
            for row in connection.execute(query.order_by(table.c.vendor))
        ]


def _aware(instant: datetime) -> datetime:
    # SQLite stores no offset: what is written is UTC.
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
