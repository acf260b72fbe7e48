"""What comes back from a real socket that is not what HTTP promises ends as a value, never as an exception."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import pytest

from connector.catalogue import CATALOGUE
from connector.sources.api_particulier import ApiParticulier
from connector.sources.exchange import Answered, Exchange, Unanswered
from connector.sources.transport import http_transport
from schemas.codes import CheckCode

ENDPOINT = CATALOGUE["quotient_familial"].endpoints[0]
QUERY = (("recipient", "26920023600017"), ("nomNaissance", "EXEMPLE"))
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def saying(text: bytes) -> Answer:
    """Return a server that says ``text`` to whoever calls, and hangs up."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(text)
        await writer.drain()

    return answer


async def ask(answer: Answer, within_seconds: float = 30) -> Exchange:
    """Call a server that answers so; leave nothing open."""
    hung_up = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await answer(reader, writer)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        hung_up.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    transport = http_transport()
    api = ApiParticulier(transport, f"http://{host}:{port}")
    try:
        return await api.ask(ENDPOINT, QUERY, "token", within_seconds)
    finally:
        await transport.aclose()
        await hung_up.wait()
        server.close()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", CheckCode.NETWORK_ERROR),
        (b"BONJOUR\r\n\r\n", CheckCode.UPSTREAM_ERROR),
        (b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 100_000 + b"\r\n\r\n", CheckCode.UPSTREAM_ERROR),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}", CheckCode.NETWORK_ERROR),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", CheckCode.UPSTREAM_ERROR),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
            CheckCode.NETWORK_ERROR,
        ),
    ],
    ids=["hang-up", "no status line", "header too long", "cut short", "bad chunk", "not gzip"],
)
async def test_an_answer_that_is_not_http_is_a_failure_of_the_source(text: bytes, code: CheckCode) -> None:
    exchange = await ask(saying(text))

    assert isinstance(exchange, Unanswered)
    assert exchange.code is code


async def test_a_source_nobody_serves_is_a_network_error() -> None:
    transport = http_transport()
    try:
        exchange = await ApiParticulier(transport, "http://127.0.0.1:1").ask(ENDPOINT, QUERY, "token", 30)
    finally:
        await transport.aclose()

    assert isinstance(exchange, Unanswered)
    assert exchange.code is CheckCode.NETWORK_ERROR


async def test_a_deadline_that_has_come_ends_the_call() -> None:
    called = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        called.set()
        await reader.read()

    exchange = await ask(silent, within_seconds=0.2)

    assert called.is_set()
    assert isinstance(exchange, Unanswered)
    assert exchange.code is CheckCode.EXPIRED


async def test_a_kept_connection_that_was_reset_is_no_second_call() -> None:
    """By itself, aiohttp would send the GET again: a call that is in nobody's journal."""
    requests: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answered in range(2):
            try:
                await reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            requests.append(answered)
            if answered:
                writer.transport.abort()
                return
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            await writer.drain()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    transport = http_transport()
    api = ApiParticulier(transport, f"http://{host}:{port}")
    try:
        assert isinstance(await api.ask(ENDPOINT, QUERY, "token", 30), Answered)
        exchange = await api.ask(ENDPOINT, QUERY, "token", 30)
    finally:
        await transport.aclose()
        server.close()

    assert isinstance(exchange, Unanswered)
    assert exchange.code is CheckCode.NETWORK_ERROR
    assert requests == [0, 1]


async def test_a_redirect_takes_the_token_and_the_person_nowhere() -> None:
    """Whoever answers could otherwise have both sent elsewhere, in clear."""
    elsewhere: list[int] = []

    async def receive(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        elsewhere.append(1)
        writer.close()

    other = await asyncio.start_server(receive, "127.0.0.1", 0)
    _host, port = other.sockets[0].getsockname()
    try:
        for status in (301, 302, 303, 307, 308):
            told = (
                f"HTTP/1.1 {status} Moved\r\nLocation: http://localhost:{port}/\r\nContent-Length: 0\r\n\r\n"
            )
            exchange = await ask(saying(told.encode()))
            assert isinstance(exchange, Answered)
            assert exchange.http_status == status
    finally:
        other.close()
    assert elsewhere == []
