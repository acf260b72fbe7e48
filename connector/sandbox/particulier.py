"""The routes of API Particulier 3 and later: every endpoint of the catalogue, in all its versions."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from aiohttp import web

from connector.catalogue import CATALOGUE
from connector.catalogue.definition import CheckDefinition, Endpoint, Source
from connector.sandbox.cases import Case, Params, comparable
from connector.sandbox.faults import EXPIRED, INVALID, NO_SCOPE, REVOKED, ApiFault, no_record
from connector.sandbox.rules import Call, checks_of
from connector.sandbox.setting import Sandbox
from connector.sandbox.tokens import InvalidTokenError, SandboxToken, read_token
from schemas.codes import Call as Way

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class _Caller:
    """Whom a token lets in."""

    scopes: frozenset[str]
    identity: Params | None = None
    """The person, for a FranceConnect token."""
    opens: str | None = None


def operations() -> list[str]:
    """Return the operations of every route, which name the folders of the cases."""
    return [endpoint.operation for _definition, endpoint in _endpoints()]


def particulier_routes(sandbox: Sandbox) -> list[web.RouteDef]:
    """Return one route per endpoint, and those about the platform and a token."""
    return [
        web.get("/api/ping", _ping),
        web.get("/api/introspect", _introspection(sandbox)),
        *(
            web.get(endpoint.path, _endpoint(sandbox, definition, endpoint))
            for definition, endpoint in _endpoints()
        ),
    ]


def _endpoints() -> Iterator[tuple[CheckDefinition, Endpoint]]:
    for definition in CATALOGUE.values():
        for endpoint in definition.endpoints:
            if endpoint.source is Source.API_PARTICULIER:
                yield definition, endpoint


async def _ping(_request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


def _introspection(sandbox: Sandbox) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        token = _habilitation(sandbox, request)
        if isinstance(token, ApiFault):
            return _fault(token)
        return web.json_response({"_id": token.name, "name": token.name, "scopes": sorted(token.scopes)})

    return answer


def _endpoint(sandbox: Sandbox, definition: CheckDefinition, endpoint: Endpoint) -> Handler:
    checks, provider = checks_of(endpoint.path), endpoint.path.split("/")[2]

    def find(request: web.Request) -> Case | ApiFault:
        caller = _caller(sandbox, request, endpoint)
        if isinstance(caller, ApiFault):
            return caller
        if caller.opens != endpoint.path and caller.scopes.isdisjoint(definition.scopes):
            return NO_SCOPE
        call = Call({name: request.query.getall(name) for name in request.query}, sandbox.today())
        fault = next((fault for check in checks if (fault := check(call))), None)
        if fault is not None:
            return fault
        query = comparable(request.query.items())
        return sandbox.cases.find(endpoint.operation, query, caller.identity) or no_record(provider)

    async def answer(request: web.Request) -> web.Response:
        found = find(request)
        if isinstance(found, ApiFault):
            return _fault(found)
        return web.Response(text=found.payload, status=found.status, content_type="application/json")

    return answer


def _caller(sandbox: Sandbox, request: web.Request, endpoint: Endpoint) -> _Caller | ApiFault:
    if endpoint.call is Way.FRANCE_CONNECT:
        return _person(sandbox, request)
    token = _habilitation(sandbox, request)
    return token if isinstance(token, ApiFault) else _Caller(token.scopes)


def _person(sandbox: Sandbox, request: web.Request) -> _Caller | ApiFault:
    text = _bearer(request)
    if text is None:
        return INVALID
    token = sandbox.france_connect.introspect(text, sandbox.clock())
    return token if isinstance(token, ApiFault) else _Caller(token.scopes, token.identity, token.opens)


def _habilitation(sandbox: Sandbox, request: web.Request) -> SandboxToken | ApiFault:
    try:
        token = read_token(_bearer(request) or "")
    except InvalidTokenError:
        return INVALID
    if token.is_revoked:
        return REVOKED
    return EXPIRED if token.expires_at <= sandbox.clock() else token


def _bearer(request: web.Request) -> str | None:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    return text if scheme == "Bearer" else None


def _fault(fault: ApiFault) -> web.Response:
    return web.json_response(fault.body(), status=fault.status)
