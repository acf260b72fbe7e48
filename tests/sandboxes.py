"""A sandbox without a socket, at an instant that the test chooses."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from unittest.mock import Mock
from urllib.parse import urlencode

from aiohttp import web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.streams import StreamReader
from aiohttp.test_utils import make_mocked_request

from connector.catalogue import CATALOGUE
from connector.sandbox.cases import SHIPPED, Cases, load_cases
from connector.sandbox.failure_forms import read_option
from connector.sandbox.france_connect import FranceConnect, issue_france_connect_token, load_france_connect
from connector.sandbox.impots import OPERATIONS
from connector.sandbox.particulier import operations
from connector.sandbox.quotas import Quota, Quotas
from connector.sandbox.server import application
from connector.sandbox.setting import Sandbox
from connector.sandbox.tokens import SandboxToken, issue_token

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
QF = "/v3/dss/quotient_familial/identite"
QF_FC = "/v3/dss/quotient_familial/france_connect"
SPORT = "/v3/sdh/statut_sportif/identifiant"
ALL = frozenset(scope for check in CATALOGUE.values() for scope in check.scopes)
RECIPIENT = {"recipient": "26920023600017"}
CLAIRE: Mapping[str, Any] = {
    **RECIPIENT,
    "nomNaissance": "EXEMPLE",
    "prenoms[]": ["CLAIRE"],
    "anneeDateNaissance": 1991,
    "moisDateNaissance": 4,
    "jourDateNaissance": 17,
    "sexeEtatCivil": "F",
    "codeCogInseePaysNaissance": "99100",
    "codeCogInseeCommuneNaissance": "69383",
}


def habilitation(name: str = "clamart", **changes: Any) -> str:
    """Return a token for everything."""
    values: dict[str, Any] = {"name": name, "scopes": ALL, "expires_at": NOW + timedelta(days=1)}
    return issue_token(SandboxToken(**(values | changes)))


def person(name: str = "EXEMPLE") -> str:
    """Return a FranceConnect token."""
    return issue_france_connect_token({"nomNaissance": name}, ALL, NOW + timedelta(days=1))


@dataclass(frozen=True)
class Got:
    """An answer; ``is_reset`` when the connection was ended in its place."""

    status: int
    headers: Mapping[str, str]
    body: Any
    is_reset: bool

    @property
    def code(self) -> tuple[int, str]:
        """Its status and its error's code."""
        return self.status, self.body["errors"][0]["code"]


@dataclass
class Played:
    """A running sandbox, but for the network."""

    sandbox: Sandbox
    served: web.Application
    times: list[datetime] = field(default_factory=lambda: [NOW])
    """The last one is now."""

    def let(self, **seconds: float) -> None:
        """Let time pass."""
        self.times.append(self.times[-1] + timedelta(**seconds))

    def fail(self, *options: str) -> None:
        """Let providers fail from now on."""
        for option in options:
            self.sandbox.failing.start(read_option(option), self.sandbox.clock())

    async def ask(
        self,
        path: str,
        token: str | None = None,
        query: Mapping[str, Any] = CLAIRE,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Got:
        """Make a call."""
        sent = {"Host": "sandbox", **({} if token is None else {"Authorization": f"Bearer {token}"})}
        payload = StreamReader(Mock(spec=BaseProtocol), 2**16)
        payload.feed_data(body)
        payload.feed_eof()
        transport = Mock()
        target, sent = f"{path}?{urlencode(query, doseq=True)}", {**sent, **(headers or {})}
        match = await self.served.router.resolve(make_mocked_request(method, target))
        request = make_mocked_request(
            method, target, headers=sent, match_info=dict(match), payload=payload, transport=transport
        )
        answer = await match.handler(request)
        assert isinstance(answer, web.Response)
        content = bytes(answer.body) if isinstance(answer.body, bytes) else b""
        return Got(
            answer.status, answer.headers, json.loads(content) if content else None, transport.abort.called
        )

    async def control(self, path: str, method: str = "GET", body: bytes = b"", **query: Any) -> Got:
        """Use a route of the sandbox's own."""
        return await self.ask(f"/sandbox/{path}", None, query, method=method, body=body)

    async def statuses(self, times: int, path: str = QF, token: str | None = None) -> list[int]:
        """Make the same call several times."""
        return [(await self.ask(path, token or habilitation())).status for _ in range(times)]


@cache
def _shipped() -> tuple[Cases, FranceConnect]:
    return load_cases(SHIPPED, [*operations(), *OPERATIONS]), load_france_connect(SHIPPED)


def played(*failures: str, quota: str | None = None, **changes: Any) -> Played:
    """Return a sandbox with the shipped cases, which fails so."""
    times = [NOW]
    cases, france_connect = _shipped()
    sandbox = Sandbox(
        cases=cases,
        france_connect=france_connect,
        clock=lambda: times[-1],
        quotas=None if quota is None else Quotas(Quota.read(quota)),
        **changes,
    )
    made = Played(sandbox, application(sandbox), times)
    made.fail(*failures)
    return made
