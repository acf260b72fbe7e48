"""Sources for unit tests: what they answer, and how often they were called."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx

from tests.fakes import START, ManualTime

SPORT: dict[str, Any] = {"check": "statut_sportif", "params": {"identifiant": "990000001"}}


Respond = Callable[[httpx.Request], httpx.Response]


def fault(
    status: int, code: str, retry_in: float | None = None, headers: dict[str, str] | None = None
) -> httpx.Response:
    meta = {"provider": "CNAV"} | ({"retry_in": retry_in} if retry_in is not None else {})
    error = {"code": code, "title": "Erreur", "detail": "…", "meta": meta}
    return httpx.Response(status, json={"errors": [error]}, headers=headers)


def found(_request: httpx.Request | None = None) -> httpx.Response:
    return httpx.Response(200, json={"data": {"est_beneficiaire": False}})


DOWN = fault(503, "37001")


class Api:
    """Answers each resource with the next of its answers, the last one for ever, and notes when it was called."""

    def __init__(self, time: ManualTime, **answers: list[httpx.Response | Respond]) -> None:
        self._time = time
        self._answers = answers
        self.calls: list[tuple[str, float]] = []
        """Resource, and seconds since the start."""
        self.pings = 0
        self.ping_status = 200
        self.is_down = True
        """For the answers that ask."""

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer as a transport does, letting others run meanwhile."""
        await asyncio.sleep(0)
        if request.url.path.endswith("/ping"):
            self.pings += 1
            return httpx.Response(self.ping_status, json={"status": "ok"})
        name = request.url.path.split("/")[3]
        self.calls.append((name, (self._time.now - START).total_seconds()))
        answers = self._answers[name]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return answer(request) if callable(answer) else answer

    def times(self, name: str) -> list[float]:
        """Return when a resource was called."""
        return [at for called, at in self.calls if called == name]
