"""The command line as an operator meets it: one line per mistake, --help with an example, no secret shown."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from connector.demo.deployment import PROGRAM
from connector.vault import new_key
from tests.forked import start as forked
from tests.tokens import jwt

TOKEN = jwt("jeton-de-bac-a-sable")
TENANTS = f"""
[vendors.millesime]
product = "Millésime Action Sociale"
publisher = "Up"
preset = "millesime"

[tenants.26920023600017]
name = "CCAS de Clamart"
vendors = ["millesime"]
token = {{ value = "{TOKEN}" }}
"""


def run(*arguments: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command with these settings alone."""
    return forked.run([*PROGRAM, *arguments], environment)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        "CONNECTOR_DATABASE_URL": f"sqlite:///{tmp_path / 'registry.db'}",
        "CONNECTOR_SECRET_KEY": new_key(),
    }


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CONNECTOR_BROKER_URL", "http://guest:secret@127.0.0.1"),
        ("CONNECTOR_API_PARTICULIER_URL", "particulier.api.gouv.fr"),
        ("CONNECTOR_DGFIP_URL", "gw.dgfip.finances.gouv.fr"),
        ("CONNECTOR_DATABASE_URL", "secret"),
        ("CONNECTOR_REQUIRE_USER_ID", "secret"),
        ("CONNECTOR_LOG_FORMAT", "secret"),
        ("CONNECTOR_SECRET_KEY", "secret"),
        ("CONNECTOR_SECRET_KEY", ""),
        ("CONNECTOR_SECRET_KEY_FILE", "/nowhere/secret"),
    ],
)
def test_a_malformed_setting_stops_the_worker_with_one_line(
    environment: dict[str, str],
    variable: str,
    value: str,
) -> None:
    if variable.endswith("_FILE"):
        del environment[variable.removesuffix("_FILE")]

    finished = run("worker", environment=environment | {variable: value})

    assert finished.returncode == 2
    assert finished.stdout == ""
    (line,) = finished.stderr.splitlines()
    assert variable.removesuffix("_FILE") in line
    assert "secret@" not in line


def test_a_key_that_opens_no_token_stops_the_worker_with_one_line(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """Else every job would be answered, and remembered, as if its token were invalid."""
    (tmp_path / "tenants.toml").write_text(TENANTS, "utf-8")
    assert run("tenants", "import", str(tmp_path / "tenants.toml"), environment=environment).returncode == 0

    finished = run("worker", environment=environment | {"CONNECTOR_SECRET_KEY": new_key()})

    assert finished.returncode == 2
    (line,) = finished.stderr.splitlines()
    assert line.startswith("ccas-connector: CONNECTOR_SECRET_KEY: does not open the token of tenant")


@pytest.mark.parametrize(
    "command",
    [
        ("beat",),
        ("demo",),
        ("registry", "new-key"),
        ("registry", "rekey"),
        ("registry", "upgrade"),
        ("sandbox",),
        ("sandbox", "token"),
        ("schemas", "export"),
        ("tenants", "import"),
        ("checks", "list"),
        ("checks", "show"),
        ("dead", "list"),
        ("dead", "purge"),
        ("dead", "replay"),
        ("dead", "show"),
        ("sandbox", "france-connect-token"),
        ("tenants", "list"),
        ("tenants", "show"),
        ("tenants", "token", "check"),
        ("tenants", "token", "revoke"),
        ("tenants", "token", "rotate"),
        ("tenants", "token", "set"),
        ("topology", "declare"),
        ("vendors", "add"),
        ("vendors", "definitions"),
        ("vendors", "list"),
        ("vendors", "reply-queue", "add"),
        ("vendors", "reply-queue", "list"),
        ("vendors", "reply-queue", "remove"),
        ("vendors", "show"),
        ("worker",),
    ],
    ids=" ".join,
)
def test_help_shows_an_example(command: tuple[str, ...]) -> None:
    finished = run(*command, "--help", environment={})

    assert finished.returncode == 0
    before = {"rekey": "CONNECTOR_SECRET_KEY=$NEW,$FORMER "}
    assert f"Example: {before.get(command[-1], '')}ccas-connector" in finished.stdout


def test_tenants_are_imported_listed_and_shown_without_their_token(
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    file = tmp_path / "tenants.toml"
    file.write_text(TENANTS, "utf-8")

    dry = run("tenants", "import", "--dry-run", str(file), environment=environment)
    first = run("tenants", "import", str(file), environment=environment)
    again = run("tenants", "import", str(file), environment=environment)
    listed = run("tenants", "list", environment=environment)
    shown = run("tenants", "show", "26920023600017", environment=environment)
    vendors = run("vendors", "list", environment=environment)

    assert "2 changed, 0 unchanged; nothing was written (dry run)" in dry.stdout
    assert "2 changed, 0 unchanged" in first.stdout
    assert "0 changed, 2 unchanged" in again.stdout
    assert "CCAS de Clamart" in listed.stdout
    assert "vendors  millesime" in shown.stdout
    assert "Millésime Action Sociale" in vendors.stdout
    for finished in (dry, first, again, listed, shown, vendors):
        assert finished.returncode == 0
        assert "jeton-de-bac-a-sable" not in finished.stdout + finished.stderr


def test_an_unknown_tenant_is_said_to_be_unknown(environment: dict[str, str]) -> None:
    finished = run("tenants", "show", "26750045200011", environment=environment)

    assert finished.returncode == 2
    assert "see: ccas-connector tenants list" in finished.stderr


def test_vendors_and_their_reply_queues_are_added_shown_and_removed(environment: dict[str, str]) -> None:
    def said(*arguments: str, status: int = 0) -> str:
        finished = run("vendors", *arguments, environment=environment)
        assert finished.returncode == status, finished.stderr
        assert len(finished.stderr.splitlines()) == (1 if status else 0)
        return finished.stdout + finished.stderr

    arche = (
        "add",
        "arche",
        "--preset",
        "ccas",
        "--publisher",
        "Exemple",
        "--extra-scope",
        "cnaf_adresse",
        "--extra-scope",
        "dgfip_adresse",
    )
    queue = ("arche", "guichet")

    assert "added  vendor arche; nothing was written (dry run)" in said(*arche, "--dry-run")
    assert "there is no vendor arche" in said("show", "arche", status=2)
    assert said(*arche) == "added  vendor arche\n"
    assert said(*arche) == "unchanged  vendor arche\n"
    assert "exists with another preset" in said("add", "arche", "--preset", "all", status=2)
    assert "nothing was written" in said("reply-queue", "add", *queue, "--dry-run")
    assert said("reply-queue", "list", "arche") == "replies.arche\n"
    assert said("reply-queue", "add", *queue) == "added  replies.arche.guichet\n"
    assert said("reply-queue", "add", *queue) == "unchanged  replies.arche.guichet\n"
    assert said("reply-queue", "list", "arche") == "replies.arche\nreplies.arche.guichet\n"
    shown = said("show", "arche")
    assert "extra scopes  cnaf_adresse, dgfip_adresse" in shown
    assert "reply queues  replies.arche, replies.arche.guichet" in shown
    assert "nothing was written" in said("reply-queue", "remove", *queue, "--dry-run")
    assert "rabbitmqctl delete_queue --if-empty replies.arche.guichet" in said(
        "reply-queue", "remove", *queue
    )
    assert "no further reply queue guichet" in said("reply-queue", "remove", *queue, status=2)


def test_definitions_keep_passwords_and_say_what_is_new(environment: dict[str, str], tmp_path: Path) -> None:
    out, passwords = tmp_path / "definitions.json", tmp_path / "passwords.json"

    def said(*options: str, status: int = 0) -> str:
        files = (f"--out={out}", f"--passwords={passwords}")
        finished = run("vendors", "definitions", *files, *options, environment=environment)
        assert finished.returncode == status, finished.stderr
        return finished.stdout + finished.stderr

    run("vendors", "add", "arche", "--preset", "ccas", environment=environment)

    assert "nothing was written (dry run)" in said("--dry-run")
    assert not out.exists()
    assert "--limit batch=much: give whole MiB" in said("--limit=batch=much", status=2)
    assert "in all, at most 1,601 MiB of bodies" in said("--limit=batch=1", "--dry-run")
    assert "new passwords, in" in said()
    first = out.read_bytes()
    given = json.loads(passwords.read_text("utf-8"))
    assert set(given) == {"connector", "operator", "arche"}
    passwords.unlink()
    assert "passwords" not in said().replace(str(passwords), "")
    assert (out.read_bytes(), passwords.exists()) == (first, False)
    assert "rabbitmqctl delete_user connector" in said("--worker-user=workers")
    assert "two users would be named arche" in said("--worker-user=arche", status=2)
    assert "is none of" in said("--new-password=nobody", status=2)
    out.chmod(0o644)
    assert f"chmod 600 {out}" in said(status=2)


@pytest.mark.parametrize(
    "command",
    [
        ("topology", "declare"),
        ("dead", "list"),
        ("dead", "show", "0123456789ab"),
        ("dead", "replay", "--all"),
        ("dead", "purge", "--older-than", "30d", "--yes"),
    ],
    ids=" ".join,
)
def test_a_broker_that_is_not_there_is_said_so(environment: dict[str, str], command: tuple[str, ...]) -> None:
    finished = run(
        *command,
        environment=environment | {"CONNECTOR_BROKER_URL": "amqp://guest:guest@127.0.0.1:1//"},
    )

    assert finished.returncode == 2
    (line,) = finished.stderr.splitlines()
    assert "CONNECTOR_BROKER_URL: the broker cannot be used: nothing listens at its address" in line
