"""The benchmark's upstream: answers any GET in 100 ms with a family quotient."""

import asyncio
import json
from typing import Final

from aiohttp import web

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


async def _answer(_request: web.Request) -> web.Response:
    await asyncio.sleep(LATENCY_SECONDS)
    return web.Response(body=BODY, content_type="application/json")


async def _serve() -> None:
    application = web.Application()
    application.router.add_get("/{path:.*}", _answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"upstream ready on {runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve())
