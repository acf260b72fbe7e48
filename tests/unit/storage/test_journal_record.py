"""A record of a call: what names it, what stays of two of them, and when it is old."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from connector.storage.journal.record import UNKNOWN, merged, months_before, read, record_id, written
from tests.records import record


def test_a_call_s_name_is_the_same_each_time_and_another_for_each_part_of_it() -> None:
    parts = ("millesime", "job-1", "run", "rsa", 1, 1)
    others = [("sonate", "job-2", "nur", "qf", 2, 2)[i] for i in range(len(parts))]
    names = {record_id(*parts)}
    for place, other in enumerate(others):
        changed = list(parts)
        changed[place] = other
        names.add(record_id(*changed))  # type: ignore[arg-type]
    assert len(names) == 1 + len(parts)
    assert record_id(*parts) in names
    assert all(len(name) == 32 for name in names)


def test_of_two_records_of_a_call_the_one_with_an_outcome_stays_whichever_came_first() -> None:
    before, after, other = record(outcome=UNKNOWN), record(), record(2, outcome=UNKNOWN)
    in_order = sorted([after, other], key=lambda each: each.id)
    assert merged([before, other, after]) == in_order
    assert merged([after, before, other, before]) == in_order
    late = replace(after, outcome="network_error")
    assert merged([after, late]) == [after]


def test_records_travel_whole() -> None:
    several = (record(), record(2, agent=None, person=None, outcome=UNKNOWN, http_status=None))
    assert read(written(several)) == several


@pytest.mark.parametrize("body", [b"", b"{}", b'[{"id": "1"}]'])
def test_what_is_no_group_of_records_is_refused(body: bytes) -> None:
    with pytest.raises(ValidationError):
        read(body)


@pytest.mark.parametrize(
    ("now", "months", "before"),
    [
        ((2026, 11, 26), 36, (2023, 11, 26)),
        ((2026, 1, 31), 1, (2025, 12, 31)),
        ((2026, 3, 31), 1, (2026, 2, 28)),
        ((2024, 3, 30), 1, (2024, 2, 29)),
        ((2026, 12, 31), 6, (2026, 6, 30)),
    ],
)
def test_months_are_those_of_the_calendar(
    now: tuple[int, int, int], months: int, before: tuple[int, int, int]
) -> None:
    assert months_before(datetime(*now, tzinfo=UTC), months) == datetime(*before, tzinfo=UTC)
