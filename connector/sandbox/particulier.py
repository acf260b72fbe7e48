"""The routes of API Particulier 3 and later: every endpoint of the catalogue, in all its versions."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from aiohttp import web

from connector.catalogue import CATALOGUE
from connector.catalogue.definition import CheckDefinition, Endpoint, Source
from connector.sandbox.cases import Case, Params, comparable
from connector.sandbox.faults import EXPIRED, INVALID, NO_SCOPE, REVOKED, SAID_BY, ApiFault, no_record
from connector.sandbox.masking import masked
from connector.sandbox.route import JSON_API, Handler, Refusal, Route
from connector.sandbox.rules import Call, checks_of
from connector.sandbox.setting import Sandbox
from connector.sandbox.tokens import InvalidTokenError, SandboxToken, read_token
from schemas.codes import Call as Way


@dataclass(frozen=True, slots=True)
class _Caller:
    """Whom a token lets in."""

    scopes: frozenset[str]
    identity: Params | None = None
    """The person, for a FranceConnect token."""
    opens: str | None = None
    is_masked: bool = True
    """Whether its scopes leave blocks out of an answer."""


def operations() -> list[str]:
    """Return the operations of every route, which name the folders of the cases."""
    return [endpoint.operation for _definition, endpoint in _endpoints()]


def particulier_routes(sandbox: Sandbox) -> list[Route]:
    """Return one route per endpoint, and the one about a token."""
    return [
        Route(path="/api/introspect", handler=_introspection(sandbox)),
        *(
            Route(
                path=endpoint.path,
                handler=_endpoint(sandbox, definition, endpoint),
                provider=_provider(endpoint),
                said_by=definition.name if definition.name in SAID_BY else None,
                asks_france_connect=endpoint.call is Way.FRANCE_CONNECT,
                has_quota=True,
            )
            for definition, endpoint in _endpoints()
        ),
    ]


def _endpoints() -> Iterator[tuple[CheckDefinition, Endpoint]]:
    for definition in CATALOGUE.values():
        for endpoint in definition.endpoints:
            if endpoint.source is Source.API_PARTICULIER:
                yield definition, endpoint


def _provider(endpoint: Endpoint) -> str:
    return endpoint.path.split("/")[2]


def _introspection(sandbox: Sandbox) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        token = _habilitation(sandbox, request)
        if isinstance(token, ApiFault):
            return _refusal(token)
        return web.json_response({"_id": token.name, "name": token.name, "scopes": sorted(token.scopes)})

    return answer


def _endpoint(sandbox: Sandbox, definition: CheckDefinition, endpoint: Endpoint) -> Handler:
    checks, nobody = checks_of(endpoint.path), no_record(_provider(endpoint))

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
        found = sandbox.cases.find(endpoint.operation, query, caller.identity)
        if found is None:
            return Case(nobody.status, json.dumps(nobody.body()))
        if not caller.is_masked:
            return found
        return replace(found, payload=masked(found.payload, endpoint, caller.scopes))

    async def answer(request: web.Request) -> web.Response:
        found = find(request)
        if isinstance(found, ApiFault):
            return _refusal(found)
        return web.Response(text=found.payload, status=found.status, content_type=JSON_API)

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
    if isinstance(token, ApiFault):
        return token
    return _Caller(token.scopes, token.identity, token.opens, is_masked=token.is_issued)


def _habilitation(sandbox: Sandbox, request: web.Request) -> SandboxToken | ApiFault:
    try:
        token = read_token(_bearer(request) or "")
    except InvalidTokenError:
        return INVALID
    if token.is_revoked:
        return REVOKED
    return EXPIRED if token.has_expired(sandbox.clock()) else token


def _bearer(request: web.Request) -> str | None:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    return text if scheme == "Bearer" else None


def _refusal(fault: ApiFault) -> Refusal:
    return Refusal(text=json.dumps(fault.body()), status=fault.status, content_type=JSON_API)
