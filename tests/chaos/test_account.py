"""The account of a chaos run: every job published is in one class, and the classes say what they mean."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.chaos.account import Account, KeptMessage, SeenReply

JOB_IDS = st.sampled_from([f"job-{number}" for number in range(6)])
REPLIES = st.lists(
    st.builds(
        SeenReply,
        job_id=st.none() | JOB_IDS,
        status=st.sampled_from(["completed", "failed", "rejected"]),
        possible_duplicate=st.booleans(),
    ),
    max_size=12,
)
KEPT = st.lists(
    st.builds(KeptMessage, queue=st.sampled_from(["a", "b"]), job_id=st.none() | JOB_IDS), max_size=6
)


def reply(job_id: str | None = "one", *, marked: bool = False, status: str = "completed") -> SeenReply:
    return SeenReply(job_id=job_id, status=status, possible_duplicate=marked)


def kept(job_id: str | None = "one", queue: str = "verifications.batch") -> KeptMessage:
    return KeptMessage(queue=queue, job_id=job_id)


@given(
    published=st.sets(JOB_IDS),
    replies=REPLIES,
    undeliverable=KEPT,
    dead=KEPT,
    stuck=KEPT,
    republished=st.sets(JOB_IDS),
)
def test_the_classes_share_out_the_published(
    published: set[str],
    replies: list[SeenReply],
    undeliverable: list[KeptMessage],
    dead: list[KeptMessage],
    stuck: list[KeptMessage],
    republished: set[str],
) -> None:
    account = Account.of(
        published, replies, undeliverable=undeliverable, dead=dead, stuck=stuck, republished=republished
    )

    classes = (
        account.answered_once,
        account.answered_more_than_once,
        account.undeliverable,
        account.dead,
        account.unfinished,
        account.lost,
    )
    assert sorted(job_id for members in classes for job_id in members) == sorted(published)
    assert account.unmarked_duplicates <= account.answered_more_than_once
    assert account.unexplained_duplicates == account.unmarked_duplicates - republished
    assert sum(account.stuck.values()) == len(stuck)
    assert account.answered == published & {seen.job_id for seen in replies}
    assert sum(account.by_status.values()) == len(account.answered)
    assert account.answered_and_dead <= account.answered
    assert account.unexpected == sum(seen.job_id not in published for seen in replies)


def test_a_job_that_is_nowhere_is_lost() -> None:
    account = Account.of(["one", "two"], [reply("two")])

    assert account.lost == {"one"}
    assert account.answered_once == {"two"}


@pytest.mark.parametrize(
    ("marks", "is_unmarked"),
    [
        ((False, True), False),
        ((True, False), False),
        ((True, True), False),
        ((False, True, True), False),
        ((False, False), True),
        ((False, True, False), True),
    ],
)
def test_every_reply_but_one_of_a_job_must_be_marked(marks: tuple[bool, ...], *, is_unmarked: bool) -> None:
    account = Account.of(["one"], [reply(marked=marked) for marked in marks])

    assert account.answered_more_than_once == {"one"}
    assert account.unmarked_duplicates == ({"one"} if is_unmarked else frozenset())


def test_a_vendor_that_published_again_explains_a_second_answer() -> None:
    account = Account.of(
        ["one", "two"], [reply(job) for job in ("one", "one", "two", "two")], republished=["two"]
    )

    assert account.unmarked_duplicates == {"one", "two"}
    assert account.unexplained_duplicates == {"one"}


def test_an_answered_job_that_is_also_dead_counts_as_answered_with_the_extra_noted() -> None:
    account = Account.of(["one"], [reply()], dead=[kept()], undeliverable=[kept()], stuck=[kept()])

    assert account.answered_once == account.answered_and_dead == account.answered_and_undeliverable == {"one"}
    assert not account.dead
    assert not account.undeliverable
    assert not account.unfinished
    assert account.stuck == {"verifications.batch": 1}


def test_undeliverable_comes_before_dead_and_dead_before_unfinished() -> None:
    account = Account.of(
        ["one", "two", "three"],
        [],
        undeliverable=[kept("one")],
        dead=[kept("one"), kept("two")],
        stuck=[kept("two"), kept("three"), kept(None)],
    )

    assert account.undeliverable == {"one"}
    assert account.dead == {"two"}
    assert account.unfinished == {"three"}
    assert account.stuck == {"verifications.batch": 3}


def test_the_counts_are_json_and_the_table_names_the_lost(capsys: pytest.CaptureFixture[str]) -> None:
    account = Account.of(
        ["one", "two", "gone"],
        [reply("one"), reply("two", marked=True, status="failed"), reply("two"), reply(None), reply("other")],
        stuck=[kept(None)],
    )

    counts = json.loads(json.dumps(account.as_dict()))
    account.print("after a cut")

    assert counts == {
        "published": 3,
        "answered_once": 1,
        "answered_more_than_once": 1,
        "undeliverable": 0,
        "dead": 0,
        "unfinished": 0,
        "lost": 1,
        "unmarked_duplicates": 0,
        "unexplained_duplicates": 0,
        "answered_and_undeliverable": 0,
        "answered_and_dead": 0,
        "republished": 0,
        "unexpected": 2,
        "stuck": 1,
        "stuck_in": {"verifications.batch": 1},
        "by_status": {"completed": 1, "completed+failed": 1},
    }
    (line,) = [line.split() for line in capsys.readouterr().out.splitlines() if "LOST" in line]
    assert line == ["LOST", "1", "gone"]
