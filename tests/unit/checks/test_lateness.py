"""Why a job has expired: what its deadline was counted from, and nothing that is not known."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.catalogue import CATALOGUE
from connector.checks.admission import Admitted, admit
from connector.checks.decide import without_call
from connector.checks.lateness import duration, explained, why_expired
from connector.checks.plan import PlannedCheck, plan
from connector.clock import paris_day
from connector.jobs.progress import CheckProgress, finished, is_expired
from connector.jobs.records import Lane
from schemas.codes import CheckCode
from tests.deliveries import delivery
from tests.fakes import START
from tests.registry import OneToken

SECOND = timedelta(seconds=1)


def taken(
    *, published: float | None = 0, lane: Lane = Lane.INTERACTIVE, redelivered: bool = False, **changes: Any
) -> tuple[PlannedCheck, Admitted]:
    """Return a job's check, received at ``START``, ``published`` seconds after it by its publisher's clock."""
    stamp = None if published is None else int(START.timestamp() + published)
    arrived = replace(delivery(lane=lane, **changes), timestamp=stamp, redelivered=redelivered)
    holder = OneToken()
    admitted = admit(arrived, holder.registry, START, require_user_id=False)
    assert isinstance(admitted, Admitted)
    grant = holder.grant(admitted.vendor)
    return plan(admitted.job, CATALOGUE, grant, paris_day(START))[0], admitted


def test_a_job_that_came_late_is_told_both_that_may_be() -> None:
    told = why_expired(*taken(published=-600), START)
    assert told == (
        "L'échéance (2026-11-23T08:51:00Z, 60 s après la propriété AMQP timestamp, 2026-11-23T08:50:00Z) est dépassée de 9 min. "
        "La demande a été reçue à 2026-11-23T09:00:00Z, 10 min après ce timestamp : l'horloge du logiciel semble en retard "
        "d'autant, ou la demande a attendu."
    )


def test_a_job_that_came_in_time_is_told_of_no_clock() -> None:
    told = why_expired(*taken(published=-5), START + 57 * SECOND)
    assert told == (
        "L'échéance (2026-11-23T09:00:55Z, 60 s après la propriété AMQP timestamp, 2026-11-23T08:59:55Z) est dépassée de 2 s."
    )


def test_without_a_timestamp_it_counts_from_the_reception() -> None:
    told = why_expired(*taken(published=None, lane=Lane.BATCH), START + timedelta(hours=25))
    assert told == (
        "L'échéance (2026-11-24T09:00:00Z, 24 h après la réception, faute de propriété AMQP timestamp) est dépassée de 60 min."
    )


def test_a_deadline_of_the_job_s_own_is_named() -> None:
    told = why_expired(*taken(expires_at="2026-11-23T10:00:30+01:00"), START + 31 * SECOND)
    assert told == "L'échéance (2026-11-23T09:00:30Z, « expires_at » de la demande) est dépassée de 1 s."


@pytest.mark.parametrize(
    "unset", ["0001-01-01T00:00:00+01:00", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"]
)
def test_a_deadline_that_was_never_set_is_named_as_it_came(unset: str) -> None:
    """What .NET writes of an unset ``DateTime``: it has no instant in UTC east of Greenwich."""
    assert f"L'échéance ({unset}, « expires_at » de la demande)" in why_expired(
        *taken(expires_at=unset), START
    )


@pytest.mark.parametrize(
    ("published", "told"),
    [
        (0, "Elle l'était déjà à la publication, d'après la propriété AMQP timestamp (2026-11-23T09:00:00Z)"),
        (
            -120,
            "reçue à 2026-11-23T09:00:00Z, 2 min après la propriété AMQP timestamp (2026-11-23T08:58:00Z).",
        ),
        (None, "La demande a été reçue après, à 2026-11-23T09:00:00Z."),
    ],
)
def test_a_deadline_that_had_passed_on_arrival(published: float | None, told: str) -> None:
    assert told in why_expired(*taken(published=published, expires_at="2026-11-23T09:59:00+01:00"), START)


@pytest.mark.parametrize(("ahead", "is_told"), [(59, False), (60, True), (3600, True)])
def test_a_clock_that_is_ahead_is_told_beyond_a_minute(ahead: int, *, is_told: bool) -> None:
    told = why_expired(*taken(published=ahead), START + timedelta(hours=2))
    assert ("avance de" in told) is is_told


def test_a_france_connect_token_s_life_is_told_as_what_it_is() -> None:
    check = {"check": "quotient_familial", "call": "france_connect"}
    planned, admitted = taken(checks=[check], lane=Lane.BATCH, france_connect_token="eyJ")
    told = why_expired(planned, admitted, START + 60 * SECOND)
    assert (
        told == "Le jeton FranceConnect ne vit que 60 s, comptées depuis la réception (2026-11-23T09:00:00Z)."
    )


def test_only_an_expired_check_is_told() -> None:
    planned, admitted = taken()
    waiting = CheckProgress()
    limited = finished(without_call(planned, CheckCode.RATE_LIMITED))
    gone = finished(without_call(planned, CheckCode.EXPIRED))
    assert [is_expired(each) for each in (waiting, limited, gone)] == [False, False, True]
    told = explained(planned, gone, admitted, START + timedelta(hours=1)).reply
    assert told is not None
    assert told.reason is not None
    assert told.reason.detail.startswith(
        "La réponse n'a pas pu être obtenue avant l'échéance de la demande. Redemander. L'échéance"
    )
    assert told.reason.retryable


@pytest.mark.parametrize(
    ("span", "told"),
    [
        (timedelta(0), "1 s"),
        (timedelta(milliseconds=900), "1 s"),
        (timedelta(seconds=119), "119 s"),
        (timedelta(minutes=2), "2 min"),
        (timedelta(minutes=119), "119 min"),
        (timedelta(hours=2), "2 h"),
        (timedelta(hours=47), "47 h"),
        (timedelta(days=2), "2 jours"),
        (START - datetime(1970, 1, 1, tzinfo=UTC), "20780 jours"),
    ],
)
def test_a_span_is_told_in_one_unit(span: timedelta, told: str) -> None:
    assert duration(span) == told
