"""A job that is deferred travels sealed, and comes back as it left, byte for byte."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from connector.amqp.deferral import deferred, overflowed, quarantined, read_deferred, replayed
from connector.amqp.publisher import Outgoing
from connector.checks.decide import MAX_ANSWER_BYTES
from connector.checks.reasons import reason
from connector.jobs.delivery import MAX_BODY_BYTES, MAX_ENVELOPE_BYTES, TRACE_HEADERS, Delivery
from connector.jobs.progress import CheckProgress, JobProgress
from connector.jobs.records import Flow, Lane, SecretField
from connector.vault import Vault, new_key
from schemas.codes import CheckCode, CheckStatus
from schemas.reply import CheckReply
from tests.fakes import START

KEY = new_key()
VAULT = Vault(SecretStr(KEY))
FLOW = Flow("batch", "millesime", "26920023600017")
FOUND = CheckReply(id="qf", check="quotient_familial", status=CheckStatus.FOUND, data={"a": [1, None, "é"]})
DELIVERY = Delivery(
    body=b'{"nom": "SESAME\xc3\xa9"}\xff',
    lane=Lane.BATCH,
    routing_key="millesime.batch",
    redelivered=False,
    received_at=START,
    correlation_id="dossier",
    user_id="millesime",
    timestamp=1_790_000_000,
    trace={"traceparent": "00-ab"},
    progress=JobProgress(
        claim="run-1",
        digests=("k:d1",),
        checks={
            "qf": CheckProgress(reply=FOUND),
            "rsa": CheckProgress(
                variant=1,
                calls=3,
                calls_of_variant=2,
                blocked_in_a_row=4,
                not_before=START + timedelta(seconds=2),
                failure=FOUND,
            ),
        },
    ),
)


def message(body: bytes, *, redelivered: bool = False, count: int | None = None) -> Any:
    headers = {"x-death": []} if count is None else {"x-delivery-count": count, "x-death": []}
    return SimpleNamespace(
        body=body,
        properties={"application_headers": headers},
        delivery_info={"redelivered": redelivered, "routing_key": "connector.deferred.batch"},
    )


def test_a_job_comes_back_as_it_left() -> None:
    out = deferred(DELIVERY, START + timedelta(seconds=2), START, VAULT)
    assert read_deferred(message(out.body), VAULT) == DELIVERY
    assert out.queue == "connector.deferred.batch"
    assert quarantined(DELIVERY, VAULT).queue == "connector.isolated.batch"


@pytest.mark.parametrize(("wait", "seconds"), [(5.9, 6), (5.0, 5), (0.2, 1), (-3, 1), (1e12, 2**28 - 1)])
def test_the_broker_is_asked_for_whole_seconds_rounded_up(wait: float, seconds: int) -> None:
    at = START + timedelta(seconds=min(wait, 10**9))
    assert deferred(DELIVERY, at, START, VAULT).delay_seconds == seconds


def test_that_it_was_delivered_before_is_told_by_either_delivery() -> None:
    body = quarantined(DELIVERY, VAULT).body
    before = quarantined(replace(DELIVERY, redelivered=True), VAULT).body
    assert not _read(body).redelivered
    assert _read(before).redelivered
    again = read_deferred(message(body, redelivered=True, count=3), VAULT)
    assert again is not None
    assert again.redelivered
    assert again.delivery_count == 3


def test_only_a_suspect_is_known_to_come_after_a_run_that_died() -> None:
    """It takes over from that run; a job that was deferred must not take over from another's."""
    taken = replace(DELIVERY, taken_before=True)
    assert _read(quarantined(taken, VAULT).body).taken_before
    assert _read(overflowed(taken, Flow("batch", "millesime", "26920023600017"), VAULT).body).taken_before
    assert not _read(deferred(taken, START, START, VAULT).body).taken_before
    assert not _read(replayed(taken, VAULT).body).taken_before


def _read(body: bytes) -> Delivery:
    delivery = read_deferred(message(body), VAULT)
    assert delivery is not None
    return delivery


def test_progress_has_the_names_that_workers_of_every_version_read() -> None:
    """Sealed messages outlive the worker that made them."""
    sent = json.loads(VAULT.open_for("deferral", replayed(DELIVERY, VAULT).body))["progress"]["checks"]["rsa"]
    assert (sent["attempt"], sent["calls"], sent["retries"], sent["parks"]) == (1, 3, 2, 4)


def test_nobody_reads_or_forges_one_on_the_broker() -> None:
    body = quarantined(DELIVERY, VAULT).body
    assert b"SESAME" not in body
    for forged in (
        b"",
        DELIVERY.body,
        body[:-4],
        quarantined(DELIVERY, Vault(SecretStr(new_key()))).body,
        VAULT.seal_for("reply/millesime/job-1", b"{}"),
        VAULT.seal_for("deferral", b"{}"),
        VAULT.seal("26920023600017", SecretField.TOKEN, "token").encode(),
    ):
        assert read_deferred(message(forged), VAULT) is None
    rotated = Vault(SecretStr(f"{new_key()},{KEY}"))
    assert read_deferred(message(body), rotated) == DELIVERY


WAYS: dict[str, Callable[[Delivery], Outgoing]] = {
    "deferred": lambda delivery: deferred(delivery, START, START, VAULT),
    "overflow": lambda delivery: overflowed(delivery, FLOW, VAULT),
    "isolated": lambda delivery: quarantined(delivery, VAULT),
    "replayed": lambda delivery: replayed(delivery, VAULT),
    "deferred again": lambda delivery: deferred(
        _read(deferred(delivery, START, START, VAULT).body), START, START, VAULT
    ),
}
JOBS = st.dictionaries(
    st.sampled_from(["job_id", "france_connect_token", "checks", "é"]),
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=50),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=10,
    ),
)
WRITTEN = st.builds(
    lambda job, is_ascii, indent, mark: (
        mark + json.dumps(job, ensure_ascii=is_ascii, indent=indent).encode(errors="surrogatepass")
    ),
    JOBS,
    st.booleans(),
    st.none() | st.integers(0, 4),
    st.sampled_from([b"", b"\xef\xbb\xbf"]),
)
"""JSON as other languages write it: their escapes, their white space, a byte order mark."""


@pytest.mark.parametrize("way", WAYS)
@settings(suppress_health_check=[HealthCheck.too_slow])  # a slow machine is no defect
@given(body=WRITTEN | st.binary(max_size=2000), spells=st.booleans())
def test_whichever_way_it_is_put_off_its_bytes_come_back(way: str, body: bytes, *, spells: bool) -> None:
    """The digest that the reply memory knows a job by is of its bytes, and so is its size."""
    if spells:
        body = body.replace(b"france_connect_token", rb"france\u005fconnect_token")
    delivery = replace(DELIVERY, body=body)
    came_back = _read(WAYS[way](delivery).body)
    assert came_back.body == body
    assert VAULT.digests(came_back.body) == VAULT.digests(body)
    assert came_back.progress == delivery.progress


def test_the_longest_job_is_taken_in_where_it_travels_sealed() -> None:
    """An envelope is longer than what it seals; with the longest answers of twenty checks beside it, longer still."""
    answered = CheckReply(
        id="qf", check="quotient_familial", status=CheckStatus.FOUND, data={"a": "x" * MAX_ANSWER_BYTES}
    )
    refused = [without_call_of(attempt) for attempt in range(5)]
    checks = {f"{n:0128}": CheckProgress(reply=answered, answers=tuple(refused)) for n in range(20)}
    progress = JobProgress(claim="run-1", digests=("k:d1",), checks=checks)
    longest = replace(
        DELIVERY,
        body=b"x" * MAX_BODY_BYTES,
        progress=progress,
        trace={name: "x" * length for name, length in TRACE_HEADERS.items()},
    )
    assert MAX_BODY_BYTES < len(quarantined(longest, VAULT).body) < MAX_ENVELOPE_BYTES


def without_call_of(attempt: int) -> CheckReply:
    """Return what one of a check's attempts was answered."""
    why = reason(CheckCode.IDENTITY_UNMATCHED, detail="x" * 500)
    return CheckReply(
        id=str(attempt), check="quotient_familial", status=CheckStatus.NOT_IDENTIFIED, reason=why
    )
