"""The life of a token as an operator meets it: set, rotated, checked, watched and revoked, on real parts."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from connector.cli import command_line
from connector.clock import utc_now
from connector.demo.deployment import BOURG, CLAMART, PROGRAM, SANS_JETON, VIEUX
from connector.demo.node import RabbitNode
from connector.demo.program import Program
from connector.demo.vendor import VendorClient
from connector.vault import new_key
from tests.deployments import Deployment
from tests.jobs import job
from tests.sandbox_tokens import NOWHERE, issue, make_due
from tests.servers.redis_node import RedisNode
from tests.tokens import jwt


@pytest.fixture(scope="module")
def shared() -> Iterator[Deployment]:
    """A registry and a sandbox, without a broker."""
    with Deployment("amqp://guest:guest@127.0.0.1:1//") as deployed:
        yield deployed


@pytest.fixture
def alone(shared: Deployment, tmp_path: Path) -> Iterator[Deployment]:
    """The same sandbox, with a copy of the registry for this test alone."""
    former = shared.environment
    database = tmp_path / "registry.db"
    database.touch(0o600)
    with sqlite3.connect(former["CONNECTOR_DATABASE_URL"].removeprefix("sqlite:///")) as source:
        source.execute("VACUUM INTO ?", (str(database),))
    source.close()
    shared.environment = {**former, "CONNECTOR_DATABASE_URL": f"sqlite:///{database}"}
    yield shared
    shared.environment = former


@dataclass(frozen=True)
class Finished:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


def run(
    deployed: Deployment,
    *arguments: str,
    stdin: str = "",
    settings: Mapping[str, str] | None = None,
) -> Finished:
    """Run a command of ``tenants token`` with the settings of a deployment, and hold that it shows no token."""
    result = CliRunner().invoke(
        command_line,
        ["tenants", "token", *arguments],
        env={"COLUMNS": "200", **deployed.environment, **(settings or {})},
        input=stdin,
    )
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "eyJhb" not in result.output
    return Finished(result.exit_code, result.stdout, result.stderr)


def checked(deployed: Deployment, *sirets: str, status: int) -> dict[str, dict[str, object]]:
    """Return what ``check --json`` says, by SIRET."""
    finished = run(deployed, "check", *sirets, "--json")
    assert finished.returncode == status, finished.stderr
    return {row["siret"]: row for row in json.loads(finished.stdout)}


def refused(finished: Finished, status: int = 2) -> str:
    """Return the one line of a command that was refused."""
    assert finished.returncode == status
    (line,) = finished.stderr.splitlines()
    return line


def shown(deployed: Deployment, siret: str = CLAMART) -> str:
    """Return what is stored of a tenant, as far as it is shown."""
    return CliRunner().invoke(command_line, ["tenants", "show", siret], env=deployed.environment).stdout


def test_every_token_is_checked_against_what_its_vendors_grants_need(alone: Deployment) -> None:
    rows = checked(alone, status=1)

    assert {siret: row["state"] for siret, row in rows.items()} == {
        CLAMART: "accepted",
        BOURG: "accepted",
        VIEUX: "expired",
        SANS_JETON: "missing",
    }
    assert rows[CLAMART]["missing_scopes"] == []
    assert rows[CLAMART]["superfluous_scopes"] == ["cnaf_adresse"]
    assert rows[BOURG]["missing_scopes"] == ["dgfip_avis_imposition", "revenu_solidarite_active"]
    assert rows[CLAMART]["days_left"] == 29
    assert all(row["needs_a_hand"] for row in rows.values())


def test_a_check_that_finds_nothing_to_do_exits_0(alone: Deployment) -> None:
    assert run(alone, "set", CLAMART, stdin=issue("clamart")).returncode == 0

    finished = run(alone, "check", CLAMART)

    assert finished.returncode == 0
    assert "1 tokens checked, 0 need a hand" in finished.stdout


@pytest.mark.parametrize("place", ["file", "env", "stdin"])
def test_a_token_is_set_from_each_place(alone: Deployment, tmp_path: Path, place: str) -> None:
    path = tmp_path / "token"
    path.write_text(issue("sans-jeton") + "\n", "utf-8")
    options = {"file": ["--file", str(path)], "env": ["--env", "NEW_TOKEN"], "stdin": []}[place]

    dry = run(
        alone,
        "set",
        SANS_JETON,
        *options,
        "--dry-run",
        stdin=path.read_text("utf-8"),
        settings={"NEW_TOKEN": path.read_text("utf-8")},
    )
    before = shown(alone, SANS_JETON)
    done = run(
        alone,
        "set",
        SANS_JETON,
        *options,
        stdin=path.read_text("utf-8"),
        settings={"NEW_TOKEN": path.read_text("utf-8")},
    )

    assert "would be set; expires on" in dry.stdout
    assert "token    none" in before
    assert done.stdout.startswith("set; expires on")
    assert checked(alone, SANS_JETON, status=0)[SANS_JETON]["state"] == "accepted"


@pytest.mark.parametrize("command", ["set", "rotate"])
@pytest.mark.parametrize(
    ("token", "says"),
    [
        ("", "a JWT is expected"),
        ("5f3b1c0e-7c0a-4d0e-9d1f-0f6a3c1b2a90", "a JWT is expected"),
        ("eyJ.not.a-jwt", "a JWT is expected"),
        (jwt("old", utc_now() - timedelta(days=1)), "this token expired on"),
    ],
    # Each process that collects it would name a token of its own moment.
    ids=["nothing", "no dot", "no claims", "expired"],
)
def test_what_is_no_token_that_serves_changes_nothing(
    alone: Deployment, command: str, token: str, says: str
) -> None:
    before = shown(alone)

    assert says in refused(run(alone, command, CLAMART, stdin=token))

    assert shown(alone) == before


def test_a_wrong_key_changes_nothing(alone: Deployment) -> None:
    before = shown(alone)
    wrong = {"CONNECTOR_SECRET_KEY": new_key()}

    for command in (("set", CLAMART), ("rotate", CLAMART), ("check", CLAMART)):
        line = refused(run(alone, *command, stdin=issue("new"), settings=wrong))
        assert line.startswith("ccas-connector: CONNECTOR_SECRET_KEY: does not open the token of tenant")

    assert shown(alone) == before


def test_an_unknown_tenant_is_said_to_be_unknown(alone: Deployment) -> None:
    for command in ("set", "rotate", "check", "revoke"):
        line = refused(run(alone, command, "35600000000048", stdin=issue("new")))
        assert "no tenant has the SIRET 35600000000048; see: ccas-connector tenants list" in line


def test_a_token_that_the_api_refuses_is_not_rotated_in(alone: Deployment) -> None:
    before = shown(alone)

    line = refused(run(alone, "rotate", CLAMART, stdin=issue("revoked", is_revoked=True)))

    assert "the API refuses the new token (token_revoked); nothing was changed" in line
    assert shown(alone) == before


def test_a_token_is_revoked_once_that_is_agreed(alone: Deployment) -> None:
    dry = run(alone, "revoke", CLAMART, "--dry-run")
    asked = run(alone, "revoke", CLAMART, stdin="n\n")
    before = shown(alone)
    done = run(alone, "revoke", CLAMART, "--yes")

    assert "would be removed" in dry.stdout
    assert asked.returncode == 1
    assert "token    set" in before
    assert (done.returncode, "removed" in done.stdout) == (0, True)
    assert "token    none" in shown(alone)
    assert "dgfip    set" in shown(alone)
    assert run(alone, "revoke", CLAMART, "--yes").stdout == f"tenant {CLAMART} has no token\n"


def beat(deployed: Deployment, *options: str, settings: Mapping[str, str] | None = None) -> Program:
    """Start a beat."""
    return deployed.start(
        *PROGRAM, "beat", *options, settings={"CONNECTOR_LOG_FORMAT": "json", **(settings or {})}
    )


def events(*beats: Program) -> list[tuple[str, str]]:
    """Return the warnings of these beats, with their tenants."""
    lines = [line for program in beats for line in program.said if line.startswith("{")]
    read = [json.loads(line) for line in lines]
    return sorted((entry["event"], entry["tenant"]) for entry in read if "tenant" in entry)


def test_two_beats_warn_once_of_each_token(alone: Deployment) -> None:
    """Both take what is due; the notices of one that ended at once, or was killed, are not given again."""
    run(alone, "set", SANS_JETON, stdin=issue("revoked", is_revoked=True))
    killed = beat(alone)
    killed.wait_for("token.expires")
    killed.kill()
    make_due(alone)
    running = (beat(alone, "--once"), beat(alone, "--once"))
    assert [program.wait() for program in running] == [0, 0]
    make_due(alone)
    again = beat(alone, "--once")
    assert again.wait() == 0
    assert events(killed, *running, again) == [
        ("token.expires", BOURG),
        ("token.expires", CLAMART),
        ("token.refused", SANS_JETON),
        ("token.refused", VIEUX),
    ]


def test_a_beat_ends_when_it_is_told_to(alone: Deployment) -> None:
    program = beat(alone)
    program.wait_for("beat.finished")
    assert program.stop() == 0


def test_while_the_api_is_away_the_former_token_serves_until_beat_has_had_an_answer(
    alone: Deployment,
) -> None:
    done = run(
        alone, "rotate", CLAMART, stdin=issue("second"), settings={"CONNECTOR_API_PARTICULIER_URL": NOWHERE}
    )
    assert done.returncode == 0
    assert "the former token serves, and the new one waits" in done.stdout
    before = checked(alone, CLAMART, status=1)[CLAMART]
    assert (before["next_token_waits"], before["days_left"]) == (True, 29)

    away = beat(alone, "--once", settings={"CONNECTOR_API_PARTICULIER_URL": NOWHERE})
    assert away.wait() == 0
    assert checked(alone, CLAMART, status=1)[CLAMART]["next_token_waits"] is True
    make_due(alone)
    there = beat(alone, "--once")
    assert there.wait() == 0

    assert "token.promoted" in "".join(there.said)
    after = checked(alone, CLAMART, status=0)[CLAMART]
    assert (after["next_token_waits"], after["days_left"]) == (False, 539)


def test_a_rotated_token_is_used_by_every_worker_without_a_restart(
    own_node: RabbitNode, redis_node: RedisNode
) -> None:
    """The former token is revoked for good: a worker that still used it would be refused."""
    shared_state = {"CONNECTOR_REDIS_URL": redis_node.url()}
    with Deployment(own_node.url()) as deployment:
        run(deployment, "set", SANS_JETON, stdin=issue("revoked", is_revoked=True))
        with (
            deployment.worker("--lane", "interactive", settings=shared_state) as first,
            deployment.worker("--lane", "batch", settings=shared_state) as second,
            VendorClient(own_node.url(), "millesime") as vendor,
        ):
            for lane in ("interactive", "batch"):
                assert _code(vendor, lane) == "token_revoked"

            rotated = run(deployment, "rotate", SANS_JETON, stdin=issue("sans-jeton"))

            assert "it is in force" in rotated.stdout
            for program in (first, second):
                program.wait_for("registry.refreshed")
            for lane in ("interactive", "batch"):
                assert _code(vendor, lane) is None


def _code(vendor: VendorClient, lane: str) -> str | None:
    vendor.publish(job(tenant=SANS_JETON), lane)
    (message,) = vendor.replies(1)
    reason = json.loads(message.body)["checks"][0]["reason"]
    return None if reason is None else str(reason["code"])
