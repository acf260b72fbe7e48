"""What an operator's commands print after a run, without ``--body``; and what they say of settings that are wrong."""

import json
from collections.abc import Mapping
from typing import Final

from click.testing import CliRunner

from connector.cli import command_line
from connector.demo.deployment import CLAMART
from tests.leaks.canaries import BORN, DATABASE_PASSWORD, INE, NOM, PRENOM, REDIS_PASSWORD, STRAY
from tests.leaks.paths import REFUSED

_COMMANDS: Final = (
    "dead list",
    "dead list --json",
    "dead replay --all --dry-run",
    "dead purge --older-than 0m --include-undated --dry-run",
    "tenants list",
    f"tenants show {CLAMART}",
    f"tenants show {REFUSED}",
    "tenants token check",
    "tenants token check --json",
    "health",
    "health --json",
    "vendors list",
    "vendors show millesime",
    "vendors reply-queue list millesime",
    "registry rekey --dry-run",
    "checks list",
    f"journal search --tenant {CLAMART}",
    f"journal search --tenant {CLAMART} --json",
    f"journal export --tenant {CLAMART} --format csv",
    f"journal export --tenant {CLAMART} --format jsonl",
    "journal purge --older-than 36m --dry-run",
)
_WRONG: Final = {
    "CONNECTOR_BROKER_URL": f"amqp://exploitant:{STRAY}@[::1:x//",
    "CONNECTOR_DATABASE_URL": f"postgresql://exploitant:{DATABASE_PASSWORD}@127.0.0.1:1/x",
    "CONNECTOR_REDIS_URL": f"http://:{REDIS_PASSWORD}@127.0.0.1:1/0",
    "CONNECTOR_SECRET_KEY": STRAY,
    "CONNECTOR_JOURNAL_KEY": STRAY,
    "CONNECTOR_SENTRY_DSN": f"https://{STRAY}@nowhere",
    "CONNECTOR_API_PARTICULIER_URL": STRAY,
    "CONNECTOR_TOKEN_QUOTA": STRAY,
}
"""Settings that no command takes, each with a canary."""


def of_commands(environment: Mapping[str, str], job_ids: Mapping[str, str]) -> dict[str, str]:
    """Return what each command prints, by the command. ``job_ids`` are of jobs whose story is told, by their path."""
    every = [command.split() for command in _COMMANDS]
    every += [["trace", job_id] for job_id in job_ids.values()]
    told = {" ".join(arguments): printed(environment, *arguments) for arguments in every}
    told |= of_letters(environment)
    person = {"identity": {"nom_naissance": NOM, "prenoms": [PRENOM], "date_naissance": BORN}}
    for name, sought in (("identity", person), ("ine", {"ine": INE})):
        arguments = ("journal", "person", "--tenant", CLAMART)
        told[f"journal person by {name}"] = printed(environment, *arguments, stdin=json.dumps(sought))
    return told


def of_letters(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what ``dead show`` prints of each letter, by the command."""
    letters = json.loads(printed(environment, "dead", "list", "--json"))["letters"]
    shown = [("dead", "show", letter["id"]) for letter in letters]
    return {" ".join(arguments): printed(environment, *arguments) for arguments in shown}


def of_wrong_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what commands say of each wrong setting, by the setting."""
    commands = (
        ("health",),
        ("dead", "list"),
        ("journal", "person", "--tenant", CLAMART),
        ("registry", "rekey"),
    )
    return {
        name: "".join(printed({**environment, name: value}, *command, stdin="{}") for command in commands)
        for name, value in _WRONG.items()
    }


def printed(environment: Mapping[str, str], *arguments: str, stdin: str = "") -> str:
    """Return all that a command prints. Raises what it should not raise."""
    result = CliRunner().invoke(command_line, arguments, env={"COLUMNS": "300", **environment}, input=stdin)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output
