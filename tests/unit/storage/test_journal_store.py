"""The journal in SQL: what is written twice is there once, what is known stays, and what is old goes."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest
from sqlalchemy import Engine

from connector.storage.journal.record import UNKNOWN
from connector.storage.journal.store import READ_AT_ONCE, JournalStore, Wanted
from tests.fakes import START
from tests.records import record
from tests.registry import BOURG, CLAMART

ALL = Wanted()


@pytest.fixture
def store(engine: Engine) -> JournalStore:
    return JournalStore(engine)


def test_a_record_is_read_as_it_was_written(store: JournalStore) -> None:
    several = [record(1, agent=None, dossier=None, purpose=None, person=None, http_status=None), record(2)]
    store.write(several)
    assert list(store.each(ALL)) == several
    assert store.newest(ALL, 1) == several[1:]


def test_whatever_comes_in_whichever_order_and_however_often_leaves_one_row_with_the_outcome(
    store: JournalStore,
) -> None:
    for number, groups in enumerate(permutations(["before", "after", "again", "before"])):
        before = record(number, outcome=UNKNOWN, http_status=None, duration_ms=None)
        after = record(number)
        for group in groups:
            store.write([before] if group == "before" else [after])
    assert [row.outcome for row in store.each(ALL)] == ["found"] * 24
    assert {row.http_status for row in store.each(ALL)} == {200}


def test_an_outcome_that_is_known_stays(store: JournalStore) -> None:
    store.write([record()])
    store.write([record(outcome="network_error", http_status=None)])
    store.write([record(outcome=UNKNOWN)])
    assert list(store.each(ALL)) == [record()]


def test_both_records_of_a_call_may_come_together(store: JournalStore) -> None:
    store.write([record(outcome=UNKNOWN), record()])
    store.write([])
    assert list(store.each(ALL)) == [record()]


def test_records_are_wanted_by_each_of_their_columns(store: JournalStore) -> None:
    other = record(
        2,
        tenant=BOURG,
        vendor="sonate-opus",
        agent="agent-2",
        dossier="d-2",
        check="rsa",
        outcome="no_record",
        person="k:other",
        identifier="k:ine",
    )
    store.write([record(1), other])
    wanted = [
        Wanted(tenant=BOURG),
        Wanted(vendor="sonate-opus"),
        Wanted(agent="agent-2"),
        Wanted(dossier="d-2"),
        Wanted(check="rsa"),
        Wanted(outcome="no_record"),
        Wanted(job_id="job-2"),
        Wanted(since=other.at),
        Wanted(tenant=BOURG, persons=["k:other"]),
        Wanted(persons=["k:ine", "k:nobody"]),
    ]
    assert [list(store.each(each)) for each in wanted] == [[other]] * len(wanted)
    assert list(store.each(Wanted(until=other.at))) == [record(1)]
    assert store.count(Wanted(tenant=CLAMART)) == 1
    assert list(store.each(Wanted(persons=[]))) == []


def test_many_records_are_read_in_order_a_few_at_a_time(store: JournalStore) -> None:
    store.write(record(number) for number in range(2 * READ_AT_ONCE + 1))
    assert [row.at for row in store.each(ALL)] == [
        START + timedelta(seconds=number) for number in range(2 * READ_AT_ONCE + 1)
    ]


def test_the_oldest_go_first_so_many_at_a_time(store: JournalStore) -> None:
    store.write([record(number, tenant=BOURG if number == 3 else CLAMART) for number in range(6)])
    before = START + timedelta(seconds=5)
    assert store.count(Wanted(until=before)) == 5
    assert store.purge(before, 2) == 2
    assert [row.job_id for row in store.each(ALL)] == ["job-2", "job-3", "job-4", "job-5"]
    assert store.purge(before, 10, BOURG) == 1
    assert store.purge(before, 10) == 2
    assert store.purge(before, 10) == 0
    assert [row.job_id for row in store.each(ALL)] == ["job-5"]


def test_it_is_told_which_keys_a_tenant_s_records_need(store: JournalStore) -> None:
    store.write(
        [
            record(1, person="aaaaaaaa:1"),
            record(2, person=None, identifier="aaaaaaaa:2"),
            record(3, person="bbbbbbbb:1"),
            record(4, person=None),
            replace(record(5, person="cccccccc:1"), tenant=BOURG),
        ]
    )
    assert store.count_by_key(CLAMART) == {"aaaaaaaa": 2, "bbbbbbbb": 1}
