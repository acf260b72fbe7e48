"""The sandbox's HTTP server."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from connector.catalogue import CATALOGUE, CheckDefinition
from connector.clock import Clock, paris_day, utc_now
from connector.sandbox.cases import Cases, comparable
from connector.sandbox.rules import CHECKS, ApiFault, Call
from connector.sandbox.tokens import InvalidTokenError, SandboxToken, read_token

_INVALID: Final = ApiFault(
    401,
    "00101",
    "Interdit",
    "Votre token n'est pas valide ou n'est pas renseigné",
    "token",
)
_EXPIRED: Final = ApiFault(
    401,
    "00103",
    "Jeton expiré",
    "Votre token est expiré. Vous devez refaire une demande",
    "token",
)
_REVOKED: Final = ApiFault(401, "00105", "Jeton sur liste noire", "Votre jeton est sur liste noire", "token")
_NO_SCOPE: Final = ApiFault(
    403,
    "00100",
    "Privilèges insuffisants",
    "Votre token est valide mais vos privilèges sont insuffisants. Listez vos privilèges sur /api/introspect",
    "token",
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """What the server answers with."""

    cases: Cases
    latency_seconds: float = 0.0
    clock: Clock = utc_now

    def application(self) -> web.Application:
        """Return the server's application, with one route per check of the catalogue."""
        application = web.Application()
        application.router.add_get("/api/ping", self._ping)
        application.router.add_get("/api/introspect", self._introspect)
        for definition in CATALOGUE.values():
            application.router.add_get(definition.endpoint, self._endpoint(definition))
        return application

    async def _ping(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _introspect(self, request: web.Request) -> web.Response:
        token = self._authenticate(request)
        if isinstance(token, ApiFault):
            return _fault(token)
        return web.json_response({"_id": token.name, "name": token.name, "scopes": sorted(token.scopes)})

    def _endpoint(self, definition: CheckDefinition) -> Handler:
        async def answer(request: web.Request) -> web.Response:
            await asyncio.sleep(self.latency_seconds)
            fault = self._refuse(request, definition)
            if fault is not None:
                return _fault(fault)
            case = self.cases.find(operation_of(definition), comparable(request.query.items()))
            if case is None:
                return _fault(ApiFault(404, "37003", "Entité non trouvée", "Dossier allocataire inexistant."))
            return web.Response(text=case.payload, status=case.status, content_type="application/json")

        return answer

    def _refuse(self, request: web.Request, definition: CheckDefinition) -> ApiFault | None:
        token = self._authenticate(request)
        if isinstance(token, ApiFault):
            return token
        if token.scopes.isdisjoint(definition.scopes):
            return _NO_SCOPE
        params = {name: request.query.getall(name) for name in request.query}
        call = Call(params, paris_day(self.clock()))
        return next((fault for check in CHECKS[definition.name] if (fault := check(call))), None)

    def _authenticate(self, request: web.Request) -> SandboxToken | ApiFault:
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer":
            return _INVALID
        try:
            token = read_token(text)
        except InvalidTokenError:
            return _INVALID
        if token.is_revoked:
            return _REVOKED
        return _EXPIRED if token.expires_at <= self.clock() else token


def operation_of(definition: CheckDefinition) -> str:
    """Return the name of the folder that holds the cases of a check's call ``identite``."""
    return f"{definition.operation}_with_civility"


def _fault(fault: ApiFault) -> web.Response:
    return web.json_response(fault.body(), status=fault.status)


async def serve(sandbox: Sandbox, host: str, port: int, on_ready: Callable[[str], Any]) -> None:
    """Serve until cancelled; ``on_ready`` is given the address. Port 0 takes a free one."""
    runner = web.AppRunner(sandbox.application(), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        bound = runner.addresses[0]
        on_ready(f"http://{bound[0]}:{bound[1]}")
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
