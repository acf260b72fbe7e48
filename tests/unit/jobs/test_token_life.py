"""When a token has expired, and which warning is due before that."""

from datetime import UTC, datetime, timedelta

import pytest

from connector.jobs.records import Tenant
from connector.jobs.token_life import (
    ExpiryWarning,
    dgfip_notice,
    due_warning,
    expiry_notice,
    has_expired,
    refusal_notice,
)

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SIRET = "26920023600017"


def _tenant(expires_at: datetime | None = None, set_at: datetime | None = NOW) -> Tenant:
    return Tenant(
        siret=SIRET, name="C", vendors=frozenset(), token_expires_at=expires_at, token_set_at=set_at
    )


@pytest.mark.parametrize(
    ("seconds", "expired"), [(-1, False), (0, False), (59, False), (60, True), (9999, True)]
)
def test_a_clock_a_little_ahead_refuses_no_token(seconds: int, expired: bool) -> None:  # noqa: FBT001 - a parameter
    assert has_expired(_tenant(NOW), NOW + timedelta(seconds=seconds)) is expired


def test_a_token_of_which_no_expiry_is_known_has_not_expired() -> None:
    assert not has_expired(_tenant(), NOW)


@pytest.mark.parametrize(
    ("left", "warning"),
    [
        (timedelta(days=61), None),
        (timedelta(days=60, seconds=1), None),
        (timedelta(days=60), (60, 60)),
        (timedelta(days=31), (60, 31)),
        (timedelta(days=30), (30, 30)),
        (timedelta(days=7, seconds=1), (30, 7)),
        (timedelta(days=7), (7, 7)),
        (timedelta(days=1), (1, 1)),
        (timedelta(hours=23), (1, 0)),
        (timedelta(seconds=1), (1, 0)),
        (timedelta(0), None),
        (timedelta(days=-1), None),
    ],
)
def test_the_nearest_threshold_that_has_passed_is_due(
    left: timedelta, warning: tuple[int, int] | None
) -> None:
    due = due_warning(NOW + left, NOW)
    assert due == (ExpiryWarning(threshold_days=warning[0], days_left=warning[1]) if warning else None)


def test_a_warning_is_named_by_tenant_token_and_threshold() -> None:
    def name(siret: str = SIRET, expires_at: datetime = NOW, days: int = 30) -> str:
        return expiry_notice(siret, expires_at, ExpiryWarning(threshold_days=days, days_left=5))

    names = {name(), name("26750045200011"), name(expires_at=NOW + timedelta(seconds=1)), name(days=7)}
    assert len(names) == 4
    assert name() == expiry_notice(SIRET, NOW, ExpiryWarning(threshold_days=30, days_left=29))
    assert max(map(len, names)) <= 200


def test_a_refusal_is_named_by_tenant_token_and_day() -> None:
    day = NOW.date()
    later = _tenant(set_at=NOW + timedelta(microseconds=1))
    names = {refusal_notice(tenant, day) for tenant in (_tenant(), later, _tenant(set_at=None))}
    assert len(names | {refusal_notice(_tenant(), day + timedelta(days=1))}) == 4
    assert refusal_notice(_tenant(), day) == refusal_notice(_tenant(expires_at=NOW), day)
    assert len({dgfip_notice(_tenant(), day), dgfip_notice(_tenant(), day + timedelta(days=1))}) == 2
