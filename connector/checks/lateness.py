"""Saying why a job has expired: which deadline it had, what that was counted from, and by how much it has passed. Pure.

What is not known is not said. A job that comes late was published under a clock that is slow, or it waited: nothing of a message
tells which.
"""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from connector.checks.admission import DEFAULT_LIFETIMES, Admitted
from connector.checks.advance import window_of
from connector.checks.plan import PlannedCall, PlannedCheck
from connector.jobs.delivery import CLOCKS_APART
from connector.jobs.progress import CheckProgress
from connector.sources.traits import traits_of
from schemas.codes import CheckCode

_UNITS: Final = ((timedelta(days=1), "jours"), (timedelta(hours=1), "h"), (timedelta(minutes=1), "min"))
_LEAST_SHOWN: Final = 2
"""Of a unit, before the next smaller one is used: 90 minutes say more than 1 hour."""


def explained(
    planned: PlannedCheck, progress: CheckProgress, admitted: Admitted, now: datetime
) -> CheckProgress:
    """Return how far a check has come that has just expired, with what there is to say of its deadline."""
    answer = progress.reply
    if answer is None or answer.reason is None:
        return progress
    told = why_expired(planned, admitted, now)
    why = answer.reason.model_copy(update={"detail": f"{traits_of(CheckCode.EXPIRED).detail} {told}"})
    return replace(progress, reply=answer.model_copy(update={"reason": why}))


def why_expired(planned: PlannedCheck, admitted: Admitted, now: datetime) -> str:
    """Return the deadline, what it was counted from and how late it is, in French, with instants to compare."""
    if isinstance(planned, PlannedCall):
        of_the_check = window_of(planned, admitted.received_at, admitted.expires_at).deadline
        if of_the_check < admitted.expires_at:
            return f"Le jeton FranceConnect ne vit que 60 s, comptées depuis la réception ({_instant(admitted.received_at)})."
    late = f"L'échéance ({_instant(admitted.expires_at)}, {_counted(admitted)}) est dépassée de {duration(now - admitted.expires_at)}."
    causes = (late, _on_arrival(admitted), _ahead(admitted))
    return " ".join(filter(None, causes))


def _counted(admitted: Admitted) -> str:
    if admitted.job.expires_at is not None:
        return "« expires_at » de la demande"
    lifetime = duration(DEFAULT_LIFETIMES[admitted.lane])
    if admitted.published_at is None:
        return f"{lifetime} après la réception, faute de propriété AMQP timestamp"
    return f"{lifetime} après la propriété AMQP timestamp, {_instant(admitted.published_at)}"


def _on_arrival(admitted: Admitted) -> str | None:
    """Return what can be said of a job that came after its deadline; None of one that came in time."""
    received, published = admitted.received_at, admitted.published_at
    if received < admitted.expires_at:
        return None
    if admitted.job.expires_at is None:
        behind = duration(received - (published or received))
        return (
            f"La demande a été reçue à {_instant(received)}, {behind} après ce timestamp : l'horloge du logiciel semble en retard "
            "d'autant, ou la demande a attendu."
        )
    if published is None:
        return f"La demande a été reçue après, à {_instant(received)}."
    if published >= admitted.expires_at:
        return (
            f"Elle l'était déjà à la publication, d'après la propriété AMQP timestamp ({_instant(published)}) : vérifier le "
            "décalage horaire de « expires_at » et l'horloge du logiciel."
        )
    waited = duration(received - published)
    return f"La demande a été reçue à {_instant(received)}, {waited} après la propriété AMQP timestamp ({_instant(published)})."


def _ahead(admitted: Admitted) -> str | None:
    if admitted.published_at is None or admitted.published_at - admitted.received_at < CLOCKS_APART:
        return None
    ahead = duration(admitted.published_at - admitted.received_at)
    return (
        f"La propriété AMQP timestamp avance de {ahead} sur l'horloge du connecteur à la réception : mettre à l'heure l'horloge "
        "du logiciel."
    )


def duration(span: timedelta) -> str:
    """Return a span in its largest unit, rounded down, in French; seconds for what is short."""
    for unit, name in _UNITS:
        if span >= _LEAST_SHOWN * unit:
            return f"{span // unit} {name}"
    return f"{max(1, span // timedelta(seconds=1))} s"


def _instant(instant: datetime) -> str:
    # An unset date, of the year 1 or 9999, may have no instant in UTC: it is told with its own offset.
    with suppress(OverflowError):
        instant = instant.astimezone(UTC)
    return instant.isoformat(timespec="seconds").replace("+00:00", "Z")
