"""The sentence for one CCAS: the first rule that holds says it, and lengths of time are said shortly."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connector.cli.health.findings import Finding, Severity
from connector.cli.status.advice import advice_of
from connector.cli.status.facts import Calls, Facts, LetterKind, Letters, OnTheBroker
from connector.cli.status.overview import of_suspensions, of_tokens, sentence_of
from connector.cli.status.shown import as_json, rows_of
from connector.clock import spell
from connector.jobs.records import Lane, Registry, Tenant
from connector.storage.journal.record import Record
from connector.storage.presence import HeldBack, Presence, Rejected, Sight, Suspended

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
SIRET = "26920023600017"
LATER = (NOW + timedelta(minutes=5)).isoformat()


def worker(**sees: object) -> Presence:
    sight = replace(Sight(lanes=("interactive", "batch"), state="ready"), **sees)  # type: ignore[arg-type]
    return Presence(id="1", host="h", process=1, version="1", started_at=NOW, seen_at=NOW, sees=sight)


def tenant(**changes: object) -> Tenant:
    known = Tenant(
        siret=SIRET,
        name="CCAS",
        vendors=frozenset({"millesime"}),
        sealed_token="sealed",
        token_set_at=NOW - timedelta(days=9),
        token_expires_at=NOW + timedelta(days=9),
    )
    return replace(known, **changes)  # type: ignore[arg-type]


def call(outcome: str, check: str = "quotient_familial", minutes_ago: int = 1) -> Record:
    return Record(
        id="1",
        at=NOW - timedelta(minutes=minutes_ago),
        vendor="millesime",
        tenant=SIRET,
        job_id="j",
        lane="interactive",
        label=check,
        check=check,
        endpoint="/v3",
        agent=None,
        dossier=None,
        purpose=None,
        attempt=1,
        person=None,
        identifier=None,
        outcome=outcome,
    )


def calls(*records: Record) -> Calls:
    return Calls(last=records, in_a_minute=1, in_an_hour=2)


BROKER = OnTheBroker(lanes=dict.fromkeys(Lane, 0), overflows={}, replies={"replies.millesime": 0}, letters=())
WELL = Facts(
    now=NOW,
    tenant=tenant(),
    quota="20 calls in 1 s, as for all",
    workers=(worker(),),
    calls=calls(call("found")),
    broker=BROKER,
)


def letters(kind: LetterKind, where: str | None) -> Sequence[Letters]:
    return (Letters(vendor="millesime", kind=kind, count=3, reason="refused", where=where, since=NOW),)


def suspended(check: str | None, code: str) -> Presence:
    return worker(suspended=(Suspended(tenant=SIRET, check=check, code=code, until=LATER),))


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        (
            {"broker": None, "broker_cause": "the broker cannot be used: it is gone"},
            "it is gone. Nobody is answered",
        ),
        ({"workers": ()}, "No worker is alive"),
        ({"workers": (worker(lanes=("batch",)),)}, "No worker takes jobs of the lane interactive"),
        ({"workers": (worker(state="draining"),)}, "No worker takes jobs of the lane interactive"),
        (
            {"broker": replace(BROKER, lanes={Lane.INTERACTIVE: 0, Lane.BATCH: None})},
            "verifications.batch does not exist",
        ),
        ({"workers": (worker(is_address_paused=True),)}, "No call goes from this address"),
        ({"tenant": tenant(vendors=frozenset())}, "No vendor may ask in its name"),
        ({"tenant": tenant(sealed_token=None)}, "It has no token"),
        ({"tenant": tenant(token_expires_at=NOW - timedelta(hours=25))}, "Its token expired 1 d ago"),
        (
            {"workers": (suspended(None, "token_revoked"),)},
            "suspended until 09:05 UTC, since its token was revoked",
        ),
        ({"workers": (suspended(None, "rate_limited"),)}, "too many calls were refused (rate_limited)"),
        (
            {"calls": calls(call("token_invalid"))},
            "The last call was refused, since the API does not know its token",
        ),
        ({"workers": (suspended("aah", "insufficient_scope"),)}, "lacks the scope of aah"),
        (
            {"calls": calls(call("found", "css"), call("insufficient_scope", "aah", 2))},
            "lacks the scope of aah",
        ),
        (
            {"broker": replace(BROKER, replies={"replies.millesime": None})},
            "replies.millesime does not exist",
        ),
        (
            {"broker": replace(BROKER, letters=letters(LetterKind.REPLIES, "replies.millesime"))},
            "3 replies are kept for millesime since replies.millesime takes no more",
        ),
        (
            {"broker": replace(BROKER, letters=letters(LetterKind.UNKNOWN_LANE, None))},
            "millesime publishes jobs under another key",
        ),
        (
            {
                "workers": (
                    worker(
                        rejected=(
                            Rejected(vendor="millesime", count=4, codes=("invalid_message",), last_at=LATER),
                        )
                    ),
                )
            },
            "4 jobs of millesime were rejected within the hour (invalid_message), the last at 09:05 UTC",
        ),
        (
            {
                "workers": (
                    worker(
                        held_back=(HeldBack(breaker="api/CNAV", code="provider_maintenance", until=LATER),)
                    ),
                )
            },
            "CNAV is in maintenance, by its own word",
        ),
        (
            {
                "workers": (
                    worker(held_back=(HeldBack(breaker="api/CNAV", code="provider_timeout", until=LATER),)),
                )
            },
            "CNAV does not answer (provider_timeout)",
        ),
        ({"never_scheduled": True}, "Scheduled work was never done"),
        ({"beat_late_by": timedelta(hours=3)}, "has been due for 3 h"),
    ],
)
def test_each_situation_has_its_sentence(changes: dict[str, object], part: str) -> None:
    facts = replace(WELL, **changes)  # type: ignore[arg-type]
    is_well, sentence = advice_of(facts)
    assert not is_well
    assert part in sentence
    assert sentence.endswith(".")
    assert rows_of(facts)


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({}, "the last call, 60 s ago, ended found."),
        ({"calls": None}, "CONNECTOR_JOURNAL_KEY is not set"),
        ({"calls": calls()}, "no call was made in its name for a day"),
        ({"calls": calls(call("found"), call("insufficient_scope", minutes_ago=5))}, "ended found"),
        (
            {"calls": calls(call("token_revoked", minutes_ago=60)), "tenant": tenant(token_set_at=NOW)},
            "no call",
        ),
        ({"workers": (suspended(None, "x"), worker())[1:]}, "ended found"),
    ],
)
def test_where_nothing_is_wrong_it_says_what_was_last(changes: dict[str, object], part: str) -> None:
    """What a scope, or a token, refused before it was mended is no reason to look."""
    is_well, sentence = advice_of(replace(WELL, **changes))  # type: ignore[arg-type]
    assert is_well
    assert part in sentence


def test_another_tenant_s_suspension_and_another_vendor_s_mistakes_are_not_this_one_s() -> None:
    others = worker(
        suspended=(Suspended(tenant="26750045200011", check=None, code="token_revoked", until=LATER),),
        rejected=(Rejected(vendor="sonate-opus", count=1, codes=("invalid_message",), last_at=LATER),),
    )
    assert advice_of(replace(WELL, workers=(others,)))[0]


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(seconds=-5), "0 s"),
        (timedelta(seconds=119), "119 s"),
        (timedelta(minutes=119), "119 min"),
        (timedelta(hours=23), "23 h"),
        (timedelta(hours=25), "1 d"),
        (timedelta(days=40), "40 d"),
    ],
)
def test_a_length_of_time_is_said_shortly(length: timedelta, said: str) -> None:
    assert spell(length) == said


def test_a_script_has_every_part() -> None:
    told = as_json(WELL, is_well=True, advice="…")
    assert (told["siret"], told["is_well"]) == (SIRET, True)
    assert set(told["parts"]) >= {"token", "quota", "suspended", "calls", "waiting", "providers", "workers"}


def test_at_a_glance_the_worst_is_the_sentence() -> None:
    other = tenant(siret="26750045200011", token_expires_at=NOW + timedelta(days=29))
    registry = Registry(
        revision=1,
        vendors={},
        tenants={SIRET: tenant(token_expires_at=NOW), other.siret: other},
    )
    expired, soon = of_tokens(registry, NOW)
    assert (expired.severity, soon.severity) == (Severity.WARNING, Severity.WARNING)
    assert SIRET in expired.detail
    assert of_suspensions([worker()]).severity is Severity.OK
    failing = Finding(part="workers", severity=Severity.FAILURE, detail="none is alive")
    assert sentence_of([expired, failing]) == "Jobs are not answered, or not all: workers: none is alive."
    assert sentence_of([of_suspensions([worker()])]) == "Jobs are answered, and nobody needs to look."
