"""The sandbox's failures over real HTTP, from the program that vendors' integrators start."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from connector.clock import utc_now
from connector.demo.deployment import PROGRAM
from connector.demo.program import Program
from connector.files import write_new_private
from tests.sandbox_control import SandboxControl
from tests.sandboxes import CLAIRE, QF, RECIPIENT, SPORT, habilitation

LOOKS = 1000
CONTROLLED = (("GET", "/sandbox/calls"), ("POST", "/sandbox/failures"), ("DELETE", "/sandbox/failures"))
SPORT_QUERY = {**RECIPIENT, "identifiant": "1"}
OPTIONS = (
    *("--quota", "3/min"),
    *("--fail", "dss=reset,times=1"),
    *("--fail", "cnous=maintenance,retry_in=5,for=3600"),
)


def bearer(name: str) -> dict[str, str]:
    """Return the headers of a token whose quota nobody else uses."""
    return {"Authorization": f"Bearer {habilitation(name, expires_at=utc_now() + timedelta(days=1))}"}


def address_of(program: Program) -> str:
    """Return where a sandbox listens, once it does."""
    return program.wait_for("sandbox ready on ").split("ready on ")[1].split()[0]


def until(seen: Callable[[], bool]) -> None:
    """Look, a bounded number of times, until something is seen."""
    if not any(seen() for _look in range(LOOKS)):
        pytest.fail("it was never seen")


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    """A sandbox that fails from its start."""
    with Program([*PROGRAM, "sandbox", "--port", "0", *OPTIONS], os.environ) as started:
        yield started


@pytest.fixture(scope="module")
def url(program: Program) -> str:
    return address_of(program)


@pytest.fixture
def client(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, timeout=60) as opened:
        yield opened


def calls(client: httpx.Client, **query: Any) -> list[dict[str, Any]]:
    """Return the calls that the sandbox has received."""
    received: list[dict[str, Any]] = client.get("/sandbox/calls", params=query).json()["calls"]
    return received


def hang(url: str, headers: dict[str, str]) -> socket.socket:
    """Make a call of the athletes' source that is not waited for."""
    request = httpx.Request("GET", f"{url}{SPORT}", params=SPORT_QUERY)
    connection = socket.create_connection((request.url.host, request.url.port or 80))
    lines = [f"GET {request.url.raw_path.decode()} HTTP/1.1", "Host: sandbox"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    connection.sendall("\r\n".join([*lines, "", ""]).encode())
    return connection


def test_a_reset_is_one_and_the_next_call_is_answered(client: httpx.Client) -> None:
    # A connection that is closed in order would be a RemoteProtocolError.
    with pytest.raises(httpx.ReadError):
        client.get(QF, params=CLAIRE, headers=bearer("reset"))
    answer = client.get(QF, params=CLAIRE, headers=bearer("reset"))
    assert answer.status_code == 200
    assert answer.headers["RateLimit-Limit"] == "3"
    assert [call["status"] for call in calls(client, provider="dss")][:2] == [None, 200]


def test_a_maintenance_asks_to_wait_and_shows_in_the_ping(client: httpx.Client) -> None:
    answer = client.get("/v4/cnous/etudiant_boursier/ine", headers=bearer("boursier"), params=RECIPIENT)
    assert answer.status_code == 422
    query = {**RECIPIENT, "ine": "1234567890A"}
    answer = client.get("/v4/cnous/etudiant_boursier/ine", headers=bearer("boursier"), params=query)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["code"]) == (503, "26020")
    assert error["meta"] == {"provider": "CNOUS", "retry_in": 5}
    assert client.get("/api/cnous_etudiant_boursier_ine/ping").status_code == 502
    assert client.get("/api/men_scolarite/ping").status_code == 200
    assert client.get("/api/nobody/ping").status_code == 404


def test_a_token_is_refused_beyond_its_quota(client: httpx.Client) -> None:
    headers = bearer("quota")
    # Two windows at most: six calls pass, and no seventh.
    answers = [client.get(QF, params=CLAIRE, headers=headers) for _ in range(7)]
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["errors"][0]["code"] == "00429"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert int(refused.headers["RateLimit-Reset"]) % 60 == 0
    assert abs(int(refused.headers["RateLimit-Reset"]) - time.time()) <= 120


def test_a_call_that_hangs_is_in_flight_until_its_client_gives_up() -> None:
    headers = bearer("patient")
    with (
        Program([*PROGRAM, "sandbox", "--port", "0", "--fail", "sdh=timeout"], os.environ) as program,
        httpx.Client(base_url=address_of(program), timeout=60) as client,
    ):

        def ask() -> int:
            return client.get(SPORT, params=SPORT_QUERY, headers=headers).status_code

        with hang(str(client.base_url), headers):
            until(lambda: len(calls(client)) == 1)
            client.post("/sandbox/failures", json={"provider": "sdh", "kind": "conflict"}).raise_for_status()
            assert ask() == 409
        until(lambda: ask() == 404)
        assert calls(client, provider="sdh")[0]["status"] is None


def test_a_call_that_has_hung_is_reset(client: httpx.Client) -> None:
    hanging = {"provider": "men", "kind": "timeout", "after_seconds": 0.05}
    made = client.post("/sandbox/failures", json=hanging)
    assert (made.status_code, made.json()["kind"]) == (201, "timeout")
    with pytest.raises(httpx.ReadError):
        client.get("/api/men_scolarite/ping")
    assert client.delete("/sandbox/failures", params={"provider": "men"}).status_code == 204
    assert client.get("/api/men_scolarite/ping").status_code == 200


def test_a_client_may_give_up_and_the_program_stop_while_calls_hang() -> None:
    with Program([*PROGRAM, "sandbox", "--port", "0", "--fail", "*=timeout"], os.environ) as program:
        url = address_of(program)
        with httpx.Client(base_url=url, timeout=60) as client, hang(url, bearer("patient")) as connection:
            with pytest.raises(httpx.ReadTimeout):
                client.get("/api/sdh_statut_sportif/ping", timeout=0.2)
            until(lambda: len(calls(client)) == 2)
            assert program.stop() == 0
            assert connection.recv(1) == b""
        assert "Traceback" not in "".join(program.said)


def test_a_sandbox_that_listens_beyond_this_machine_closes_its_own_routes() -> None:
    options = ("--host", "0.0.0.0", "--port", "0")  # noqa: S104 - what is tested
    with Program([*PROGRAM, "sandbox", *options], os.environ) as program:
        url = reached_at(program)
        for method, path in CONTROLLED:
            assert httpx.request(method, url + path).status_code == 403
        assert httpx.get(f"{url}/api/pings").status_code == 200


def test_its_own_routes_ask_for_their_token(tmp_path: Path) -> None:
    """As the README has it."""
    token = tmp_path / "control.token"
    write_new_private(token, "control-token-of-the-sandbox\n")
    options = ("--host", "0.0.0.0", "--port", "0", "--control-token-file", str(token))  # noqa: S104 - likewise
    with Program([*PROGRAM, "sandbox", *options], os.environ) as program:
        url = reached_at(program)
        for method, path in CONTROLLED:
            assert httpx.request(method, url + path).status_code == 401
        control = SandboxControl(url, "control-token-of-the-sandbox")
        control.fail("dss", "503")
        control.recover()
        control.forget_calls()
        assert control.calls() == []
    assert "control-token" not in "".join(program.said)


def reached_at(program: Program) -> str:
    """Return where this machine reaches a sandbox that listens on every address."""
    return f"http://127.0.0.1:{address_of(program).rpartition(':')[2]}"
