"""The sandbox's quota: what a token may call in each fixed window, and what the answers say of it."""

from datetime import timedelta

import pytest

from connector.sandbox.quotas import Quota, QuotaFormError, Quotas
from tests.sandboxes import NOW, QF, QF_FC, RECIPIENT, SPORT, Got, habilitation, person, played

START = int(NOW.timestamp())


def _said(got: Got) -> tuple[int, ...]:
    return tuple(int(got.headers[f"RateLimit-{name}"]) for name in ("Limit", "Remaining", "Reset"))


@pytest.mark.parametrize(
    ("text", "quota"), [("20/s", Quota(20, 1)), ("250/min", Quota(250, 60)), ("1/s", Quota(1, 1))]
)
def test_a_quota_is_read(text: str, quota: Quota) -> None:
    assert Quota.read(text) == quota


@pytest.mark.parametrize("text", ["", "20", "0/s", "20/h", "-1/s", "1.5/s", "20/s ", "٣/s", "9999999999/s"])
def test_a_malformed_quota_says_what_is_accepted(text: str) -> None:
    with pytest.raises(QuotaFormError, match="write CALLS/s or CALLS/min, for instance 20/s or 250/min"):
        Quota.read(text)


async def test_every_answer_says_where_its_token_stands() -> None:
    limited = played(quota="2/min")
    limited.let(seconds=20.5)
    answers = [await limited.ask(QF, habilitation()) for _ in range(3)]
    assert [got.status for got in answers] == [200, 200, 429]
    assert [_said(got) for got in answers] == [
        (2, 1, START + 60),
        (2, 0, START + 60),
        (2, 0, START + 60),
    ]
    assert ["Retry-After" in got.headers for got in answers] == [False, False, True]
    refused = answers[-1]
    assert refused.headers["Retry-After"] == "40"
    assert refused.code == (429, "00429")
    (error,) = refused.body["errors"]
    assert (error["title"], error["detail"]) == ("Trop de requêtes", "Vous avez effectué trop de requêtes")


@pytest.mark.parametrize(("quota", "seconds"), [("2/s", 1), ("2/min", 60)])
async def test_windows_are_fixed(quota: str, seconds: int) -> None:
    limited = played(quota=quota)
    limited.let(seconds=seconds - 0.5)
    assert await limited.statuses(3) == [200, 200, 429]
    limited.let(seconds=0.5)
    assert await limited.statuses(3) == [200, 200, 429]


async def test_the_quota_is_of_a_token_over_the_whole_group() -> None:
    limited = played(quota="2/s")
    sport = {**RECIPIENT, "identifiant": "1"}
    assert await limited.statuses(1) == [200]
    assert (await limited.ask(SPORT, habilitation(), sport)).status != 429
    assert (await limited.ask(SPORT, habilitation(), sport)).status == 429
    assert await limited.statuses(1, token=habilitation("another")) == [200]
    assert [(await limited.ask(QF_FC, person(), RECIPIENT)).status for _ in range(3)] == [404, 404, 429]
    assert (await limited.ask(QF_FC, person("BLANC"), RECIPIENT)).status == 404


async def test_a_call_refused_for_its_token_does_not_count_and_any_other_does() -> None:
    limited = played(quota="3/s")
    for token in (None, "garbage", habilitation(expires_at=NOW), habilitation(is_revoked=True)):
        got = await limited.ask(QF, token)
        assert (got.status, "RateLimit-Limit" in got.headers) == (401, False)
    refused = await limited.ask(QF, habilitation(), {})
    assert (refused.status, _said(refused)) == (422, (3, 2, START + 1))
    no_scope = habilitation(scopes=frozenset())
    assert _said(await limited.ask(QF, no_scope)) == (3, 2, START + 1)


async def test_what_is_outside_of_the_group_has_no_quota() -> None:
    limited = played(quota="1/s")
    for path in ("/api/introspect", "/api/ping", "/api/men_scolarite/ping"):
        answers = [await limited.ask(path, habilitation()) for _ in range(2)]
        assert [(got.status, "RateLimit-Limit" in got.headers) for got in answers] == [(200, False)] * 2


async def test_the_quota_comes_before_the_provider_and_failures_say_it_too() -> None:
    limited = played("dss=503,times=2", quota="1/s")
    first = await limited.ask(QF, habilitation())
    assert (first.status, _said(first)) == (503, (1, 0, START + 1))
    assert await limited.statuses(1) == [429]
    limited.let(seconds=1)
    assert await limited.statuses(1) == [503]
    limited.fail("dss=429,retry_in=7")
    limited.let(seconds=1)
    assert _said(await limited.ask(QF, habilitation())) == (1, 0, START + 9)


async def test_without_a_quota_nothing_is_said() -> None:
    assert "RateLimit-Limit" not in (await played().ask(QF, habilitation())).headers


def test_a_past_window_is_forgotten() -> None:
    quotas = Quotas(Quota(1, 1))
    assert [quotas.count("a", NOW).is_refused for _ in range(2)] == [False, True]
    assert not quotas.count("a", NOW + timedelta(seconds=1)).is_refused
    assert not quotas.count("b", NOW + timedelta(seconds=1)).is_refused
