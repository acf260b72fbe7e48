"""What the API's answer about a token means: taken, refused in its own words, or nothing said."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from connector.sources.introspection import Accepted, Introspection, Introspector, Refused, Undecided
from schemas.codes import CheckCode

TOKEN = "eyJ.sesame.token"
Handler = Callable[[httpx.Request], httpx.Response]


async def _ask(handler: Handler) -> Introspection:
    return await Introspector(httpx.MockTransport(handler), "https://api.test/").ask(TOKEN)


def _fault(status: int, code: str) -> Handler:
    body: dict[str, Any] = {
        "errors": [{"code": code, "title": "…", "detail": "…", "source": None, "meta": {}}]
    }
    return lambda _request: httpx.Response(status, json=body)


async def test_the_token_is_asked_about_with_itself() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"_id": "1", "name": "clamart", "scopes": ["b", "a"]})

    assert await _ask(answer) == Accepted(frozenset({"a", "b"}))
    (request,) = asked
    assert str(request.url) == "https://api.test/api/introspect"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    ("status", "code", "refusal"),
    [
        (401, "00101", CheckCode.TOKEN_INVALID),
        (401, "00103", CheckCode.TOKEN_EXPIRED),
        (401, "00105", CheckCode.TOKEN_REVOKED),
        (401, "00106", CheckCode.TOKEN_REVOKED),
        (403, "00107", CheckCode.IP_FORBIDDEN),
    ],
)
async def test_the_api_refuses_in_its_own_words(status: int, code: str, refusal: CheckCode) -> None:
    assert await _ask(_fault(status, code)) == Refused(refusal)


def _breaks(error: Exception) -> Handler:
    def answer(_request: httpx.Request) -> httpx.Response:
        raise error

    return answer


@pytest.mark.parametrize(
    "handler",
    [
        _fault(429, "00429"),
        _fault(503, "00501"),
        lambda _request: httpx.Response(401, text="<html>proxy</html>"),
        lambda _request: httpx.Response(403, text="<html>firewall</html>"),
        lambda _request: httpx.Response(404),
        lambda _request: httpx.Response(302, headers={"location": "https://elsewhere.test"}),
        lambda _request: httpx.Response(200, text="<html>maintenance</html>"),
        lambda _request: httpx.Response(200, json={"scopes": "all"}),
        lambda _request: httpx.Response(200, json=[]),
        _breaks(httpx.ConnectError("refused")),
        _breaks(httpx.ReadTimeout("late")),
    ],
)
async def test_anything_else_refuses_no_token(handler: Handler) -> None:
    assert isinstance(await _ask(handler), Undecided)
