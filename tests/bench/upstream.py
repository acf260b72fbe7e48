"""The benchmark's upstream: answers any GET in 100 ms, with what the path's check is answered, or a family quotient.

It can be told to hold its answers back (``POST /hold``, ``POST /release``), and how many calls wait (``POST /waiting``).
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Final

from aiohttp import web

from connector.catalogue import CATALOGUE
from connector.sandbox.cases import SHIPPED
from connector.sandbox.yaml_files import read_yaml

LATENCY_SECONDS: Final = 0.1
_QUOTIENT: Final = {
    "fournisseur": "CNAF",
    "valeur": 412,
    "annee": 2026,
    "mois": 10,
    "annee_calcul": 2026,
    "mois_calcul": 10,
}
_PERSON: Final = {
    "nom_naissance": "EXEMPLE",
    "nom_usage": None,
    "prenoms": "CLAIRE",
    "date_naissance": "1991-04-17",
    "sexe": "F",
}
BODY: Final = json.dumps(
    {
        "data": {"quotient_familial": _QUOTIENT, "allocataires": [_PERSON], "enfants": []},
        "links": {},
        "meta": {},
    },
).encode()


class _Upstream:
    """Answers calls, at once or when it is told to."""

    def __init__(self, bodies: Mapping[str, bytes]) -> None:
        self._bodies = bodies
        self._open = asyncio.Event()
        self._open.set()
        self._waiting = 0

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a call after the latency, and not before answers are released."""
        self._waiting += 1
        try:
            await asyncio.sleep(LATENCY_SECONDS)
            await self._open.wait()
        finally:
            self._waiting -= 1
        return web.Response(body=self._bodies.get(request.path, BODY), content_type="application/json")

    async def control(self, request: web.Request) -> web.Response:
        """Hold answers, release them, or neither; tell how many calls wait."""
        if request.path == "/hold":
            self._open.clear()
        elif request.path == "/release":
            self._open.set()
        return web.json_response(self._waiting)


def _bodies() -> dict[str, bytes]:
    """Return what each other path is answered: the sandbox's case of the person whom the jobs are about."""
    endpoints = (endpoint for definition in CATALOGUE.values() for endpoint in definition.endpoints)
    cases = {endpoint.path: SHIPPED / endpoint.operation / "200-exemple.yaml" for endpoint in endpoints}
    return {
        path: str(read_yaml(case)["payload"]).encode()
        for path, case in cases.items()
        if case.exists() and not path.startswith("/v3/dss/quotient_familial/")
    }


async def _serve() -> None:
    upstream = _Upstream(_bodies())
    application = web.Application()
    application.router.add_get("/{path:.*}", upstream.answer)
    application.router.add_post("/{path:.*}", upstream.control)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=10_000).start()
    print(f"upstream ready on {runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve())
