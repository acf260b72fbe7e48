"""A provider that goes down is told of once, and each tenant that it concerns is named, whenever it meets it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from connector.checks.reasons import reason
from connector.checks.retry import BlockedUntil
from connector.jobs.progress import NOT_ASKED
from connector.jobs.records import Tenant
from connector.limits.breaker import FAILURES_THAT_OPEN, CallEnd
from connector.limits.outage import breakers_of, ends_of
from connector.pipeline.heed import note_blocked, note_end
from connector.pipeline.services import Services
from connector.sources.traits import Signal
from schemas.codes import CheckCode
from schemas.reply import CheckReply, Source, Upstream
from tests.calls import FC, planned
from tests.fakes import START, ManualTime, services
from tests.jobs import RSA
from tests.registry import OneToken

PLANNED = planned(RSA)
(BREAKER,) = breakers_of(PLANNED)
BY_FRANCE_CONNECT = planned(RSA, **FC)
CODE = CheckCode.PROVIDER_TIMEOUT


def tenant(name: str) -> Tenant:
    return Tenant(siret=name, name=name, vendors=frozenset())


def held() -> BlockedUntil:
    return BlockedUntil(START + timedelta(seconds=1), CODE)


@pytest.fixture
def time() -> ManualTime:
    return ManualTime()


@pytest.fixture
def acting(time: ManualTime) -> Services:
    return services(httpx.MockTransport(lambda _request: httpx.Response(500)), OneToken(), time)


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    with capture_logs() as captured:
        yield captured


async def end(acting: Services, name: str, signal: Signal = Signal.DOWN, asked_seconds: float = 0.0) -> None:
    ended = CallEnd(signal=signal, code=CODE, asked_at=START + timedelta(seconds=asked_seconds))
    await note_end(BREAKER, tenant(name), ended, acting)


async def opened(acting: Services, *names: str) -> None:
    """Have calls of these tenants open the breaker."""
    for number in range(FAILURES_THAT_OPEN):
        await end(acting, names[number % len(names)])


def told(logs: list[Any]) -> list[tuple[str, list[str]]]:
    return [(entry["event"], entry["tenants"]) for entry in logs if entry["log_level"] == "warning"]


async def test_whose_calls_fail_before_and_after_the_opening_is_named(
    acting: Services, logs: list[Any]
) -> None:
    await opened(acting, "a", "b")
    for name in ("a", "c", "c"):
        await end(acting, name)
    assert told(logs) == [("breaker.opened", ["a", "b"]), ("breaker.concerns", ["c"])]
    for entry in logs:
        assert (entry["breaker"], entry["provider"], entry["code"]) == (BREAKER, "CNAV", CODE)


async def test_whose_calls_are_held_back_is_named_once(acting: Services, logs: list[Any]) -> None:
    await opened(acting, "a")
    for name in ("a", "b", "b"):
        back = held()
        assert note_blocked(BREAKER, tenant(name), back, acting) is back
    assert told(logs) == [("breaker.opened", ["a"]), ("breaker.concerns", ["b"])]


async def test_failures_that_open_nothing_are_not_told(acting: Services, logs: list[Any]) -> None:
    await end(acting, "a")
    await end(acting, "b", Signal.UP)
    await end(acting, "c", Signal.NOTHING)
    assert told(logs) == []


async def test_the_next_outage_names_those_whom_it_concerns(
    acting: Services, time: ManualTime, logs: list[Any]
) -> None:
    await opened(acting, "a")
    time.advance(2)
    await end(acting, "b", Signal.UP, asked_seconds=1)
    await opened(acting, "c")
    assert [entry["event"] for entry in logs] == ["breaker.opened", "breaker.closed", "breaker.opened"]
    assert told(logs) == [("breaker.opened", ["a"]), ("breaker.opened", ["c"])]


async def test_an_answer_from_before_the_opening_makes_nobody_named_again(
    acting: Services, logs: list[Any]
) -> None:
    await opened(acting, "a")
    await end(acting, "b", Signal.UP, asked_seconds=-1)
    note_blocked(BREAKER, tenant("a"), held(), acting)
    assert told(logs) == [("breaker.opened", ["a"])]


def answer(code: CheckCode, upstream_code: str | None, provider: str) -> CheckReply:
    """Return the answer to a call that ended with an error of the API's."""
    upstream = Upstream(http_status=502, code=upstream_code, provider=provider)
    return CheckReply(
        id="rsa",
        check="revenu_solidarite_active",
        status="error",
        reason=reason(code, upstream=upstream),
        source=Source(
            api="api_particulier",
            api_version=3,
            endpoint="/v3/dss/revenu_solidarite_active/france_connect",
            provider=provider,
            http_status=502,
            attempts=1,
            duration_ms=5,
            cached=False,
        ),
    )


FRANCE_CONNECT = "api_particulier/FranceConnect"


@pytest.mark.parametrize(
    ("code", "upstream_code", "provider", "of_france_connect", "of_the_provider"),
    [
        (CheckCode.PROVIDER_TIMEOUT, "51002", "FranceConnect", Signal.DOWN, Signal.NOTHING),
        # FranceConnect has answered.
        (CheckCode.FRANCE_CONNECT_INVALID, "51502", "FranceConnect", Signal.UP, Signal.NOTHING),
        (CheckCode.FRANCE_CONNECT_INVALID, "50002", "FranceConnect", Signal.UP, Signal.NOTHING),
        # It has let the call through.
        (CheckCode.PROVIDER_TIMEOUT, "36002", "Sécurité sociale", Signal.UP, Signal.DOWN),
        (CheckCode.NO_RECORD, "36003", "Sécurité sociale", Signal.UP, Signal.UP),
        (CheckCode.PROVIDER_UNAVAILABLE, "10001", "MSA", Signal.UP, Signal.NOTHING),
        # INSEE, which is not the provider.
        (CheckCode.PROVIDER_UNAVAILABLE, "01001", "INSEE", Signal.UP, Signal.NOTHING),
        (CheckCode.NO_RECORD, "01003", "INSEE", Signal.UP, Signal.NOTHING),
        # Nobody knows how far the call came.
        (CheckCode.NETWORK_ERROR, "00501", "API Particulier", Signal.NOTHING, Signal.DOWN),
        (CheckCode.UPSTREAM_ERROR, None, "CNAV", Signal.NOTHING, Signal.DOWN),
        (CheckCode.FRANCE_CONNECT_INVALID, "00101", "API Particulier", Signal.NOTHING, Signal.NOTHING),
    ],
)
def test_who_answers_says_who_is_up(
    code: CheckCode,
    upstream_code: str | None,
    provider: str,
    of_france_connect: Signal,
    of_the_provider: Signal,
) -> None:
    ends = ends_of(BY_FRANCE_CONNECT, answer(code, upstream_code, provider), START, NOT_ASKED)
    assert {name: end.signal for name, end in ends.items()} == {
        FRANCE_CONNECT: of_france_connect,
        BREAKER: of_the_provider,
    }


def test_data_says_that_both_are_up() -> None:
    data = CheckReply(id="rsa", check="revenu_solidarite_active", status="found")
    ends = ends_of(BY_FRANCE_CONNECT, data, START, NOT_ASKED)
    assert {end.signal for end in ends.values()} == {Signal.UP}


def test_a_call_with_an_identity_passes_its_providers_breaker_alone() -> None:
    assert breakers_of(PLANNED) == ("api_particulier/CNAV",)
    assert breakers_of(BY_FRANCE_CONNECT) == (FRANCE_CONNECT, BREAKER)
