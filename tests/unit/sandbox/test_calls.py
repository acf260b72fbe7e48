"""The sandbox's pings, and its list of the calls received."""

import asyncio
import json
from typing import Any

import pytest

from connector.sandbox.calls import Calls
from tests.sandboxes import CLAIRE, NOW, QF, RECIPIENT, SPORT, Played, habilitation, played

PINGS = {
    "ants": "ants",
    "cnaf_msa_allocation_adulte_handicape": "dss",
    "cnaf_msa_allocation_soutien_familial": "dss",
    "cnaf_msa_participation_familiale_eaje": "dss",
    "cnaf_msa_prime_activite": "dss",
    "cnaf_msa_quotient_familial": "dss",
    "cnaf_msa_revenu_solidarite_active": "dss",
    "cnous_etudiant_boursier_france_connect": "cnous",
    "cnous_etudiant_boursier_identite": "cnous",
    "cnous_etudiant_boursier_ine": "cnous",
    "dsnj_service_national": "dsnj",
    "men_scolarite": "men",
    "mesri_statut_etudiant_identite": "mesri",
    "mesri_statut_etudiant_ine": "mesri",
    "pole_emploi_indemnites": "france_travail",
    "pole_emploi_status": "france_travail",
    "sdh_statut_sportif": "sdh",
    "securite_sociale_complementaire_sante_solidaire": "dss",
}


async def _calls(sandbox: Played, **query: Any) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = (await sandbox.control("calls", **query)).body["calls"]
    return listed


async def test_pings_are_listed_by_name() -> None:
    got = await played().ask("/api/pings")
    assert got.status == 200
    assert sorted(ping["url"] for ping in got.body) == [f"http://sandbox/api/{name}/ping" for name in PINGS]
    assert all(ping["name"] for ping in got.body)


@pytest.mark.parametrize(("name", "provider"), PINGS.items())
async def test_a_ping_says_whether_its_provider_is_up(name: str, provider: str) -> None:
    ping = f"/api/{name}/ping"
    assert (await played().ask(ping)).body["status"] == "ok"
    failing = played(f"{provider}=503,for=5")
    assert (await failing.ask(ping)).status == 502
    failing.let(seconds=5)
    assert (await failing.ask(ping)).status == 200


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("429", 200),
        ("502", 502),
        ("503", 502),
        ("504", 502),
        ("maintenance", 502),
        ("network", 502),
        ("dns", 502),
        ("tls", 502),
        ("temporary", 502),
        ("provider-quota", 502),
        ("conflict", 200),
    ],
)
async def test_a_provider_that_refuses_is_up_and_one_that_fails_is_not(kind: str, status: int) -> None:
    assert (await played(f"*={kind}").ask("/api/men_scolarite/ping")).status == status


@pytest.mark.parametrize("kind", ["reset", "timeout,after=0"])
async def test_a_provider_that_is_silent_leaves_its_ping_without_an_answer(kind: str) -> None:
    failing = played(f"men={kind}")
    assert (await failing.ask("/api/men_scolarite/ping")).is_reset
    assert [call["status"] for call in await _calls(failing)] == [None]


async def test_a_ping_uses_up_none_of_the_calls_that_fail() -> None:
    failing = played("dss=503,times=1")
    for _ in range(3):
        assert (await failing.ask("/api/cnaf_msa_quotient_familial/ping")).status == 502
    assert await failing.statuses(2) == [503, 200]
    assert (await failing.ask("/api/cnaf_msa_quotient_familial/ping")).status == 200


def test_only_these_names_are_pinged() -> None:
    resources = played().served.router.resources()
    served = {resource.canonical for resource in resources if resource.canonical.endswith("/ping")}
    assert served == {"/api/ping", *(f"/api/{name}/ping" for name in PINGS)}


async def test_calls_are_listed_without_anything_of_a_person() -> None:
    seen = played()
    await seen.ask(QF, habilitation())
    seen.let(seconds=1.5)
    await seen.ask("/impotparticulier/1.0/spi/3099999999001/situations/ir/assiettes/annrev/2024")
    await seen.ask("/api/pole_emploi_status/ping")
    got = await seen.control("calls")
    start = NOW.timestamp()
    template = "/impotparticulier/1.0/spi/{spi}/situations/ir/assiettes/annrev/{annrev}"
    assert got.body == {
        "total": 3,
        "calls": [
            {
                "number": 1,
                "at": start,
                "provider": "dss",
                "path": QF,
                "kind": "call",
                "recipient": RECIPIENT["recipient"],
                "status": 200,
            },
            {
                "number": 2,
                "at": start + 1.5,
                "provider": "dgfip",
                "path": template,
                "kind": "call",
                "recipient": RECIPIENT["recipient"],
                "status": 401,
            },
            {
                "number": 3,
                "at": start + 1.5,
                "provider": "france_travail",
                "path": "/api/pole_emploi_status/ping",
                "kind": "ping",
                "recipient": RECIPIENT["recipient"],
                "status": 200,
            },
        ],
    }
    text = json.dumps(got.body)
    for value in ("?", "EXEMPLE", "3099999999001", habilitation()):
        assert value not in text


async def test_calls_are_told_by_provider_and_after_a_number() -> None:
    seen = played()
    for path in (QF, SPORT, QF, SPORT, QF):
        await seen.ask(path, habilitation())
    assert [call["number"] for call in await _calls(seen, after=2)] == [3, 4, 5]
    assert [call["number"] for call in await _calls(seen, provider="sdh", after=2)] == [4]
    assert (await seen.control("calls", provider="dss", after=5)).body == {"total": 3, "calls": []}
    assert await _calls(seen, after=99) == []
    assert await _calls(seen, provider="men") == []


@pytest.mark.parametrize(
    "query",
    [{"provider": "nobody"}, {"provider": "*"}, {"after": "x"}, {"after": "-1"}, {"after": "9" * 5000}],
)
async def test_a_list_that_makes_no_sense_is_refused(query: dict[str, Any]) -> None:
    got = await played().control("calls", **query)
    assert got.status == 400
    assert got.body["error"].startswith(next(iter(query)))


async def test_a_call_counts_when_it_arrives() -> None:
    seen = played("dss=timeout")
    hanging = asyncio.ensure_future(seen.ask(QF, habilitation(), CLAIRE))
    for _look in range(100):
        if not seen.sandbox.calls.total():
            await asyncio.sleep(0)
    assert [(call["number"], call["status"]) for call in await _calls(seen)] == [(1, None)]
    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging
    assert [(call["number"], call["status"]) for call in await _calls(seen)] == [(1, None)]
    seen.fail("dss=conflict")
    assert await seen.statuses(1) == [200]


async def test_calls_are_forgotten_and_numbers_go_on() -> None:
    seen = played()
    await seen.statuses(2)
    assert (await seen.control("calls", "DELETE")).status == 204
    assert (await seen.control("calls")).body == {"total": 0, "calls": []}
    await seen.statuses(1)
    assert [call["number"] for call in await _calls(seen, after=2)] == [3]
    assert (await seen.control("calls")).body["total"] == 1


def test_the_last_calls_are_kept_and_all_are_counted() -> None:
    calls = Calls(most=3)
    numbers = [calls.arrive(NOW, "dss", QF) for _ in range(5)]
    for number in numbers:
        calls.answer(number, 200 + number)
    assert calls.total() == calls.total("dss") == 5
    assert [(call.number, call.status) for call in calls.after(0)] == [(3, 203), (4, 204), (5, 205)]
    assert [call.number for call in calls.after(3)] == [4, 5]
    calls.forget()
    calls.answer(5, 500)
    assert list(calls.after(0)) == []
