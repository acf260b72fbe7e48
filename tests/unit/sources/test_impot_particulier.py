"""API Impôt particulier: the requests that are made, the access tokens that are kept, and every ending as a value."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr

from connector.bootstrap.worker import build_services
from connector.catalogue import CATALOGUE
from connector.catalogue.definition import Source
from connector.settings.settings import Settings, SettingsError, load_settings
from connector.sources import oauth
from connector.sources.credentials import CredentialsError, DgfipCredentials, read_credentials
from connector.sources.exchange import Answered, Exchange, Unanswered
from connector.sources.impot_particulier import ImpotParticulier
from connector.sources.outcome import Outcome
from connector.sources.outcome_table import outcome_table
from connector.vault import new_key
from schemas.codes import Call, CheckCode

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ENDPOINT = CATALOGUE["avis_imposition"].endpoints[0]
QUERY = (("spi", "3099999999001"), ("annrev", "2024"))
PATH = "/impotparticulier/1.0/spi/3099999999001/situations/ir/assiettes/annrev/2024"
CREDENTIALS = DgfipCredentials(client_id="id-sesame", client_secret="secret-sesame", id_teleservice="TS-1")
OTHER = DgfipCredentials(client_id="id-of-another", client_secret="secret-of-another")
PLENTY = 60.0

Step = httpx.Response | Exception | Callable[[httpx.Request], Awaitable[httpx.Response]]


def token_of(text: str = "at-1", **answer: Any) -> httpx.Response:
    """Return a token endpoint's answer."""
    return httpx.Response(
        200, json={"access_token": text, "token_type": "Bearer", "expires_in": 3600} | answer
    )


class Gateway:
    """The DGFiP's: answers in turn, its last answer for ever after; keeps the requests, and its own clock."""

    def __init__(self, *tokens: Step, resource: tuple[Step, ...] = (httpx.Response(200, json={}),)) -> None:
        self._answers: dict[str, list[Step]] = {"/token": list(tokens) or [token_of()], PATH: list(resource)}
        self.requests: list[httpx.Request] = []
        self.now = NOW
        self.api = ImpotParticulier(
            httpx.MockTransport(self._answer), "https://dgfip.test/", lambda: self.now
        )

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answers = self._answers[request.url.path]
        step = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(step, Exception):
            raise step
        if isinstance(step, httpx.Response):
            return httpx.Response(step.status_code, headers=step.headers, content=step.content)
        return await step(request)

    async def ask(
        self, credentials: DgfipCredentials = CREDENTIALS, within_seconds: float = PLENTY
    ) -> Exchange:
        """Ask for the notice."""
        return await self.api.ask(ENDPOINT, QUERY, credentials.as_secret(), within_seconds)

    @property
    def paths(self) -> list[str]:
        """The paths asked, in order."""
        return [request.url.path for request in self.requests]

    @property
    def bearers(self) -> list[str]:
        """The tokens that the resource was asked with."""
        return [request.headers["Authorization"] for request in self.requests if request.url.path == PATH]


class Gate:
    """A step that waits to be opened; ``entered`` tells when as many wait as are awaited."""

    def __init__(self, response: httpx.Response, awaited: int = 1) -> None:
        self._response = response
        self._awaited = awaited
        self.entered = asyncio.Event()
        self.opened = asyncio.Event()

    async def __call__(self, _request: httpx.Request) -> httpx.Response:
        """Wait, then answer."""
        self._awaited -= 1
        if self._awaited == 0:
            self.entered.set()
        await self.opened.wait()
        return self._response


def _outcome(exchange: Exchange) -> Outcome:
    assert isinstance(exchange, Answered)
    table = outcome_table(Source.API_IMPOT_PARTICULIER, Call.AVIS)
    return table.outcome("avis_imposition", exchange.http_status, table.read_error(exchange.body))


def _code(exchange: Exchange) -> CheckCode:
    return exchange.code if isinstance(exchange, Unanswered) else _outcome(exchange).code


async def test_a_token_is_asked_for_as_oauth2_says() -> None:
    gateway = Gateway()
    await gateway.ask(DgfipCredentials(client_id="an id", client_secret="a:s+é", scope="RessourceIRDerniere"))
    asked = gateway.requests[0]
    assert (asked.method, str(asked.url)) == ("POST", "https://dgfip.test/token")
    assert parse_qs(asked.content.decode()) == {
        "grant_type": ["client_credentials"],
        "scope": ["RessourceIRDerniere"],
    }
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
    scheme, _, pair = asked.headers["Authorization"].partition(" ")
    assert (scheme, base64.b64decode(pair)) == ("Basic", b"an+id:a%3As%2B%C3%A9")


async def test_the_notice_is_asked_for_as_the_specification_says() -> None:
    gateway = Gateway(token_of("at-sesame"))
    answered = await gateway.ask()
    assert isinstance(answered, Answered)
    assert (answered.http_status, answered.body) == (200, b"{}")
    asked = gateway.requests[1]
    assert (asked.method, asked.url.raw_path.decode(), asked.content) == ("GET", PATH, b"")
    assert asked.headers.get_list("Authorization") == ["Bearer at-sesame"]
    assert asked.headers["ID_Teleservice"] == "TS-1"
    assert asked.headers.get_list("Accept") == [
        "application/prs.dgfip.part.situations.ir.assiettes.v1+json, application/json",
    ]
    assert UUID(asked.headers["X-Correlation-ID"]).version == 4


async def test_each_request_has_a_correlation_of_its_own() -> None:
    gateway = Gateway()
    await gateway.ask()
    await gateway.ask()
    ids = {request.headers["X-Correlation-ID"] for request in gateway.requests if request.url.path == PATH}
    assert len(ids) == 2


async def test_an_online_service_that_is_not_named_is_not_sent() -> None:
    gateway = Gateway()
    await gateway.ask(replace(CREDENTIALS, id_teleservice=None))
    assert "ID_Teleservice" not in gateway.requests[1].headers
    assert parse_qs(gateway.requests[0].content.decode())["scope"] == ["RessourceIR"]


async def test_what_fills_the_path_cannot_leave_its_place() -> None:
    seen: list[bytes] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.raw_path)
        return token_of()

    api = ImpotParticulier(httpx.MockTransport(handler), "https://dgfip.test", lambda: NOW)
    await api.ask(ENDPOINT, (("spi", "../x?y#z"), ("annrev", "é")), CREDENTIALS.as_secret(), PLENTY)
    assert seen[1] == b"/impotparticulier/1.0/spi/..%2Fx%3Fy%23z/situations/ir/assiettes/annrev/%C3%A9"


async def test_one_token_serves_all_who_ask_at_once() -> None:
    gate = Gate(token_of())
    gateway = Gateway(gate)
    asks = [asyncio.create_task(gateway.ask()) for _ in range(50)]
    await gate.entered.wait()
    gate.opened.set()
    answers = await asyncio.gather(*asks)
    assert {_code_or_status(answer) for answer in answers} == {200}
    assert gateway.paths.count("/token") == 1
    assert gateway.bearers == ["Bearer at-1"] * 50


def _code_or_status(exchange: Exchange) -> CheckCode | int:
    return exchange.http_status if isinstance(exchange, Answered) else exchange.code


@pytest.mark.parametrize(
    ("expires_in", "usable_seconds"),
    [(3600, 3570), ("3600", 3570), (40, 20), (0, 0), (-5, 0), (10**30, 86370), ("soon", 270), (None, 270)],
)
async def test_a_token_is_used_until_shortly_before_it_expires(expires_in: Any, usable_seconds: int) -> None:
    gateway = Gateway(token_of("at-1", expires_in=expires_in), token_of("at-2"))
    await gateway.ask()
    if usable_seconds:
        gateway.now = NOW + timedelta(seconds=usable_seconds - 1)
        await gateway.ask()
        assert gateway.bearers == ["Bearer at-1"] * 2
    gateway.now = NOW + timedelta(seconds=usable_seconds)
    await gateway.ask()
    assert gateway.bearers[-1] == "Bearer at-2"


async def test_a_token_whose_life_is_not_told_is_kept_a_while() -> None:
    gateway = Gateway(httpx.Response(200, json={"access_token": "at-1"}), token_of("at-2"))
    for seconds in (0, 269, 270):
        gateway.now = NOW + timedelta(seconds=seconds)
        await gateway.ask()
    assert gateway.bearers == ["Bearer at-1", "Bearer at-1", "Bearer at-2"]


async def test_each_tenant_has_its_own_token() -> None:
    gateway = Gateway(token_of("at-1"), token_of("at-2"))
    for credentials in (CREDENTIALS, OTHER, CREDENTIALS, OTHER):
        await gateway.ask(credentials)
    assert gateway.bearers == ["Bearer at-1", "Bearer at-2", "Bearer at-1", "Bearer at-2"]
    assert gateway.paths.count("/token") == 2


async def test_tokens_are_kept_in_bounded_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oauth, "_MOST_TOKENS", 2)
    gateway = Gateway(*(token_of(f"at-{number}") for number in range(9)))
    first, second, third = (replace(OTHER, client_id=str(number)) for number in range(3))
    for credentials in (first, second, third, second, third, first):
        await gateway.ask(credentials)
    assert gateway.bearers == [f"Bearer at-{number}" for number in (0, 1, 2, 1, 2, 3)]


async def test_a_token_that_the_resource_refuses_is_replaced_once() -> None:
    refused = httpx.Response(401)
    gateway = Gateway(token_of("at-1"), token_of("at-2"), resource=(refused, httpx.Response(200, json={})))
    assert _code_or_status(await gateway.ask()) == 200
    assert gateway.bearers == ["Bearer at-1", "Bearer at-2"]
    await gateway.ask()
    assert gateway.bearers[2:] == ["Bearer at-2"]


async def test_credentials_whose_fresh_token_is_refused_are_invalid() -> None:
    gateway = Gateway(token_of("at-1"), token_of("at-2"), resource=(httpx.Response(401),))
    exchange = await gateway.ask()
    assert _code(exchange) is CheckCode.TOKEN_INVALID
    assert gateway.bearers == ["Bearer at-1", "Bearer at-2"]


async def test_a_refused_token_is_replaced_once_for_all_who_held_it() -> None:
    gate = Gate(httpx.Response(401), awaited=3)
    gateway = Gateway(
        token_of("at-1"), token_of("at-2"), resource=(gate, gate, gate, httpx.Response(200, json={}))
    )
    asks = [asyncio.create_task(gateway.ask()) for _ in range(3)]
    await gate.entered.wait()
    gate.opened.set()
    answers = await asyncio.gather(*asks)
    assert {_code_or_status(answer) for answer in answers} == {200}
    assert gateway.paths.count("/token") == 2


async def test_a_refusal_that_comes_late_does_not_cost_the_fresh_token() -> None:
    early, late = Gate(httpx.Response(401)), Gate(httpx.Response(401))
    gateway = Gateway(
        token_of("at-1"), token_of("at-2"), resource=(early, late, httpx.Response(200, json={}))
    )
    first, second = asyncio.create_task(gateway.ask()), asyncio.create_task(gateway.ask())
    await late.entered.wait()
    early.opened.set()
    await first
    late.opened.set()
    assert _code_or_status(await second) == 200
    assert gateway.paths.count("/token") == 2


@pytest.mark.parametrize("status", [204, 400, 403, 404, 410, 500, 503])
async def test_what_the_resource_answers_is_handed_over(status: int) -> None:
    gateway = Gateway(resource=(httpx.Response(status, content=b"x"),))
    answered = await gateway.ask()
    assert isinstance(answered, Answered)
    assert (answered.http_status, answered.body) == (status, b"x")
    assert gateway.paths == ["/token", PATH]


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (httpx.Response(400, json={"error": "invalid_grant"}), CheckCode.TOKEN_INVALID),
        (httpx.Response(401, json={"error": "invalid_client"}), CheckCode.TOKEN_INVALID),
        (httpx.Response(403), CheckCode.TOKEN_INVALID),
        (httpx.Response(204), CheckCode.UNEXPECTED_RESPONSE),
        (httpx.Response(302, headers={"Location": "https://elsewhere.test"}), CheckCode.UNEXPECTED_RESPONSE),
        (httpx.Response(404), CheckCode.UNEXPECTED_RESPONSE),
        (httpx.Response(410), CheckCode.UNEXPECTED_RESPONSE),
        (httpx.Response(429), CheckCode.RATE_LIMITED),
        (httpx.Response(500), CheckCode.UPSTREAM_ERROR),
        (httpx.Response(502), CheckCode.UPSTREAM_ERROR),
        (httpx.Response(503), CheckCode.PROVIDER_UNAVAILABLE),
        (httpx.Response(504), CheckCode.PROVIDER_TIMEOUT),
        (httpx.Response(200, content=b"<html>"), CheckCode.UNEXPECTED_RESPONSE),
        (httpx.Response(200, json={}), CheckCode.UNEXPECTED_RESPONSE),
        (httpx.Response(200, json={"access_token": ""}), CheckCode.UNEXPECTED_RESPONSE),
        (httpx.Response(200, json={"access_token": "a\r\nX-Forged: 1"}), CheckCode.UNEXPECTED_RESPONSE),
        (httpx.ConnectError("sesame"), CheckCode.NETWORK_ERROR),
        (httpx.ConnectTimeout("sesame"), CheckCode.NETWORK_ERROR),
        (httpx.ReadTimeout("sesame"), CheckCode.PROVIDER_TIMEOUT),
    ],
)
async def test_a_token_that_cannot_be_had_is_never_a_notice_that_is_not_there(
    step: Step, code: CheckCode
) -> None:
    gateway = Gateway(step)
    assert _code(await gateway.ask()) is code
    assert gateway.paths == ["/token"]


async def test_a_token_endpoint_that_asks_to_wait_is_heard() -> None:
    answered = await Gateway(httpx.Response(429, headers={"Retry-After": "7"})).ask()
    assert isinstance(answered, Answered)
    assert answered.headers["retry-after"] == "7"


@pytest.mark.parametrize("failure", [httpx.Response(401), httpx.Response(400)])
async def test_refused_credentials_are_left_alone_for_a_minute(failure: Step) -> None:
    gateway = Gateway(failure, token_of())
    for _ in range(3):
        assert _code(await gateway.ask()) is CheckCode.TOKEN_INVALID
    assert gateway.paths == ["/token"]
    assert _code_or_status(await gateway.ask(replace(CREDENTIALS, client_secret="renewed"))) == 200
    gateway.now += timedelta(seconds=61)
    assert _code_or_status(await gateway.ask()) == 200


async def test_credentials_whose_tokens_open_nothing_are_left_alone_for_a_minute() -> None:
    gateway = Gateway(token_of("at-1"), token_of("at-2"), resource=(httpx.Response(401),))
    for _ in range(3):
        assert _code(await gateway.ask()) is CheckCode.TOKEN_INVALID
    assert gateway.paths == ["/token", PATH] * 2


@pytest.mark.parametrize("within_seconds", [0.0, -1.0])
async def test_nothing_is_asked_once_the_job_has_expired(within_seconds: float) -> None:
    gateway = Gateway()
    assert _code(await gateway.ask(within_seconds=within_seconds)) is CheckCode.EXPIRED
    assert gateway.paths == []


@pytest.mark.parametrize("failure", [httpx.Response(503), httpx.ReadTimeout("sesame")])
async def test_a_failed_fetch_is_forgotten(failure: Step) -> None:
    gateway = Gateway(failure, token_of())
    assert _code_or_status(await gateway.ask()) != 200
    assert _code_or_status(await gateway.ask()) == 200


async def test_a_fetch_that_fails_fails_for_all_who_waited_and_nobody_else() -> None:
    gate = Gate(httpx.Response(503))
    gateway = Gateway(gate, token_of())
    asks = [asyncio.create_task(gateway.ask()) for _ in range(3)]
    await gate.entered.wait()
    gate.opened.set()
    answers = await asyncio.gather(*asks)
    assert [_code(answer) for answer in answers] == [CheckCode.PROVIDER_UNAVAILABLE] * 3
    assert gateway.paths == ["/token"]
    assert _code_or_status(await gateway.ask()) == 200


async def test_an_unforeseen_failure_of_a_fetch_does_not_stay() -> None:
    gateway = Gateway(RuntimeError("unforeseen"), token_of())
    with pytest.raises(RuntimeError, match="unforeseen"):
        await gateway.ask()
    assert _code_or_status(await gateway.ask()) == 200


@pytest.mark.parametrize("leaves", ["cancelled", "expired"])
async def test_one_who_leaves_does_not_take_the_fetch_along(leaves: str) -> None:
    gate = Gate(token_of())
    gateway = Gateway(gate)
    first = asyncio.create_task(gateway.ask(within_seconds=0.01 if leaves == "expired" else PLENTY))
    await gate.entered.wait()
    others = [asyncio.create_task(gateway.ask()) for _ in range(2)]
    await asyncio.sleep(0)
    if leaves == "cancelled":
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
    else:
        assert _code(await first) is CheckCode.EXPIRED
    gate.opened.set()
    assert [_code_or_status(answer) for answer in await asyncio.gather(*others)] == [200, 200]
    assert gateway.paths.count("/token") == 1


async def test_a_fetch_that_is_cancelled_cancels_nobody() -> None:
    gate = Gate(token_of())
    gateway = Gateway(gate, token_of("at-2"))
    asking = asyncio.create_task(gateway.ask())
    await gate.entered.wait()
    (fetch,) = asyncio.all_tasks() - {asking, asyncio.current_task()}
    fetch.cancel()
    assert _code(await asking) is CheckCode.NETWORK_ERROR
    assert _code_or_status(await gateway.ask()) == 200


async def test_a_token_endpoint_that_never_answers_is_a_late_provider(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(oauth, "CALL_TIMEOUT_SECONDS", 0.01)
    gateway = Gateway(Gate(token_of()))
    assert _code(await gateway.ask()) is CheckCode.PROVIDER_TIMEOUT


async def test_the_deadline_is_the_whole_call_s() -> None:
    gateway = Gateway(resource=(Gate(httpx.Response(200)),))
    assert _code(await gateway.ask(within_seconds=0.5)) is CheckCode.EXPIRED
    assert gateway.paths == ["/token", PATH]


async def test_the_duration_is_the_whole_call_s() -> None:
    async def slow(_request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.03)
        return token_of()

    exchange = await Gateway(slow).ask()
    assert exchange.duration_ms >= 30


@pytest.mark.parametrize("secret", ["", "eyJ.a.token", "{}", '{"client_id": "sesame"}', "[]", "\x00"])
async def test_a_secret_that_holds_no_credentials_is_invalid(secret: str) -> None:
    gateway = Gateway()
    assert _code(await gateway.api.ask(ENDPOINT, QUERY, secret, PLENTY)) is CheckCode.TOKEN_INVALID
    assert gateway.requests == []
    with pytest.raises(CredentialsError) as caught:
        read_credentials(secret)
    assert "sesame" not in f"{caught.value!r}"


def test_credentials_are_read_as_they_were_sealed() -> None:
    assert read_credentials(CREDENTIALS.as_secret()) == CREDENTIALS
    assert read_credentials('{"client_id": "a", "client_secret": "b"}') == DgfipCredentials(
        client_id="a", client_secret="b", id_teleservice=None, scope="RessourceIR"
    )
    assert json.loads(CREDENTIALS.as_secret())["client_id"] == "id-sesame"


@pytest.mark.parametrize(
    "gateway",
    [
        Gateway(token_of("at-sesame"), resource=(httpx.Response(200, text="sesame"),)),
        Gateway(httpx.Response(401, text="secret-sesame")),
        Gateway(httpx.Response(503, text="secret-sesame")),
        Gateway(httpx.ConnectError("secret-sesame")),
    ],
)
async def test_nothing_private_shows(gateway: Gateway) -> None:
    exchange = await gateway.ask()
    for shown in (repr(exchange), str(exchange), repr(CREDENTIALS), repr(gateway.api)):
        assert "sesame" not in shown
        assert "3099999999001" not in shown
    assert "at-1" not in repr(oauth.Token("at-1", NOW))


def _built(tmp_path: Any, **settings: Any) -> set[Source]:
    url = SecretStr(f"sqlite:///{tmp_path / 'registry.db'}")
    values = Settings(database_url=url, secret_key=SecretStr(new_key()), **settings)
    transport = httpx.MockTransport(lambda _request: httpx.Response(200))
    return set(build_services(values, transport, 100).upstreams)


def test_the_source_is_there_when_its_address_is(tmp_path: Any) -> None:
    assert Source.API_IMPOT_PARTICULIER not in _built(tmp_path)
    assert Source.API_IMPOT_PARTICULIER in _built(tmp_path, dgfip_url=SecretStr("https://dgfip.test"))


def test_its_address_is_a_setting() -> None:
    assert load_settings({}).dgfip_url is None
    url = load_settings({"CONNECTOR_DGFIP_URL": "https://dgfip.test"}).dgfip_url
    assert url is not None
    assert url.get_secret_value() == "https://dgfip.test"
    with pytest.raises(SettingsError, match=r"^CONNECTOR_DGFIP_URL: must start with https://"):
        load_settings({"CONNECTOR_DGFIP_URL": "dgfip.test"})
