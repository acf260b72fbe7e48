"""The API's nomenclature of errors, as ``GET /api/errors`` gives it without a token.

What an endpoint can answer is what its provider, and FranceConnect where it is asked, can fail with, and the parameters
that its call checks. The platform's own codes are those of any endpoint.

Source: ``/api/errors`` of API Particulier. Codes, statuses and titles are the API's; it words its details otherwise.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from aiohttp import web

from connector.catalogue import CATALOGUE
from connector.catalogue.definition import Endpoint, Source
from connector.sandbox.faults import SAID_BY, ApiFault
from connector.sandbox.route import Handler, Route
from connector.sandbox.setting import Sandbox
from connector.sources.nomenclature.table import (
    FRANCE_CONNECT,
    INSEE,
    KINDS,
    PLATFORM_CODES,
    PROVIDERS,
    title_of,
)
from schemas.codes import Call

API: Final = "particulier"
_UNKNOWN: Final = ApiFault(404, "00404", "Opération inconnue", "Aucune opération ne porte ce nom.")
_OF_A_PROVIDER: Final[Mapping[str, tuple[str, ...]]] = {
    "502": ("000", "001", "004", "008", "009", "011", "999"),
    "503": ("020",),
    "504": ("002",),
}
"""What any provider can fail with, by status."""
_OF_FRANCE_CONNECT: Final[Mapping[str, tuple[str, ...]]] = {
    "401": ("51501", "51502", "51504"),
    "422": ("51564",),
}
_METAS: Final[Mapping[str, Mapping[str, Any]]] = {"00501": {"retry_in": 10}}
_BIRTH: Final = ("00420", "00421", "00422", "00423", "00424", "00425")
_DSS: Final = (
    *("00363", "00365", "00367", "00400", "00405", "00420", "00422", "00426", "00427", "00428"),
    *("36560", "36561"),
)
_QUOTIENT: Final = ("00354", "00355", "00356", *_DSS[:-2], "35560", "35561", "35565")
_PUPIL: Final = (
    *("00410", "00411", "00412", "00413", "00414", "00415", "00416", "00417", "00419"),
    *_BIRTH,
    "00427",
)
_STUDENT: Final = ("00316", "00317", "00365", *_BIRTH, "00427", "00428")
_CONSCRIPT: Final = ("00365", "00400", *_BIRTH, "00427", "39400")
_GRANTED: Final = ("26561", "26562")
_REFUSED: Final[Mapping[str, Mapping[Call | None, tuple[str, ...]]]] = {
    "ants": {None: (*_BIRTH, "00430")},
    "cnous": {
        Call.IDENTITE: ("00317", "00368", *_BIRTH, "00428", *_GRANTED),
        Call.FRANCE_CONNECT: ("00368", *_GRANTED),
        Call.INE: ("00360", "00368", *_GRANTED),
    },
    "dsnj": {None: _CONSCRIPT},
    "dss": {None: _DSS},
    "france_travail": {None: ("00308", "00380")},
    "gip_mds": {None: (*_BIRTH, "31563")},
    "men": {None: _PUPIL},
    "mesri": {None: _STUDENT, Call.INE: ("00316", "00360")},
    "quotient_familial": {None: _QUOTIENT},
    "sdh": {None: ("00380",)},
}
"""What is answered 422, by provider or name of the endpoint, then by call; None is any other call."""
_FUNDS: Final = ("10003", "23003", "35003", "40003")
_NOT_FOUND: Final[Mapping[str, tuple[str, ...]]] = {
    "ants": ("42003", "42404"),
    "dss": _FUNDS,
    "men": ("30003", "30404"),
    "participation_familiale_eaje": (*_FUNDS, "37003"),
}
"""What is answered 404, where it is not the provider's one kind alone."""
_NAMED_COMMUNES: Final = {("cnous", Call.IDENTITE), ("mesri", Call.IDENTITE), ("mesri", Call.FRANCE_CONNECT)}
"""The calls that ask INSEE for the code of a commune that is given by its name."""


def nomenclature_routes(_sandbox: Sandbox) -> list[Route]:
    """Return the route of the nomenclature."""
    return [Route(path="/api/errors", handler=_handler())]


def _handler() -> Handler:
    async def answer(request: web.Request) -> web.Response:
        document = nomenclature()
        operation = request.query.get("operation_id")
        if operation is not None:
            if operation not in document["endpoints"]:
                return web.json_response(_UNKNOWN.body(), status=_UNKNOWN.status)
            document["endpoints"] = {operation: document["endpoints"][operation]}
        return web.json_response(document, headers={"Cache-Control": "public, max-age=3600"})

    return answer


def nomenclature() -> dict[str, Any]:
    """Return the whole nomenclature, as the API writes it."""
    platform: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for code, (status, _title) in PLATFORM_CODES.items():
        platform[str(status)].append(_entry(code))
    return {
        "api": API,
        "providers": dict(PROVIDERS),
        "generic_subcodes": {
            digits: {"title": kind.title, "detail": f"{kind.title}."} for digits, kind in KINDS.items()
        },
        "platform_codes": dict(platform),
        "endpoints": {endpoint.operation: _endpoint(endpoint) for endpoint in _endpoints()},
    }


def _endpoints() -> Iterator[Endpoint]:
    for definition in CATALOGUE.values():
        yield from (one for one in definition.endpoints if one.source is Source.API_PARTICULIER)


def _endpoint(endpoint: Endpoint) -> dict[str, Any]:
    _root, _version, provider, name, _call = endpoint.path.split("/")
    digits, title = SAID_BY.get(name) or SAID_BY[provider]
    errors: dict[str, list[str]] = defaultdict(list)

    def add(found: Mapping[str, Iterable[str]], who: str = "") -> None:
        for status, codes in found.items():
            errors[status] += [f"{who}{code}" for code in codes]

    refused = _REFUSED.get(name) or _REFUSED[provider]
    add({"422": refused.get(endpoint.call) or refused[None]})
    add({"404": _NOT_FOUND.get(name) or _NOT_FOUND.get(provider) or (f"{digits}003",)})
    if provider == "cnous":
        add({"409": (f"{digits}015",)})
    if (provider, endpoint.call) in _NAMED_COMMUNES:
        add({"404": (f"{INSEE}003",)})
        add(_OF_A_PROVIDER, INSEE)
    add(_OF_A_PROVIDER, digits)
    if endpoint.call is Call.FRANCE_CONNECT:
        add(_OF_A_PROVIDER, FRANCE_CONNECT)
        add(_OF_FRANCE_CONNECT)
    return {
        "provider": title,
        "errors": {status: [_entry(code) for code in sorted(codes)] for status, codes in errors.items()},
    }


def _entry(code: str) -> dict[str, Any]:
    title = title_of(code)
    who = PROVIDERS[code[:2]]
    meta = _METAS.get(code, {}) if code.startswith("00") else {"provider": who}
    return {"code": code, "title": title, "detail": f"{title}.", **({"meta": meta} if meta else {})}
