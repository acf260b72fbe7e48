"""``ccas-connector checks drift`` against the sandbox, as it is and with a nomenclature that has changed."""

import json
import os
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from connector.demo.deployment import PROGRAM
from connector.demo.program import Program
from tests.forked.start import run

RSA = "api_particulier_v3_cnav_revenu_solidarite_active_with_civility"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[str]:
    """The address of a sandbox."""
    with Program([*PROGRAM, "sandbox", "--port", "0"], os.environ) as program:
        yield program.wait_for("sandbox ready on ").split("ready on ")[1].split()[0]


def drift(url: str, *options: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CONNECTOR_")}
    return run([*PROGRAM, "checks", "drift", *options], {**environment, "CONNECTOR_API_PARTICULIER_URL": url})


def served(document: Any) -> Iterator[str]:
    """Serve a nomenclature, and yield the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


NO_STATUS = "9" * 5000
"""More digits than Python reads as a number."""


@pytest.fixture
def changed(sandbox: str) -> Iterator[str]:
    """An API with the sandbox's nomenclature: one code added, one kind changed, and a status that is none."""
    with urllib.request.urlopen(f"{sandbox}/api/errors", timeout=30) as response:  # noqa: S310 - on loopback
        document = json.loads(response.read())
    document["endpoints"][RSA]["errors"]["502"].append({"code": "36012", "title": "Nouvelle panne"})
    document["generic_subcodes"]["011"]["title"] = "Erreur définitive"
    document["platform_codes"][NO_STATUS] = [{"code": "00214", "title": "Autre"}]
    yield from served(document)


def test_the_sandbox_says_nothing_that_is_not_known(sandbox: str) -> None:
    finished = drift(sandbox)
    assert (finished.returncode, finished.stderr) == (0, "")
    assert "every code of the API's nomenclature is known" in finished.stdout


def test_a_code_that_was_added_and_a_kind_that_changed_are_both_named(changed: str) -> None:
    finished = drift(changed)
    assert finished.returncode == 1
    for word in ("36012", "Nouvelle panne", "upstream_error", "011", "Erreur définitive", "changed kind"):
        assert word in finished.stdout
    told = {one["code"]: one for one in json.loads(drift(changed, "--json").stdout)}
    assert told["011"]["kind"] == "changed_kind"
    assert told["00214"]["statuses"] == [NO_STATUS]
    assert told["36012"] == {
        "kind": "unknown_code",
        "code": "36012",
        "now": "Nouvelle panne",
        "known": None,
        "statuses": [502],
        "operations": [RSA],
        "means": "upstream_error",
    }


def test_an_api_that_is_away_is_told_in_one_line() -> None:
    finished = drift("http://127.0.0.1:1")
    assert (finished.returncode, finished.stdout) == (2, "")
    assert finished.stderr.count("\n") == 1
    assert "CONNECTOR_API_PARTICULIER_URL: the API does not answer" in finished.stderr
