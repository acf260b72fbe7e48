"""What happens around every route: calls are kept, late, counted in a quota, and fail when told to."""

import asyncio
import socket
import struct
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from aiohttp import web

from connector.sandbox.failure_answers import Answer, answer_of, as_errors, refusal_of
from connector.sandbox.failures import LONGEST_HANG_SECONDS, InForce, Kind
from connector.sandbox.faults import CONFLICT, FRANCE_CONNECT
from connector.sandbox.quotas import TODAY, Standing
from connector.sandbox.route import JSON_API, Handler, Refusal, Route
from connector.sandbox.setting import Sandbox

_UNAUTHORIZED: Final = 401
_SIRET_LENGTH: Final = 14
_IMMEDIATE: Final = struct.pack("ii", 1, 0)
"""Linger for no time: the socket is closed by a reset."""


class _Silence(web.Response):
    """No answer: the connection is gone."""


def played(sandbox: Sandbox, route: Route) -> web.RouteDef:
    """Return the route as the server serves it."""
    play = _Play(sandbox, route, route.provider).answer if route.provider else _late(sandbox, route.handler)
    return web.route(route.method, route.path, play)


def _late(sandbox: Sandbox, handler: Handler) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        await asyncio.sleep(sandbox.latency_seconds)
        return await handler(request)

    return answer


@dataclass(frozen=True, slots=True)
class _Play:
    """A route of a provider, and its calls in flight."""

    sandbox: Sandbox
    route: Route
    provider: str
    in_flight: Counter[tuple[str, ...]] = field(default_factory=Counter)

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a call, or let it fail."""
        sandbox = self.sandbox
        number = sandbox.calls.arrive(
            sandbox.clock(),
            self.provider,
            self.route.path,
            is_ping=self.route.is_ping,
            recipient=_recipient(request),
        )
        answer = await (self._ping(request) if self.route.is_ping else self._call(request))
        if not isinstance(answer, _Silence):
            sandbox.calls.answer(number, answer.status)
        return answer

    def _question(self, request: web.Request) -> tuple[str, ...]:
        """Return what makes two calls of a route identical: who asks, and what; not whom, with FranceConnect's token."""
        if self.route.asks_france_connect:
            return (request.query.get("recipient", ""),)
        headers = request.headers
        return headers.get("Authorization", ""), headers.get("X-Api-Key", ""), request.path_qs

    async def _call(self, request: web.Request) -> web.Response:
        answer = await self.route.handler(request)
        # A quota counts a call when it arrives, however late it is answered.
        standing = self._standing(request, answer, self.sandbox.clock())
        if standing is not None and standing.is_refused:
            await asyncio.sleep(self.sandbox.latency_seconds)
            return self._response(refusal_of(standing, self.provider))
        if isinstance(answer, Refusal):
            await asyncio.sleep(self.sandbox.latency_seconds)
        else:
            answer = await self._asked(request, answer)
        if standing is not None:
            for name, value in standing.headers().items():
                answer.headers.setdefault(name, value)
        return answer

    async def _asked(self, request: web.Request, answer: web.Response) -> web.Response:
        """Answer a call that is asked of FranceConnect, where it has a person's token, and of the provider."""
        question = self._question(request)
        is_twin = question in self.in_flight
        if is_twin and self.route.asks_france_connect:
            return self._response(Answer(CONFLICT.status, CONFLICT.body()))
        self.in_flight[question] += 1
        try:
            await asyncio.sleep(self.sandbox.latency_seconds)
            now = self.sandbox.clock()
            first = (FRANCE_CONNECT,) if self.route.asks_france_connect else ()
            met = self.sandbox.failing.meet(now, *first, self.provider, is_twin=is_twin)
            return answer if met is None else await self._fail(request, met, now)
        finally:
            self.in_flight[question] -= 1
            if not self.in_flight[question]:
                del self.in_flight[question]

    async def _ping(self, request: web.Request) -> web.Response:
        """Answer whether the provider is up; looking does not count among the calls that fail."""
        await asyncio.sleep(self.sandbox.latency_seconds)
        met = self.sandbox.failing.failures.of(self.sandbox.clock(), self.provider)
        if met is None or met.failure.kind.is_refusal:
            return await self.route.handler(request)
        if met.failure.kind.is_silent:
            return await _fall_silent(request, met)
        return web.json_response({"status": "bad_gateway"}, status=502)

    async def _fail(self, request: web.Request, met: InForce, now: datetime) -> web.Response:
        if met.failure.kind.is_silent:
            return await _fall_silent(request, met)
        quotas = self.sandbox.quotas
        quota = TODAY if quotas is None else quotas.quota
        is_first = met.failure.provider == FRANCE_CONNECT
        said_by = FRANCE_CONNECT if is_first else self.route.said_by or self.provider
        return self._response(answer_of(met, said_by, now, quota, self.route.write))

    def _response(self, answer: Answer) -> web.Response:
        return web.json_response(
            dict(answer.body),
            status=answer.status,
            headers=answer.headers,
            content_type=JSON_API if self.route.write is as_errors else "application/json",
        )

    def _standing(self, request: web.Request, answer: web.Response, now: datetime) -> Standing | None:
        """Count the call for its token; one that is refused for its token has none to be counted for."""
        quotas = self.sandbox.quotas
        is_nobodys = isinstance(answer, Refusal) and answer.status == _UNAUTHORIZED
        if quotas is None or is_nobodys or not self.route.has_quota:
            return None
        return quotas.count(request.headers.get("Authorization", ""), now)


def _recipient(request: web.Request) -> str | None:
    """Return the SIRET that a call names as its recipient."""
    named = request.query.get("recipient", "")
    return named if named.isdecimal() and len(named) == _SIRET_LENGTH else None


async def _fall_silent(request: web.Request, met: InForce) -> web.Response:
    """End the connection without an answer; the server cancels what hangs when its client gives up."""
    if met.failure.kind is Kind.TIMEOUT:
        after_seconds = met.failure.after_seconds
        await asyncio.sleep(LONGEST_HANG_SECONDS if after_seconds is None else after_seconds)
    transport = request.transport
    if transport is not None:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _IMMEDIATE)
        transport.abort()
    return _Silence()
