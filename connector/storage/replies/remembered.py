"""What the reply memory holds of a job, for an operator who looks: where it stands and how it ended, never the data."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError
from sqlalchemy import Engine, select

from connector.catalogue import CATALOGUE
from connector.storage.replies.reply_memory import purpose_of
from connector.storage.tables import REPLIES
from connector.vault import Vault, VaultError
from schemas.reply import Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """A job of one vendor, as the memory knows it."""

    vendor: str
    is_answered: bool
    ending: str | None
    """Of an answered job, its status and what became of each check; None where no key opens its reply any more."""
    is_deferred: bool
    """Put off when it was last in flight."""
    busy_until: datetime
    """Until when the run that holds it is waited for."""
    changed_at: datetime


def remembered(engine: Engine, vault: Vault, job_id: str, vendor: str | None) -> list[Remembered]:
    """Return what is remembered under a ``job_id``, of one vendor or of each. Raises ``SQLAlchemyError``."""
    table = REPLIES
    query = select(
        table.c.vendor,
        table.c.sealed_reply,
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
                is_answered=row.sealed_reply is not None,
                ending=None
                if row.sealed_reply is None
                else _ending(vault, row.vendor, job_id, row.sealed_reply),
                is_deferred=row.is_deferred,
                busy_until=row.busy_until,
                changed_at=row.changed_at,
            )
            for row in connection.execute(query.order_by(table.c.vendor))
        ]


def _ending(vault: Vault, vendor: str, job_id: str, sealed: bytes) -> str | None:
    try:
        reply = Reply.model_validate_json(vault.open_for(purpose_of(vendor, job_id), sealed))
    except (VaultError, ValidationError):
        return None
    # A name that is none of the catalogue's is whatever the vendor wrote.
    ends = (
        f"{each.check if each.check in CATALOGUE else '?'} {each.reason.code if each.reason else each.status}"
        for each in reply.checks
    )
    return f"{reply.status} ({', '.join(ends)})"
