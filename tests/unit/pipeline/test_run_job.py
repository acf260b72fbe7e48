"""The pipeline: a delivery in, its ending out, whatever the sources do, with nothing private in the logs."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import httpx
import pytest
import structlog
from structlog.testing import capture_logs

from connector.catalogue.definition import Source as ApiSource
from connector.jobs.delivery import Delivery
from connector.jobs.records import Lane
from connector.jobs.settlement import Answer, Dead, DeadReason, Settlement
from connector.pipeline.services import Services
from connector.sources.schema_drift import DriftKind
from connector.telemetry.logs import configure_logs
from schemas.codes import CheckCode, CheckStatus, JobCode, JobStatus
from schemas.reply import CheckReply, Reply
from tests.fakes import ManualTime, Told, answered, services, verified
from tests.registry import BOURG, CLAMART, TOKEN, OneToken

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
QF, RSA = "/v3/dss/quotient_familial/identite", "/v3/dss/revenu_solidarite_active/identite"
QUOTIENT = {
    "data": {
        "quotient_familial": {
            "fournisseur": "MSA",
            "valeur": 150,
            "annee": 2026,
            "mois": 11,
            "annee_calcul": 2026,
            "mois_calcul": 11,
        },
    },
}
NO_SCOPE = {"errors": [{"code": "00100", "title": "Privilèges insuffisants", "detail": "…", "meta": {}}]}
BOTH: tuple[dict[str, Any], ...] = (
    {"check": "quotient_familial"},
    {"id": "rsa", "check": "revenu_solidarite_active"},
)
PRIVATE = ("SESAME", "sesame", "CLAIRE", "Naissance=1991", "Naissance=69383")

Handler = Callable[[httpx.Request], httpx.Response | Awaitable[httpx.Response]]


class Source:
    """The API: one answer per path, and a record of the calls."""

    def __init__(self, **answers: Handler) -> None:
        self._answers = answers
        self.calls: list[httpx.Request] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer as a transport does."""
        if request.url.path.endswith("/ping"):
            return httpx.Response(200, json={"status": "ok"})
        self.calls.append(request)
        answer = self._answers["qf" if request.url.path == QF else "rsa"](request)
        return answer if isinstance(answer, httpx.Response) else await answer


def _found(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json=QUOTIENT)


def _no_rsa(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"data": {"est_beneficiaire": False}})


def _refused(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(403, json=NO_SCOPE)


def _explode(request: httpx.Request) -> httpx.Response:
    raise RuntimeError(f"cannot fetch {request.url} with {request.headers['Authorization']}")


def _services(source: Source, holder: OneToken | None = None, time: ManualTime | None = None) -> Services:
    return services(httpx.MockTransport(source), holder or OneToken(), time)


def _delivery(*checks: dict[str, Any], **changes: Any) -> Delivery:
    job = {
        "version": 1,
        "job_id": "job-1",
        "tenant": CLAMART,
        "dossier": "dossier-1",
        "identity": {
            "nom_naissance": "SESAME",
            "prenoms": ["CLAIRE"],
            "sexe": "F",
            "date_naissance": "1991-04-17",
            "lieu_naissance": {"code_pays": "99100", "code_commune": "69383"},
        },
        "checks": list(checks) or list(BOTH),
    } | changes
    return Delivery(
        body=json.dumps(job).encode(),
        lane=Lane.INTERACTIVE,
        routing_key="millesime.interactive",
        redelivered=False,
        received_at=NOW,
        content_type="application/json",
    )


def _reply(settlement: Settlement) -> Reply:
    assert isinstance(settlement, Answer)
    assert settlement.queue == "replies.millesime"
    assert (settlement.reply.job_id, settlement.reply.dossier) == ("job-1", "dossier-1")
    return settlement.reply


def _codes(checks: tuple[CheckReply, ...]) -> list[CheckCode | None]:
    return [check.reason.code if check.reason else None for check in checks]


@pytest.fixture
def _logging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave the process's logs as they were."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    # Loggers of this test's own, since each keeps the configuration of its first event.
    for module in ("connector.pipeline.run_job", "connector.sources.schema_drift"):
        monkeypatch.setattr(f"{module}._log", structlog.get_logger(module))
    monkeypatch.setattr(logging, "raiseExceptions", True)
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


async def test_every_check_is_called_with_the_tenants_token_and_siret() -> None:
    source = Source(qf=_found, rsa=_no_rsa)
    reply = _reply(await verified(_delivery(), _services(source)))
    assert reply.status is JobStatus.COMPLETED
    assert [check.id for check in reply.checks] == ["quotient_familial", "rsa"]
    assert [check.status for check in reply.checks] == [CheckStatus.FOUND, CheckStatus.FOUND]
    assert reply.checks[1].data == {"est_beneficiaire": False}
    assert {call.url.path for call in source.calls} == {QF, RSA}
    for call in source.calls:
        assert call.headers["Authorization"] == f"Bearer {TOKEN}"
        assert call.url.params["recipient"] == CLAMART
        assert call.url.params.get_list("prenoms[]") == ["CLAIRE"]


async def test_one_check_fails_alone() -> None:
    source = Source(qf=_found, rsa=_refused)
    reply = _reply(await verified(_delivery(), _services(source)))
    assert reply.status is JobStatus.PARTIAL
    assert _codes(reply.checks) == [None, CheckCode.INSUFFICIENT_SCOPE]


async def test_the_checks_of_a_job_are_called_at_once_and_answered_in_its_order() -> None:
    first_may_answer = asyncio.Event()

    async def last(_request: httpx.Request) -> httpx.Response:
        await first_may_answer.wait()
        return _found(_request)

    def first(request: httpx.Request) -> httpx.Response:
        first_may_answer.set()
        return _no_rsa(request)

    async with asyncio.timeout(10):
        reply = _reply(await verified(_delivery(), _services(Source(qf=last, rsa=first))))
    assert [check.id for check in reply.checks] == ["quotient_familial", "rsa"]
    assert reply.status is JobStatus.COMPLETED


async def test_a_defect_of_one_check_costs_no_call_and_leaves_the_other() -> None:
    source = Source(qf=_found)
    delivery = _delivery({"check": "quotient_familial"}, {"check": "age"})
    reply = _reply(await verified(delivery, _services(source)))
    assert _codes(reply.checks) == [None, CheckCode.UNKNOWN_CHECK]
    assert reply.checks[1].source is None
    assert len(source.calls) == 1


@pytest.mark.parametrize("age", [timedelta(0), timedelta(seconds=1), timedelta(days=400)])
@pytest.mark.parametrize("checks", [BOTH, BOTH[:1]])
async def test_a_job_that_has_expired_makes_no_call(
    age: timedelta, checks: tuple[dict[str, Any], ...]
) -> None:
    source = Source()
    delivery = _delivery(*checks, expires_at=(NOW - age).isoformat())
    reply = _reply(await verified(delivery, _services(source)))
    assert reply.status is JobStatus.EXPIRED
    assert _codes(reply.checks) == [CheckCode.EXPIRED] * len(checks)
    assert all(check.source is None and check.reason and check.reason.retryable for check in reply.checks)
    assert source.calls == []


async def test_a_tenant_without_a_token_is_told_so_without_a_call() -> None:
    source = Source()
    reply = _reply(await verified(_delivery(tenant=BOURG), _services(source)))
    assert reply.status is JobStatus.FAILED
    assert _codes(reply.checks) == [CheckCode.TOKEN_MISSING] * 2
    assert source.calls == []


async def test_a_token_that_does_not_open_is_logged_without_a_call() -> None:
    source = Source()
    with capture_logs() as logs:
        reply = _reply(await verified(_delivery(), _services(source, OneToken(opens=False))))
    assert _codes(reply.checks) == [CheckCode.TOKEN_INVALID] * 2
    assert source.calls == []
    assert {entry["event"] for entry in logs} == {"token.unreadable"}
    assert {(entry["tenant"], entry["log_level"]) for entry in logs} == {(CLAMART, "error")}
    assert not [private for private in PRIVATE if private in repr(logs)]


@pytest.mark.parametrize("checks", [BOTH, tuple(reversed(BOTH))])
async def test_what_nobody_foresaw_in_one_check_leaves_the_other(checks: tuple[dict[str, Any], ...]) -> None:
    source = Source(qf=_explode, rsa=_no_rsa)
    with capture_logs() as logs:
        reply = _reply(await verified(_delivery(*checks), _services(source)))
    assert reply.status is JobStatus.PARTIAL
    by_id = {check.id: check for check in reply.checks}
    assert _codes((by_id["quotient_familial"], by_id["rsa"])) == [CheckCode.UNEXPECTED_RESPONSE, None]
    (entry,) = [entry for entry in logs if entry["log_level"] != "debug"]
    assert (entry["event"], entry["check"]) == ("check.unexpected_error", "quotient_familial")


async def test_what_nobody_foresaw_in_the_only_check_is_answered() -> None:
    reply = _reply(await verified(_delivery(BOTH[0]), _services(Source(qf=_explode))))
    assert reply.status is JobStatus.FAILED
    assert _codes(reply.checks) == [CheckCode.UNEXPECTED_RESPONSE]


async def test_what_nobody_foresaw_before_the_vendor_is_known_keeps_the_message() -> None:
    holder = OneToken()
    holder.registry = None
    settlement = await verified(_delivery(), _services(Source(), holder))
    assert settlement == Dead(DeadReason.UNEXPECTED_ERROR)


async def test_a_rejected_job_makes_no_call() -> None:
    source = Source()
    reply = _reply(await verified(_delivery(unknown=True), _services(source)))
    assert reply.status is JobStatus.REJECTED
    assert [error.code for error in reply.errors] == [JobCode.INVALID_MESSAGE]
    assert source.calls == []


async def test_a_check_outside_of_the_grant_makes_no_call_and_leaves_the_others() -> None:
    source = Source(qf=_found)
    reply = _reply(await verified(_delivery(), _services(source, OneToken(preset="millesime"))))
    assert reply.status is JobStatus.PARTIAL
    assert _codes(reply.checks) == [None, CheckCode.FORBIDDEN_CHECK]
    forbidden = reply.checks[1]
    assert forbidden.source is None
    assert forbidden.reason
    assert (forbidden.reason.retryable, forbidden.reason.parameter) == (False, "check")
    assert "habilitation" in forbidden.reason.detail
    assert [call.url.path for call in source.calls] == [QF]


UNMATCHED = {"errors": [{"code": "36560", "title": "Entité non traitable", "detail": "…", "meta": {}}]}
REFUSED_PARAMETER = {"errors": [{"code": "36561", "title": "Paramètre refusé", "detail": "…", "meta": {}}]}
TWO_NAMES = {
    "nom_naissance": "SESAME",
    "nom_usage": "MODELE",
    "prenoms": ["CLAIRE", "ANNE"],
    "sexe": "F",
    "lieu_naissance": {"code_pays": "99350"},
}


def _nobody_unless(recognises: Callable[[httpx.QueryParams], bool]) -> Handler:
    def answer(request: httpx.Request) -> httpx.Response:
        return _found(request) if recognises(request.url.params) else httpx.Response(422, json=UNMATCHED)

    return answer


@pytest.mark.parametrize(
    ("recognises", "calls", "variant"),
    [
        (lambda params: "nomUsage" in params, 1, None),
        (lambda params: "nomUsage" not in params, 2, "without_nom_usage"),
        (lambda params: params.get_list("prenoms[]") == ["CLAIRE"], 3, "first_prenom"),
    ],
)
async def test_variants_of_the_identity_are_asked_until_one_is_recognised(
    recognises: Callable[[httpx.QueryParams], bool], calls: int, variant: str | None
) -> None:
    source = Source(qf=_nobody_unless(recognises))
    delivery = _delivery(BOTH[0], identity=TWO_NAMES, identity_variants=True)
    (check,) = _reply(await verified(delivery, _services(source))).checks
    assert check.status is CheckStatus.FOUND
    assert check.source
    assert (check.source.attempts, check.source.variant) == (calls, variant)
    assert len(source.calls) == calls


async def test_where_no_variant_is_recognised_the_identity_as_given_is_answered() -> None:
    source = Source(qf=_nobody_unless(lambda _params: False))
    delivery = _delivery(BOTH[0], identity=TWO_NAMES, identity_variants=True)
    (check,) = _reply(await verified(delivery, _services(source))).checks
    assert check.status is CheckStatus.NOT_IDENTIFIED
    assert check.source
    assert (check.source.attempts, check.source.variant) == (3, None)


async def test_no_variant_is_asked_once_the_job_has_expired() -> None:
    now = NOW

    def slow(request: httpx.Request) -> httpx.Response:
        nonlocal now
        now += timedelta(seconds=40)
        return _nobody_unless(lambda _params: False)(request)  # type: ignore[return-value]

    source = Source(qf=slow)
    services = replace(_services(source), clock=lambda: now)
    delivery = _delivery(BOTH[0], identity=TWO_NAMES, identity_variants=True)
    (check,) = _reply(await verified(delivery, services)).checks
    assert check.status is CheckStatus.NOT_IDENTIFIED
    assert len(source.calls) == 2


async def test_a_variant_that_fails_for_a_time_does_not_end_the_search() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if "nomUsage" in request.url.params:
            return httpx.Response(422, json=UNMATCHED)
        if len(request.url.params.get_list("prenoms[]")) > 1:
            return httpx.Response(503)
        return httpx.Response(422, json=UNMATCHED)

    identity = TWO_NAMES | {"nom_naissance": "SESAME-OUVRE"}
    source = Source(qf=answer)
    delivery = _delivery(BOTH[0], identity=identity, identity_variants=True)
    time = ManualTime()
    (check,) = (await answered(delivery, _services(source, time=time), time)).checks
    assert check.status is CheckStatus.NOT_IDENTIFIED
    assert check.source
    assert check.source.attempts == len(source.calls) == 9
    assert check.reason
    assert check.reason.retryable
    assert "variantes" in check.reason.detail


async def test_a_refusal_of_the_token_ends_the_search() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if "nomUsage" in request.url.params:
            return httpx.Response(422, json=UNMATCHED)
        return httpx.Response(403, json=NO_SCOPE)

    source = Source(qf=answer)
    delivery = _delivery(BOTH[0], identity=TWO_NAMES, identity_variants=True)
    await verified(delivery, _services(source))
    assert len(source.calls) == 2


async def test_where_several_people_match_only_a_variant_that_says_more_is_asked() -> None:
    ambiguous = {"errors": [{"code": "00391", "title": "Plusieurs", "detail": "…", "meta": {}}]}

    def answer(request: httpx.Request) -> httpx.Response:
        if len(request.url.params.get_list("prenoms[]")) > 1:
            return _found(request)
        return httpx.Response(422, json=ambiguous)

    source = Source(qf=answer)
    identity = TWO_NAMES | {"prenoms": ["CLAIRE ANNE"]}
    delivery = _delivery(BOTH[0], identity=identity, identity_variants=True)
    (check,) = _reply(await verified(delivery, _services(source))).checks
    assert check.source
    assert (check.source.variant, check.source.attempts) == ("all_prenoms", 2)
    homonyms = Source(qf=lambda _request: httpx.Response(422, json=ambiguous))
    (check,) = _reply(
        await verified(_delivery(BOTH[0], identity=TWO_NAMES, identity_variants=True), _services(homonyms))
    ).checks
    assert check.reason
    assert check.reason.code is CheckCode.IDENTITY_AMBIGUOUS
    assert len(homonyms.calls) == 1


async def test_without_being_asked_no_variant_is_tried() -> None:
    source = Source(qf=_nobody_unless(lambda _params: False))
    (check,) = _reply(await verified(_delivery(BOTH[0], identity=TWO_NAMES), _services(source))).checks
    assert check.status is CheckStatus.NOT_IDENTIFIED
    assert len(source.calls) == 1


async def test_a_refused_parameter_has_no_variant() -> None:
    source = Source(qf=lambda _request: httpx.Response(422, json=REFUSED_PARAMETER))
    delivery = _delivery(BOTH[0], identity=TWO_NAMES, identity_variants=True)
    (check,) = _reply(await verified(delivery, _services(source))).checks
    assert check.reason
    assert (check.reason.code, check.reason.parameter) == (CheckCode.INVALID_PARAMETER, "identity")
    assert len(source.calls) == 1


async def test_a_person_who_is_not_concerned_is_not_asked_about_under_another_name() -> None:
    error = {"errors": [{"code": "37003", "title": "Non concerné", "detail": "…", "meta": {}}]}
    source = Source(rsa=lambda _request: httpx.Response(404, json=error))
    check = {"check": "participation_familiale_eaje"}
    delivery = _delivery(check, identity=TWO_NAMES, identity_variants=True)
    (answer,) = _reply(await verified(delivery, _services(source))).checks
    assert answer.status is CheckStatus.NOT_FOUND
    assert _codes((answer,)) == [CheckCode.NOT_CONCERNED]
    assert len(source.calls) == 1


@pytest.mark.parametrize("tenant", [CLAMART, BOURG])
async def test_a_france_connect_call_carries_the_person_s_token_and_not_the_tenant_s(tenant: str) -> None:
    source = Source(rsa=_found)
    call = {"check": "quotient_familial", "call": "france_connect"}
    delivery = _delivery(call, tenant=tenant, france_connect_token="jeton-de-la-personne", identity=None)
    (check,) = _reply(await verified(delivery, _services(source))).checks
    assert check.status is CheckStatus.FOUND
    (request,) = source.calls
    assert request.url.path == "/v3/dss/quotient_familial/france_connect"
    assert request.headers["Authorization"] == "Bearer jeton-de-la-personne"
    assert dict(request.url.params) == {"recipient": tenant}


async def test_a_source_that_is_not_configured_is_withdrawn() -> None:
    source = Source()
    params = {"numero_fiscal": "3099999999001", "reference_avis": "2599999999001"}
    delivery = _delivery({"check": "avis_imposition", "params": params})
    reply = _reply(await verified(delivery, _services(source)))
    assert _codes(reply.checks) == [CheckCode.SOURCE_WITHDRAWN]
    assert reply.checks[0].reason
    assert "hébergeur" in reply.checks[0].reason.detail
    assert source.calls == []


@pytest.mark.parametrize(
    ("tenant", "code"), [(CLAMART, CheckCode.TOKEN_MISSING), (BOURG, CheckCode.TOKEN_MISSING)]
)
async def test_missing_credentials_of_the_dgfip_are_not_called_a_token(tenant: str, code: CheckCode) -> None:
    source = Source()
    services = _services(source)
    api = next(iter(services.upstreams.values()))
    connected = replace(services, upstreams={**services.upstreams, ApiSource.API_IMPOT_PARTICULIER: api})
    params = {"numero_fiscal": "3099999999001", "reference_avis": "2599999999001"}
    delivery = _delivery({"check": "avis_imposition", "params": params}, tenant=tenant)
    (check,) = _reply(await verified(delivery, connected)).checks
    assert check.reason
    assert check.reason.code is code
    assert "DGFiP" in check.reason.detail
    assert source.calls == []


def _expiring(tenant: str, at: datetime) -> OneToken:
    holder = OneToken()
    tenants = dict(holder.registry.tenants)
    tenants[tenant] = replace(tenants[tenant], token_expires_at=at)
    holder.registry = replace(holder.registry, tenants=tenants)
    return holder


async def test_an_expired_token_is_refused_without_a_call() -> None:
    source = Source()
    expired = _expiring(CLAMART, NOW - timedelta(seconds=60))
    (check,) = _reply(await verified(_delivery(BOTH[0]), _services(source, expired))).checks
    assert check.reason
    assert (check.reason.code, check.source) == (CheckCode.TOKEN_EXPIRED, None)
    assert source.calls == []


async def test_a_token_that_expires_now_is_left_to_the_api() -> None:
    """The clock of a worker may be a little ahead."""
    source = Source(qf=_found)
    reply = _reply(await verified(_delivery(BOTH[0]), _services(source, _expiring(CLAMART, NOW))))
    assert reply.checks[0].status == "found"


async def test_a_refused_token_is_told_for_its_tenant_once() -> None:
    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(401, json={"errors": [{"code": "00103", "title": "…", "detail": "…"}]})

    services, told = _services(Source(qf=answer)), Told()
    acting = replace(services, announcements=told)
    for _ in range(2):
        await verified(_delivery(BOTH[0]), acting)
    (alert,) = told.by_name.values()
    assert (alert.event, alert.tenant, alert.code) == ("token.refused", CLAMART, CheckCode.TOKEN_EXPIRED)


async def test_what_a_source_adds_is_counted() -> None:
    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"data": QUOTIENT["data"] | {"nouveau": "SESAME"}})

    services = _services(Source(qf=answer))
    with capture_logs() as logs:
        for _ in range(11):
            await verified(_delivery(BOTH[0]), services)
    place = ("quotient_familial", DriftKind.UNKNOWN_FIELD, "nouveau", "")
    assert services.drift_counter.counts() == {place: 11}
    assert [(entry["event"], entry["count"]) for entry in logs if entry["log_level"] != "debug"] == [
        ("source.surprise", 1),
        ("source.surprise", 10),
    ]
    assert not [private for private in PRIVATE if private in repr(logs)]


async def test_a_value_that_cannot_be_read_is_counted_and_leaves_the_rest_of_the_answer() -> None:
    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"data": QUOTIENT["data"] | {"adresse": "SESAME"}})

    services = _services(Source(qf=answer))
    with capture_logs() as logs:
        reply = _reply(await verified(_delivery(BOTH[0]), services))
    (check,) = reply.checks
    assert reply.status is JobStatus.COMPLETED
    assert (check.data, check.unreadable) == (QUOTIENT["data"], ("/adresse",))
    place = ("quotient_familial", DriftKind.WRONG_TYPE, "adresse", "string")
    assert services.drift_counter.counts() == {place: 1}
    (told,) = [entry for entry in logs if entry["log_level"] != "debug"]
    assert (told["event"], told["place"], told["found"]) == ("source.surprise", "adresse", "string")
    assert not [private for private in PRIVATE if private in repr(logs)]


async def test_a_request_that_the_api_refuses_as_wrong_is_counted_and_its_check_fails_alone() -> None:
    error = {"errors": [{"code": "00401", "title": "…", "detail": "SESAME", "meta": {}}]}
    services = _services(Source(qf=lambda _request: httpx.Response(400, json=error), rsa=_no_rsa))
    reply = _reply(await verified(_delivery(), services))
    assert reply.status is JobStatus.PARTIAL
    assert _codes(reply.checks) == [CheckCode.UNEXPECTED_RESPONSE, None]
    assert services.drift_counter.counts() == {
        ("quotient_familial", DriftKind.REFUSED_REQUEST, "400 00401", ""): 1
    }


@pytest.mark.parametrize(
    "answer",
    [_found, _refused, _explode, lambda _request: httpx.Response(200, text="SESAME " + TOKEN)],
    ids=["found", "refused", "unforeseen", "not JSON"],
)
@pytest.mark.parametrize("form", ["json", "console"])
@pytest.mark.usefixtures("_logging")
async def test_the_logs_hold_neither_the_person_nor_the_token(
    answer: Handler,
    form: Literal["json", "console"],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Tracebacks included: an exception's own text may carry the address that was called."""
    configure_logs(form)
    await verified(_delivery(), _services(Source(qf=answer, rsa=answer)))
    await verified(_delivery(BOTH[0]), _services(Source(qf=answer)))
    await verified(_delivery(), _services(Source(), OneToken(opens=False)))
    holder = OneToken()
    holder.registry = None
    await verified(_delivery(), _services(Source(), holder))
    text = "".join(capsys.readouterr())
    assert "job.unexpected_error" in text
    assert not [private for private in PRIVATE if private in text]


TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize("headers", [{"traceparent": f"00-{TRACE}-b7ad6b7169203331-00"}, {}])
async def test_each_event_of_a_job_names_it_and_its_trace(headers: dict[str, str]) -> None:
    seen: list[dict[str, Any]] = []

    def answer(_request: httpx.Request) -> httpx.Response:
        seen.append(structlog.contextvars.get_contextvars())
        return _found(_request)

    delivery = replace(_delivery(), trace=headers)
    await asyncio.create_task(verified(delivery, _services(Source(qf=answer, rsa=answer))))
    (names,) = {tuple(sorted(names.items())) for names in seen}
    trace_id = dict(names)["trace_id"]
    assert names == (
        ("job_id", "job-1"),
        ("tenant", CLAMART),
        ("trace_id", trace_id),
        ("vendor", "millesime"),
    )
    assert trace_id == TRACE or (not headers and len(trace_id) == len(TRACE))
    assert structlog.contextvars.get_contextvars() == {}


async def test_a_job_that_is_put_off_keeps_the_name_of_its_trace() -> None:
    names: list[str] = []

    def answer(_request: httpx.Request) -> httpx.Response:
        names.append(structlog.contextvars.get_contextvars()["trace_id"])
        return httpx.Response(503)

    time = ManualTime()
    acting = services(httpx.MockTransport(answer), OneToken(), time)
    await asyncio.create_task(answered(replace(_delivery(BOTH[0]), lane=Lane.BATCH), acting, time))
    assert len(names) > 1
    assert len(set(names)) == 1
