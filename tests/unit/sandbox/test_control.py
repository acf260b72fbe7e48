"""The sandbox's own routes are this machine's, or those of whoever has their token; the API's are anybody's."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from connector.cli import command_line
from connector.sandbox.control import CALLS, FAILURES
from connector.sandbox.setting import ControlAccess, ControlTokenError, read_control_token
from tests.sandboxes import QF, Played, habilitation, played

TOKEN = "control-token-of-the-sandbox"
EVERY = [("GET", FAILURES), ("POST", FAILURES), ("DELETE", FAILURES), ("GET", CALLS), ("DELETE", CALLS)]
FAILURE = json.dumps({"provider": "dss", "kind": "503"}).encode()
LET_IN = {"GET": 200, "POST": 201, "DELETE": 204}


async def _use(sandbox: Played, method: str, path: str, authorization: str | None = None) -> Any:
    headers = {} if authorization is None else {"Authorization": authorization}
    return await sandbox.ask(
        path, None, {}, method=method, headers=headers, body=FAILURE if method == "POST" else b""
    )


@pytest.mark.parametrize(("method", "path"), EVERY)
async def test_on_this_machine_no_token_is_needed(method: str, path: str) -> None:
    assert (await _use(played(), method, path)).status == LET_IN[method]


@pytest.mark.parametrize(("method", "path"), EVERY)
@pytest.mark.parametrize("authorization", [None, "Bearer", "Bearer ", f"Bearer {TOKEN}"])
async def test_beyond_it_they_are_closed_without_a_token(
    method: str, path: str, authorization: str | None
) -> None:
    sandbox = played("dss=503", control=ControlAccess(is_local=False))
    got = await _use(sandbox, method, path, authorization)
    assert (got.status, "--control-token-file" in got.body["error"]) == (403, True)
    assert (await sandbox.ask(QF, habilitation())).status == 503


@pytest.mark.parametrize("is_local", [True, False])
@pytest.mark.parametrize(("method", "path"), EVERY)
async def test_where_there_is_one_they_ask_for_it(method: str, path: str, *, is_local: bool) -> None:
    sandbox = played("dss=503", control=ControlAccess(is_local=is_local, token=TOKEN))
    for wrong in (
        None,
        "",
        "Bearer",
        "Bearer ",
        TOKEN,
        f"Basic {TOKEN}",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN.upper()}",
        f"Bearer {habilitation()}",
    ):
        got = await _use(sandbox, method, path, wrong)
        assert (got.status, TOKEN in json.dumps(got.body)) == (401, False)
        assert got.headers["WWW-Authenticate"] == "Bearer"
    assert (await sandbox.ask(QF, habilitation())).status == 503
    for right in (f"Bearer {TOKEN}", f"bearer  {TOKEN}"):
        assert (await _use(sandbox, method, path, right)).status == LET_IN[method]


def test_a_header_that_is_no_text_is_refused() -> None:
    """Its bytes are read as halves of surrogate pairs."""
    assert ControlAccess(token=TOKEN).refusal("Bearer \udce9\u00e9") is not None


def test_a_token_is_not_shown() -> None:
    assert TOKEN not in repr(ControlAccess(token=TOKEN))


def test_a_token_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "token"
    made = CliRunner().invoke(command_line, ["registry", "new-key", "--output", str(path)])
    assert made.exit_code == 0
    assert read_control_token(path) == path.read_text("ascii").strip()


@pytest.mark.parametrize(
    "held", ["", "\n", "sesame", "sesame and more than sixteen", "sesame\u00e9 sixteen-or-more", "s" * 513]
)
def test_a_file_that_holds_no_token_is_refused_without_being_shown(held: str, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(held, "utf-8")
    with pytest.raises(ControlTokenError) as refused:
        read_control_token(path)
    assert "sesame" not in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ControlTokenError, match="cannot be read"):
        read_control_token(tmp_path / "token")
