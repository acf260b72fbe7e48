"""The sandbox's failures on demand: what each kind answers, to whom, and until when."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner

from connector.catalogue import CATALOGUE
from connector.cli.sandbox.commands import sandbox as command
from connector.sandbox.failure_answers import Outage, as_errors
from connector.sandbox.failure_forms import FailureFormError, read_json, read_option
from connector.sandbox.failures import DGFIP, EVERY, FAILING, Failure, Failures, Kind
from connector.sandbox.tokens import sign
from connector.sources.nomenclature.table import title_of
from schemas.codes import Call as Way
from tests.sandboxes import CLAIRE, NOW, QF, QF_FC, RECIPIENT, SPORT, Played, habilitation, person, played

AVIS = "/api/v2/avis-imposition"
AVIS_QUERY = {"numeroFiscal": "3099999999001", "referenceAvis": "2599999999001"}
SITUATION = "/impotparticulier/1.0/spi/3099999999001/situations/ir/assiettes/annrev/2024"
ANSWERED = [kind for kind in Kind if not kind.is_silent]
RSA = "/v3/dss/revenu_solidarite_active/identite"
RSA_FC = "/v3/dss/revenu_solidarite_active/france_connect"
WITH_FRANCE_CONNECT = [
    (endpoint.path, {**RECIPIENT, "immatriculation": "ZZ-123-ZZ"} if "/ants/" in endpoint.path else RECIPIENT)
    for check in CATALOGUE.values()
    for endpoint in check.endpoints
    if endpoint.call is Way.FRANCE_CONNECT
]
"""Every path, with a call of it."""
ELSEWHERE = {"recipient": "35600000000001"}


def test_an_option_and_json_make_the_same_failure() -> None:
    failure = read_option("dss=maintenance,retry_in=5,for=30,times=4")
    assert failure == Failure(
        provider="dss", kind=Kind.MAINTENANCE, for_seconds=30, times=4, retry_in_seconds=5
    )
    assert read_json(failure.model_dump_json().encode()) == failure
    assert read_json(b'{"provider": "*", "kind": "timeout", "after_seconds": 0.5}') == read_option(
        "*=timeout,after=0.5"
    )


@pytest.mark.parametrize(
    ("text", "defect"),
    [
        ("", "provider: one of ants "),
        ("dss", "kind: "),
        ("dss=", "kind: "),
        ("dss=broken", "kind: "),
        ("nobody=503", "provider: one of ants "),
        ("dss=503,", "a setting is unknown or repeated"),
        ("dss=503,until=3", "until is unknown or repeated"),
        ("dss=503,for=3,for=4", "for is unknown or repeated"),
        ("dss=503,for_seconds=3", "for_seconds is unknown or repeated"),
        ("dss=503,for=0", "for_seconds: "),
        ("dss=503,for=inf", "for_seconds: "),
        ("dss=503,for=", "for_seconds: "),
        ("dss=503,times=0", "times: "),
        ("dss=503,times=1.5", "times: "),
        ("dss=429,retry_in=-1", "retry_in_seconds: "),
        ("dss=timeout,after=121", "after_seconds: "),
        ("dss=503,after=1", "a time to hang is for the kind timeout"),
        ("dss=reset,retry_in=1", "a failure without an answer cannot ask to wait"),
    ],
)
def test_a_malformed_option_is_one_line_that_says_what_is_accepted(text: str, defect: str) -> None:
    with pytest.raises(FailureFormError) as caught:
        read_option(text)
    message = str(caught.value)
    assert message.startswith(f"--fail {text}: {defect}")
    assert "\n" not in message
    assert "PROVIDER=KIND[,for=SECONDS]" in message
    assert f"KIND one of {' '.join(Kind)}" in message


def test_the_command_refuses_a_malformed_option_and_shows_what_it_takes() -> None:
    for options, says in (
        (["--fail", "dss=broken"], "--fail dss=broken: kind: "),
        (["--quota", "20"], "--quota 20: write CALLS/s or CALLS/min"),
    ):
        refused = CliRunner().invoke(command, [*options, "--port", "0"])
        assert refused.exit_code == 2
        (line,) = refused.output.splitlines()
        assert line.startswith(f"ccas-connector: {says}")


@pytest.mark.parametrize(
    ("kind", "status", "code", "meta"),
    [
        ("429", 429, "00429", {}),
        ("502", 502, "36999", {"provider": "Sécurité sociale"}),
        ("503", 503, "36001", {"provider": "Sécurité sociale"}),
        ("504", 504, "36002", {"provider": "Sécurité sociale"}),
        ("maintenance", 503, "36020", {"provider": "Sécurité sociale"}),
        ("maintenance,retry_in=7", 503, "36020", {"provider": "Sécurité sociale", "retry_in": 7}),
        ("maintenance,for=8.5", 503, "36020", {"provider": "Sécurité sociale", "retry_in": 9}),
        ("network", 502, "00501", {"retry_in": 10}),
        ("network,retry_in=2", 502, "00501", {"retry_in": 2}),
        ("dns", 502, "36004", {"provider": "Sécurité sociale"}),
        ("tls", 502, "36009", {"provider": "Sécurité sociale"}),
        ("temporary", 502, "36011", {"provider": "Sécurité sociale"}),
        ("temporary,retry_in=3", 502, "36011", {"provider": "Sécurité sociale", "retry_in": 3}),
        ("provider-quota", 502, "36008", {"provider": "Sécurité sociale"}),
    ],
)
async def test_a_provider_fails_in_the_nomenclature_of_the_api(
    kind: str, status: int, code: str, meta: dict[str, Any]
) -> None:
    failing = played(f"dss={kind}")
    for path, token, query in ((RSA, habilitation(), CLAIRE), (RSA_FC, person(), RECIPIENT)):
        got = await failing.ask(path, token, query)
        assert got.code == (status, code)
        (error,) = got.body["errors"]
        assert error["meta"] == meta
        assert error["source"] is None
        assert error["title"] == title_of(code)
        assert error["detail"]


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [("502", 502, "35999"), ("504", 504, "35002"), ("maintenance", 503, "35020"), ("tls", 502, "35009")],
)
async def test_a_failure_of_a_family_quotient_is_said_of_both_funds(
    kind: str, status: int, code: str
) -> None:
    failing = played(f"dss={kind}")
    for path, token, query in ((QF, habilitation(), CLAIRE), (QF_FC, person(), RECIPIENT)):
        got = await failing.ask(path, token, query)
        assert got.code == (status, code)
        assert got.body["errors"][0]["meta"] == {"provider": "CNAF & MSA"}


async def test_a_refusal_says_until_when_and_how_long_where_it_is_told() -> None:
    failing = played("dss=429,retry_in=90")
    told = await failing.ask(QF, habilitation())
    assert told.headers["Retry-After"] == "90"
    assert told.headers["RateLimit-Limit"] == "20"
    assert told.headers["RateLimit-Remaining"] == "0"
    assert told.headers["RateLimit-Reset"] == str(int(NOW.timestamp()) + 90)
    failing.fail("dss=429")
    untold = await failing.ask(QF, habilitation())
    assert "Retry-After" not in untold.headers
    assert untold.headers["RateLimit-Reset"] == str(int(NOW.timestamp()) + 1)


def test_every_provider_has_its_digits() -> None:
    codes = {
        name: as_errors(Outage(Kind.MAINTENANCE, name)).body["errors"][0]["code"]
        for name in FAILING
        if name not in {DGFIP, EVERY}
    }
    assert codes == {
        "ants": "42020",
        "cnous": "26020",
        "dsnj": "39020",
        "dss": "36020",
        "france_connect": "51020",
        "france_travail": "24020",
        "gip_mds": "31020",
        "men": "30020",
        "mesri": "25020",
        "sdh": "41020",
    }


async def test_version_2_and_the_dgfip_fail_in_their_own_forms() -> None:
    failing, avis = played(), {"X-Api-Key": habilitation()}
    access = sign({"sub": "a", "exp": NOW.timestamp() + 60}, b"sandbox-dgfip")
    ir = {"X-Correlation-ID": "1" * 8 + "-1111" * 3 + "-" + "1" * 12}
    form = b"grant_type=client_credentials&client_id=a&client_secret=sandbox"
    urlencoded = {"Content-Type": "application/x-www-form-urlencoded"}
    statuses = []
    for option in (None, *ANSWERED):
        if option is not None:
            failing.fail(f"dgfip={option}" + ("" if option is Kind.CONFLICT else ",retry_in=4"))
        got = (
            await failing.ask(AVIS, None, AVIS_QUERY, headers=avis),
            await failing.ask(SITUATION, access, {}, headers=ir),
            await failing.ask("/token", None, {}, method="POST", headers=urlencoded, body=form),
        )
        statuses.append(tuple(one.status for one in got))
        if got[0].status != 200:
            assert [set(one.body) for one in got] == [
                {"error", "reason", "message"},
                {"erreur"},
                {"error", "error_description"},
            ]
            assert [one.headers["Retry-After"] for one in got] == ["4"] * 3
            assert isinstance(got[1].body["erreur"]["message"], str)
    assert statuses == [
        (200, 200, 200),
        (429, 429, 429),
        (502, 502, 502),
        (503, 503, 503),
        (504, 504, 504),
        (503, 503, 503),
        *[(503, 502, 502)] * 3,
        (502, 502, 502),
        (509, 502, 502),
        (200, 200, 200),
    ]


async def test_a_failure_concerns_its_provider_alone_and_the_star_everybody() -> None:
    one = played("dss=503")
    assert await one.statuses(1) == [503]
    assert (await one.ask(SPORT, habilitation(), {**RECIPIENT, "identifiant": "1"})).status != 503
    every = played("*=502", "dss=504")
    assert await every.statuses(1) == [504]
    assert (await every.ask(SPORT, habilitation(), {**RECIPIENT, "identifiant": "1"})).code == (502, "41999")
    assert (await every.ask("/api/introspect", habilitation())).status == 200
    assert (await every.ask("/api/ping")).status == 200


async def test_a_call_that_the_api_itself_refuses_reaches_no_provider() -> None:
    failing = played("*=503,times=1")
    assert (await failing.ask(QF, None)).status == 401
    assert (await failing.ask(QF, habilitation(scopes=frozenset()))).status == 403
    assert (await failing.ask(QF, habilitation(), {})).status == 422
    assert (await failing.ask(AVIS, None, AVIS_QUERY)).status == 401
    withdrawn = played("*=503", is_v2_withdrawn=True)
    assert (await withdrawn.ask(AVIS, None, AVIS_QUERY)).status == 410
    assert await failing.statuses(2) == [503, 200]


async def test_somebody_unknown_is_a_failure_like_anybody() -> None:
    nobody = {**CLAIRE, "nomNaissance": "PERSONNE"}
    failing = played("dss=503,times=1")
    assert (await failing.ask(QF, habilitation(), nobody)).status == 503
    assert (await failing.ask(QF, habilitation(), nobody)).status == 404


async def test_a_failure_ends_after_its_calls() -> None:
    failing = played("dss=503,times=2")
    assert await failing.statuses(4) == [503, 503, 200, 200]


async def test_a_failure_ends_after_its_seconds() -> None:
    failing = played("dss=503,for=30")
    statuses = []
    for _ in range(4):
        statuses += await failing.statuses(1)
        failing.let(seconds=14.9)
    assert statuses == [503, 503, 503, 200]
    exactly = played("dss=503,for=30")
    exactly.let(seconds=30)
    assert await exactly.statuses(1) == [200]


async def test_what_ends_first_ends_a_failure() -> None:
    failing = played("dss=503,for=30,times=2")
    failing.let(seconds=31)
    assert await failing.statuses(1) == [200]
    assert await played("dss=503,for=30,times=1").statuses(2) == [503, 200]


async def test_a_new_failure_replaces_the_one_of_its_provider() -> None:
    failing = played("dss=503,times=5", "cnous=504")
    assert await failing.statuses(1) == [503]
    failing.fail("dss=502,times=1")
    assert await failing.statuses(2) == [502, 200]
    assert failing.sandbox.failing.failures.of(NOW, "cnous") is not None


async def test_the_star_shows_again_when_the_provider_has_recovered() -> None:
    assert await played("*=502,times=2", "dss=503,times=1").statuses(4) == [503, 502, 502, 200]


def test_deciding_changes_nothing() -> None:
    failures = Failures().starting(read_option("dss=503,times=1"), NOW)
    met = failures.of_call(NOW, "dss", is_twin=False)
    assert met is not None
    assert failures.of_call(NOW, "dss", is_twin=False) == met
    assert failures.met(met).of_call(NOW, "dss", is_twin=False) is None
    assert failures.of_call(NOW, "cnous", is_twin=False) is None
    assert failures.in_force(NOW - timedelta(days=1)) == failures.in_force(NOW)


def test_a_call_that_asks_several_meets_the_failure_of_the_first_that_fails() -> None:
    failures = Failures()
    for option in ("*=502", "dss=503", "france_connect=504,times=1"):
        failures = failures.starting(read_option(option), NOW)
    both = ("france_connect", "dss")
    first = failures.of(NOW, *both)
    assert first is not None
    assert first.failure.kind is Kind.LATE
    after = failures.met(first)
    kinds = [met.failure.kind for asked in (both, ("men",)) if (met := after.of(NOW, *asked)) is not None]
    assert kinds == [Kind.UNAVAILABLE, Kind.BAD_ANSWER]
    assert failures.of(NOW, "dss", "france_connect") == failures.of(NOW, "dss")


@pytest.mark.parametrize(("path", "query"), WITH_FRANCE_CONNECT)
async def test_france_connect_fails_for_every_call_with_its_token(path: str, query: dict[str, Any]) -> None:
    got = await played("france_connect=maintenance,retry_in=7").ask(path, person(), query)
    assert got.code == (503, "51020")
    assert got.body["errors"][0]["meta"] == {"provider": "FranceConnect", "retry_in": 7}


async def test_france_connect_fails_for_no_other_call() -> None:
    failing = played("france_connect=503")
    assert await failing.statuses(1) == [200]
    assert (await failing.ask("/api/cnaf_msa_quotient_familial/ping")).status == 200
    assert (await failing.ask(QF_FC, "?", RECIPIENT)).code == (401, "51501")
    assert (await failing.ask(QF_FC, person(), {})).code == (422, "00203")
    assert (await failing.ask(QF_FC, person(), RECIPIENT)).code == (503, "51001")


async def test_france_connect_is_asked_before_the_provider() -> None:
    failing = played("*=502", "dss=504,times=2", "france_connect=503,times=1")
    codes = [(await failing.ask(QF_FC, person(), RECIPIENT)).code for _ in range(4)]
    assert codes == [(503, "51001"), (504, "35002"), (504, "35002"), (502, "35999")]


async def _at_once(sandbox: Played, *queries: dict[str, Any], tokens: tuple[str, ...] = ()) -> list[int]:
    """Make calls that are in flight together."""
    given = tokens or (habilitation(),) * len(queries)
    return await _together(
        sandbox, *((QF, token, query) for token, query in zip(given, queries, strict=True))
    )


async def _together(sandbox: Played, *calls: tuple[str, str, dict[str, Any]]) -> list[int]:
    """Make calls that are in flight together, each given by its path, token and query."""
    return [got.status for got in await asyncio.gather(*(sandbox.ask(*call) for call in calls))]


async def test_a_conflict_is_between_identical_calls_in_flight() -> None:
    failing, claire = played("dss=conflict"), dict(CLAIRE)
    other = {**claire, "prenoms[]": ["CLAIRE", "ANNE"]}
    assert await _at_once(failing, claire, claire, other, claire) == [200, 409, 404, 409]
    assert await _at_once(failing, claire, claire, tokens=(habilitation("a"), habilitation("b"))) == [
        200,
        200,
    ]
    assert await failing.statuses(3) == [200, 200, 200]
    assert await _at_once(played(), claire, claire) == [200, 200]


async def test_only_calls_in_conflict_count_as_failed() -> None:
    failing, claire = played("dss=conflict,times=1"), dict(CLAIRE)
    assert await failing.statuses(2) == [200, 200]
    assert await _at_once(failing, claire, claire, claire) == [200, 409, 200]
    failing.fail("dss=conflict")
    twins = await asyncio.gather(*(failing.ask(QF, habilitation()) for _ in range(2)))
    assert twins[1].code == (409, "00015")


@pytest.mark.parametrize(("path", "query"), WITH_FRANCE_CONNECT)
async def test_two_people_at_once_are_in_conflict_for_one_recipient_of_france_connect(
    path: str, query: dict[str, Any]
) -> None:
    sandbox = played()
    both = [sandbox.ask(path, token, query) for token in ("exemple", person("PERSONNE"))]
    first, second = await asyncio.gather(*both)
    assert first.status == 200
    assert second.code == (409, "00015")
    assert second.body["errors"][0]["title"] == "Conflit"
    assert second.body["errors"][0]["meta"] == {}
    assert (await sandbox.ask(path, person("PERSONNE"), query)).status == 404


async def test_calls_by_france_connect_are_in_conflict_neither_elsewhere_nor_for_another() -> None:
    month = {**RECIPIENT, "annee": 2026, "mois": 6}
    calls = (
        (QF_FC, "exemple", RECIPIENT),
        (QF_FC, "exemple", ELSEWHERE),
        (RSA_FC, "exemple", RECIPIENT),
        (QF, habilitation(), dict(CLAIRE)),
        (QF_FC, person("PERSONNE"), month),
    )
    assert await _together(played(), *calls) == [200, 200, 200, 200, 409]


async def test_a_call_by_france_connect_that_the_api_refuses_is_not_in_conflict() -> None:
    refused = ((QF_FC, "?", RECIPIENT), (QF_FC, person(), {**RECIPIENT, "mois": 13}))
    assert await _together(played(), (QF_FC, "exemple", RECIPIENT), *refused) == [200, 401, 422]


async def test_a_call_in_conflict_meets_no_failure() -> None:
    failing = played("dss=503,times=2")
    both = ((QF_FC, person(), RECIPIENT), (QF_FC, person(), RECIPIENT))
    assert await _together(failing, *both) == [503, 409]
    assert await _together(failing, *both) == [503, 409]
    assert await _together(failing, *both) == [404, 409]


async def test_a_reset_ends_the_connection_at_once() -> None:
    failing = played("dss=reset,times=1")
    assert (await failing.ask(QF, habilitation())).is_reset
    got = await failing.ask(QF, habilitation())
    assert (got.status, got.is_reset) == (200, False)


async def test_a_timeout_hangs_as_long_as_asked_then_ends_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    failing = played("dss=timeout,after=2.5", latency_seconds=0.1)
    assert (await failing.ask(QF, habilitation())).is_reset
    failing.fail("dss=timeout")
    assert (await failing.ask(QF, habilitation())).is_reset
    assert slept == [0.1, 2.5, 0.1, 120.0]


async def test_failures_are_listed_made_and_cleared() -> None:
    failing = played("dss=maintenance,for=30,times=9")
    failing.let(seconds=10)
    assert await failing.statuses(1) == [503]
    made = await failing.control("failures", "POST", b'{"provider": "*", "kind": "504"}')
    assert made.status == 201
    listed = (await failing.control("failures")).body["failures"]
    assert listed == [
        made.body,
        {
            "provider": "dss",
            "kind": "maintenance",
            "for_seconds": 30.0,
            "times": 9,
            "retry_in_seconds": None,
            "after_seconds": None,
            "seconds_left": 20.0,
            "calls_left": 8,
        },
    ]
    assert (await failing.control("failures", "DELETE", provider="dss")).status == 204
    assert await failing.statuses(1) == [504]
    failing.fail("dss=503", "cnous=503")
    assert (await failing.control("failures", "DELETE")).status == 204
    assert (await failing.control("failures")).body == {"failures": []}
    assert await failing.statuses(1) == [200]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff",
        b'{"provider": "dss"}',
        b'{"provider": "nobody", "kind": "503"}',
        b'{"provider": "dss", "kind": "503", "until": 3}',
        b'{"provider": "dss", "kind": "503", "for_seconds": NaN}',
        json.dumps({"provider": "dss", "kind": "503", "times": 0}).encode(),
    ],
)
async def test_a_malformed_failure_is_a_400_that_says_what_is_accepted(body: bytes) -> None:
    failing = played()
    got = await failing.control("failures", "POST", body)
    assert got.status == 400
    assert "\n" not in got.body["error"]
    assert 'send {"provider": PROVIDER, "kind": KIND}' in got.body["error"]
    assert (await failing.control("failures")).body == {"failures": []}


async def test_a_provider_that_nobody_knows_clears_nothing() -> None:
    failing = played("dss=503")
    got = await failing.control("failures", "DELETE", provider="dsss")
    assert (got.status, got.body["error"][:16]) == (400, "provider: one of")
    assert await failing.statuses(1) == [503]
