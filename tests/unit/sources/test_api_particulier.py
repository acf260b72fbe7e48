"""One call to API Particulier: the request that is made, and the value that every ending gives."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from urllib.parse import quote, urlencode

import httpx
import pytest
import respx

from connector.catalogue import CATALOGUE
from connector.catalogue.definition import Source
from connector.sources.api_particulier import ApiParticulier
from connector.sources.exchange import Answered, Exchange, Unanswered
from connector.sources.http import MOST_BYTES, transport_code, with_query
from schemas.codes import Call, CheckCode

URL = "https://api.test"
ENDPOINT = CATALOGUE["quotient_familial"].endpoints[0]
VERSION_2 = next(
    endpoint
    for definition in CATALOGUE.values()
    for endpoint in definition.endpoints
    if endpoint.source is Source.API_PARTICULIER_V2
)
PATH = "/v3/dss/quotient_familial/identite"
TOKEN = "eyJ.s3same.token"
QUERY = (
    ("recipient", "26920023600017"),
    ("nomNaissance", "S3SAME-D'ÉTÉ"),
    ("prenoms[]", "JEANNE MARIE"),
    ("prenoms[]", "ZOÉ&A=B+C"),
)
PLENTY = 60.0

Handler = Callable[[httpx.Request], httpx.Response] | Callable[[httpx.Request], Awaitable[httpx.Response]]


def _api(handler: Handler, url: str = URL) -> ApiParticulier:
    return ApiParticulier(httpx.MockTransport(handler), url)  # type: ignore[arg-type]


async def _get(handler: Handler, token: str = TOKEN, within_seconds: float = PLENTY) -> Exchange:
    return await _api(handler).ask(ENDPOINT, QUERY, token, within_seconds)


class _Recorder:
    """Answers every request alike, and keeps the requests."""

    def __init__(self, *responses: httpx.Response) -> None:
        self._responses = list(responses)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self._responses.pop(0) if self._responses else httpx.Response(200, json={})


async def test_the_call_is_the_one_the_api_documents() -> None:
    server = _Recorder()
    await _get(server)
    (request,) = server.requests
    assert request.method == "GET"
    assert request.url.host == "api.test"
    assert request.url.raw_path.decode() == (
        f"{PATH}?recipient=26920023600017&nomNaissance=S3SAME-D%27%C3%89T%C3%89"
        "&prenoms%5B%5D=JEANNE%20MARIE&prenoms%5B%5D=ZO%C3%89%26A%3DB%2BC"
    )
    assert tuple(request.url.params.multi_items()) == QUERY
    assert request.headers.get_list("Authorization") == [f"Bearer {TOKEN}"]
    assert request.headers["Accept"] == "application/json"
    assert request.headers["Accept-Encoding"] == "gzip, deflate"
    assert request.headers["Host"] == "api.test"
    assert request.content == b""


async def test_version_2_takes_the_token_in_a_header_of_its_own() -> None:
    server = _Recorder()
    await _api(server).ask(VERSION_2, (("numeroFiscal", "3099999999001"),), TOKEN, PLENTY)
    (request,) = server.requests
    assert request.url.raw_path == b"/api/v2/avis-imposition?numeroFiscal=3099999999001"
    assert request.headers["X-Api-Key"] == TOKEN
    assert "Authorization" not in request.headers


async def test_an_address_may_end_with_a_slash_or_a_path() -> None:
    for url in ("https://api.test/proxy", "https://api.test/proxy/"):
        server = _Recorder()
        await _api(server, url).ask(ENDPOINT, QUERY, TOKEN, PLENTY)
        assert server.requests[0].url.path == f"/proxy{PATH}"


@pytest.mark.parametrize("base", ["https://api.test", "http://127.0.0.1:8080/a%20b", "https://u:p@[::1]:8/é"])
def test_an_address_with_a_query_is_the_one_that_httpx_makes_of_the_whole(base: str) -> None:
    query = urlencode({"prenoms[]": "Zoë & Co", "nomNaissance": "D'ÀÎ/?#+%"}, quote_via=quote)
    whole = httpx.URL(f"{base}/v3/x?{query}")
    asked = with_query(httpx.URL(f"{base}/v3/x"), query)
    assert (str(asked), asked.raw_path, asked) == (str(whole), whole.raw_path, whole)


async def test_an_answer_is_handed_over_whatever_its_status() -> None:
    for status in (200, 204, 404, 422, 429, 503):
        response = httpx.Response(status, content=b'{"a": 1}', headers={"Retry-After": "7"})
        answered = await _get(_Recorder(response))
        assert isinstance(answered, Answered)
        assert (answered.http_status, answered.body) == (status, b'{"a": 1}')
        assert answered.headers.get("retry-after") == "7"


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    server = _Recorder(httpx.Response(302, headers={"Location": "https://elsewhere.test/"}))
    answered = await _get(server)
    assert isinstance(answered, Answered)
    assert answered.http_status == 302
    assert len(server.requests) == 1


async def test_no_cookie_travels_from_one_call_to_the_next() -> None:
    server = _Recorder(httpx.Response(200, headers={"Set-Cookie": "session=of-the-first; Path=/"}))
    api = _api(server)
    await api.ask(ENDPOINT, QUERY, TOKEN, PLENTY)
    await api.ask(ENDPOINT, QUERY, "eyJ.another", PLENTY)
    assert "Cookie" not in server.requests[1].headers
    assert server.requests[1].headers["Authorization"] == "Bearer eyJ.another"


async def test_a_route_sees_the_parameters_as_the_api_names_them() -> None:
    router = respx.Router(assert_all_called=True)
    route = router.get(f"{URL}{PATH}", params=QUERY).respond(200, json={"data": {}})
    router.route().respond(500)
    api = ApiParticulier(httpx.MockTransport(router.async_handler), URL)
    answered = await api.ask(ENDPOINT, QUERY, TOKEN, PLENTY)
    assert isinstance(answered, Answered)
    assert (answered.http_status, route.call_count) == (200, 1)


def _subclasses(error: type[httpx.RequestError]) -> Iterator[type[httpx.RequestError]]:
    yield error
    for child in error.__subclasses__():
        yield from _subclasses(child)


REQUEST_ERRORS = sorted(set(_subclasses(httpx.RequestError)), key=lambda error: error.__name__)
LATE = {"TimeoutException", "ReadTimeout", "WriteTimeout", "PoolTimeout"}


@pytest.mark.parametrize("error", REQUEST_ERRORS)
async def test_every_failure_of_transport_is_a_value(error: type[httpx.RequestError]) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise error(f"no luck with {request.url}", request=request)

    expected = CheckCode.PROVIDER_TIMEOUT if error.__name__ in LATE else CheckCode.NETWORK_ERROR
    unanswered = await _get(fail)
    assert isinstance(unanswered, Unanswered)
    assert unanswered.code is expected
    assert transport_code(error("")) is expected


def test_the_failures_of_transport_are_all_known() -> None:
    assert LATE | {"ConnectTimeout", "ConnectError", "ReadError", "DecodingError"} <= {
        error.__name__ for error in REQUEST_ERRORS
    }


async def test_a_body_that_cannot_be_decompressed_is_a_value() -> None:
    response = httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=_Stream(b"not gzip"))
    unanswered = await _get(_Recorder(response))
    assert isinstance(unanswered, Unanswered)
    assert unanswered.code is CheckCode.NETWORK_ERROR


class _Endless(httpx.AsyncByteStream):
    """A body that never ends, and counts what was read of it."""

    def __init__(self, part: bytes) -> None:
        self._part = part
        self.read = 0
        self.is_closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self.read += 1
            yield self._part

    async def aclose(self) -> None:
        self.is_closed = True


@pytest.mark.parametrize("status", [200, 502])
async def test_a_body_beyond_the_bound_is_not_read_to_its_end(status: int) -> None:
    stream = _Endless(b"x" * 65_536)
    answered = await _get(_Recorder(httpx.Response(status, stream=stream)))
    assert isinstance(answered, Answered)
    assert (answered.http_status, answered.body) == (status, b"")
    assert stream.read == MOST_BYTES // 65_536 + 1
    assert stream.is_closed


async def test_a_body_that_grows_beyond_the_bound_as_it_is_decoded_is_empty() -> None:
    packed = gzip.compress(b"x" * (MOST_BYTES + 1))
    response = httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=_Stream(packed))
    answered = await _get(_Recorder(response))
    assert isinstance(answered, Answered)
    assert answered.body == b""


async def test_a_body_of_the_bound_is_read_whole() -> None:
    answered = await _get(_Recorder(httpx.Response(200, stream=_Stream(b"x" * MOST_BYTES))))
    assert isinstance(answered, Answered)
    assert len(answered.body) == MOST_BYTES


async def test_a_body_that_breaks_off_is_a_value() -> None:
    unanswered = await _get(_Recorder(httpx.Response(200, stream=_Stream(b"{", httpx.ReadError("broken")))))
    assert isinstance(unanswered, Unanswered)
    assert unanswered.code is CheckCode.NETWORK_ERROR


async def test_the_jobs_deadline_ends_a_call_without_an_answer() -> None:
    async def never(_request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    unanswered = await _get(never, within_seconds=0.0)
    assert isinstance(unanswered, Unanswered)
    assert unanswered.code is CheckCode.EXPIRED


async def test_a_cancelled_call_is_cancelled_and_not_late() -> None:
    started = asyncio.Event()

    async def never(_request: httpx.Request) -> httpx.Response:
        started.set()
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    call = asyncio.create_task(_get(never))
    await started.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


async def test_a_result_shows_neither_the_token_nor_the_person() -> None:
    def echo(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=str(request.url), headers={"X-Echo": TOKEN})

    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(f"{request.url} {TOKEN}", request=request)

    for handler in (echo, fail):
        result = await _get(handler)
        shown = f"{result!r} {result}"
        assert "S3SAME" not in shown.upper()
        assert "26920023600017" not in shown


class _Stream(httpx.AsyncByteStream):
    """A body that arrives in one part, and may then fail."""

    def __init__(self, part: bytes, error: Exception | None = None) -> None:
        self._part, self._error = part, error

    async def __aiter__(self):  # type: ignore[no-untyped-def]  # noqa: ANN204
        yield self._part
        if self._error is not None:
            raise self._error


@pytest.mark.parametrize(("call", "cached"), [(Call.IDENTITE, None), (Call.FRANCE_CONNECT, "no-cache")])
async def test_the_apis_cache_is_bypassed_with_france_connects_token_alone(
    call: Call, cached: str | None
) -> None:
    server = _Recorder()
    endpoint = next(one for one in CATALOGUE["quotient_familial"].endpoints if one.call is call)
    await _api(server).ask(endpoint, QUERY, TOKEN, PLENTY)
    assert server.requests[0].headers.get("cache-control") == cached
