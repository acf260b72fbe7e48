"""The sandbox's own routes, apart from the API's: failures on demand, and the calls received.

They are never late, never fail, and are no calls. Beyond this machine they need a token of their own.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from connector.sandbox.failure_forms import FailureFormError, as_json, read_json
from connector.sandbox.failures import EVERY, FAILING
from connector.sandbox.setting import ControlAccess, Sandbox

FAILURES: Final = "/sandbox/failures"
CALLS: Final = "/sandbox/calls"
_NUMBER: Final = re.compile("[0-9]{1,15}")
_Handler = Callable[[web.Request], Awaitable[web.Response]]


def control_routes(sandbox: Sandbox) -> list[web.RouteDef]:
    """Return the routes."""
    control = _Control(sandbox)
    routes: list[tuple[Callable[..., web.RouteDef], str, _Handler]] = [
        (web.get, FAILURES, control.failures),
        (web.post, FAILURES, control.fail),
        (web.delete, FAILURES, control.recover),
        (web.get, CALLS, control.calls),
        (web.delete, CALLS, control.forget),
    ]
    return [method(path, _guarded(handler, sandbox.control)) for method, path, handler in routes]


def _guarded(handler: _Handler, access: ControlAccess) -> _Handler:
    async def guarded(request: web.Request) -> web.Response:
        refusal = access.refusal(request.headers.get("Authorization"))
        if refusal is None:
            return await handler(request)
        status, reason = refusal
        return web.json_response({"error": reason}, status=status, headers={"WWW-Authenticate": "Bearer"})

    return guarded


@dataclass(frozen=True, slots=True)
class _Control:
    sandbox: Sandbox

    async def failures(self, _request: web.Request) -> web.Response:
        now = self.sandbox.clock()
        listed = [as_json(one, now) for one in self.sandbox.failing.failures.in_force(now)]
        return web.json_response({"failures": listed})

    async def fail(self, request: web.Request) -> web.Response:
        try:
            failure = read_json(await request.read())
        except FailureFormError as error:
            return _malformed(str(error))
        now = self.sandbox.clock()
        return web.json_response(as_json(self.sandbox.failing.start(failure, now), now), status=201)

    async def recover(self, request: web.Request) -> web.Response:
        provider = request.query.get("provider")
        if provider not in {None, *FAILING}:
            return _malformed(f"provider: one of {' '.join(FAILING)}")
        self.sandbox.failing.recover(provider)
        return web.Response(status=204)

    async def calls(self, request: web.Request) -> web.Response:
        provider, after = request.query.get("provider"), request.query.get("after", "0")
        if provider is not None and (provider not in FAILING or provider == EVERY):
            return _malformed(f"provider: one of {' '.join(name for name in FAILING if name != EVERY)}")
        if not _NUMBER.fullmatch(after):
            return _malformed("after: the number of a call")
        calls = self.sandbox.calls
        listed = [call.as_json() for call in calls.after(int(after), provider)]
        return web.json_response({"total": calls.total(provider), "calls": listed})

    async def forget(self, _request: web.Request) -> web.Response:
        self.sandbox.calls.forget()
        return web.Response(status=204)


def _malformed(message: str) -> web.Response:
    return web.json_response({"error": message}, status=400)
