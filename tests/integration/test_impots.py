"""The tax notice over real HTTP: the connector's clients against the sandbox's two sources."""

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aiohttp import web

from connector.catalogue import CATALOGUE
from connector.clock import utc_now
from connector.sandbox.cases import SHIPPED, load_cases
from connector.sandbox.impots import OPERATIONS
from connector.sandbox.server import application
from connector.sandbox.setting import Sandbox
from connector.sandbox.tokens import SandboxToken, issue_token
from connector.sources.api_particulier import ApiParticulier
from connector.sources.credentials import DgfipCredentials
from connector.sources.exchange import Answered, Unanswered
from connector.sources.impot_particulier import ImpotParticulier
from connector.sources.reading import Reading, read_answer
from connector.sources.transport import http_transport
from schemas.checks.avis_imposition import AvisImpositionParams
from schemas.codes import CheckCode

IR, V2 = CATALOGUE["avis_imposition"].endpoints
PARAMS = AvisImpositionParams.model_validate(dict(CATALOGUE["avis_imposition"].example_params))
IR_QUERY = (("spi", "3099999999001"), ("annrev", "2024"))
V2_QUERY = (("numeroFiscal", "3099999999001"), ("referenceAvis", "2599999999001"))
SITUATION = IR.path.format(spi="3099999999001", annrev="2024")
CREDENTIALS = DgfipCredentials(client_id="n'importe lequel", client_secret="sandbox")
TOKEN = SandboxToken(
    name="essai",
    scopes=frozenset({"dgfip_avis_imposition", "dgfip_adresse"}),
    expires_at=utc_now() + timedelta(days=1),
)


@dataclass
class Served:
    """A running sandbox, and the connector's two clients of it."""

    url: str
    http: httpx.AsyncClient
    api_particulier: ApiParticulier
    impot_particulier: ImpotParticulier

    async def avis(self, token: SandboxToken = TOKEN, query: Any = V2_QUERY) -> Answered:
        """Ask API Particulier 2."""
        answered = await self.api_particulier.ask(V2, query, issue_token(token), 30)
        assert isinstance(answered, Answered)
        return answered

    async def access_token(self) -> str:
        """Return a token of API Impôt particulier."""
        form = {"grant_type": "client_credentials", "client_id": "a", "client_secret": "sandbox"}
        answer = (await self.http.post("/token", data=form)).json()
        assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3600)
        return str(answer["access_token"])


@pytest.fixture(params=[False])
async def served(request: pytest.FixtureRequest) -> AsyncIterator[Served]:
    """The sandbox with the shipped cases of the tax notice; the parameter withdraws version 2."""
    sandbox = Sandbox(cases=load_cases(SHIPPED, OPERATIONS), is_v2_withdrawn=request.param)
    runner = web.AppRunner(application(sandbox), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = "http://{}:{}".format(*runner.addresses[0])
    transport = http_transport()
    async with httpx.AsyncClient(base_url=url) as client:
        yield Served(url, client, ApiParticulier(transport, url), ImpotParticulier(transport, url, utc_now))
    await transport.aclose()
    await runner.cleanup()


async def test_both_sources_give_the_same_notice(served: Served) -> None:
    from_ir = await served.impot_particulier.ask(IR, IR_QUERY, CREDENTIALS.as_secret(), 30)
    from_v2 = await served.avis()
    assert isinstance(from_ir, Answered)
    assert (from_ir.http_status, from_v2.http_status) == (200, 200)
    notice = read_answer(from_ir.body, IR, PARAMS)
    assert isinstance(notice, Reading)
    assert notice.unread == ()
    assert notice == read_answer(from_v2.body, V2, PARAMS)


async def test_a_notice_nobody_knows_is_a_404_of_each(served: Served) -> None:
    unknown = (("spi", "3099999999999"), ("annrev", "2024"))
    from_ir = await served.impot_particulier.ask(IR, unknown, CREDENTIALS.as_secret(), 30)
    from_v2 = await served.avis(query=(("numeroFiscal", "3099999999999"), ("referenceAvis", "2599999999999")))
    assert isinstance(from_ir, Answered)
    assert (from_ir.http_status, from_v2.http_status) == (404, 404)
    assert json.loads(from_v2.body)["error"] == "not_found"


async def test_other_credentials_are_invalid(served: Served) -> None:
    refused = await served.impot_particulier.ask(
        IR, IR_QUERY, replace(CREDENTIALS, client_secret="autre").as_secret(), 30
    )
    assert isinstance(refused, Unanswered)
    assert refused.code is CheckCode.TOKEN_INVALID


@pytest.mark.parametrize(
    "token",
    [
        replace(TOKEN, scopes=frozenset({"cnaf_quotient_familial"})),
        replace(TOKEN, is_revoked=True),
        replace(TOKEN, expires_at=utc_now() - timedelta(days=1)),
    ],
    ids=["scope", "revoked", "expired"],
)
async def test_version_2_lets_in_a_live_token_of_its_scope(served: Served, token: SandboxToken) -> None:
    refused = await served.avis(token)
    assert refused.http_status == 401
    assert set(json.loads(refused.body)) == {"error", "reason", "message"}


@pytest.mark.parametrize("query", [(), V2_QUERY[:1], (("numeroFiscal", "30"), V2_QUERY[1])])
async def test_version_2_answers_404_to_numbers_of_another_form(served: Served, query: Any) -> None:
    assert (await served.avis(query=query)).http_status == 404


@pytest.mark.parametrize("served", [True], indirect=True)
async def test_version_2_can_be_withdrawn_as_in_production(served: Served) -> None:
    assert (await served.avis()).http_status == 410


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"grant_type": "client_credentials"}, 401, "invalid_client"),
        ({"grant_type": "client_credentials", "client_id": "a", "client_secret": "b"}, 401, "invalid_client"),
        (
            {"grant_type": "password", "client_id": "a", "client_secret": "sandbox"},
            400,
            "unsupported_grant_type",
        ),
    ],
)
async def test_the_token_endpoint_refuses_as_oauth2_says(
    served: Served, form: dict[str, str], status: int, error: str
) -> None:
    answer = await served.http.post("/token", data=form)
    assert (answer.status_code, answer.json()) == (status, {"error": error})


@pytest.mark.parametrize("authorization", ["Basic !", "Basic " + base64.b64encode(b"\xff").decode()])
async def test_a_basic_authentication_that_cannot_be_read_is_refused(
    served: Served, authorization: str
) -> None:
    form = {"grant_type": "client_credentials"}
    answer = await served.http.post("/token", data=form, headers={"Authorization": authorization})
    assert answer.status_code == 401


async def test_the_resource_wants_a_token_of_this_endpoint_and_a_correlation(served: Served) -> None:
    good = {"Authorization": f"Bearer {await served.access_token()}", "X-Correlation-ID": str(uuid4())}
    other = f"Bearer {issue_token(TOKEN)}"
    statuses = [
        (await served.http.get(path, headers=headers)).status_code
        for path, headers in (
            (SITUATION, good),
            (SITUATION, good | {"Authorization": other}),
            (SITUATION, {"X-Correlation-ID": good["X-Correlation-ID"]}),
            (SITUATION, {"Authorization": good["Authorization"]}),
            (SITUATION, good | {"X-Correlation-ID": "1"}),
            (SITUATION.replace("3099999999001", "30"), good),
        )
    ]
    assert statuses == [200, 401, 401, 400, 400, 400]
