"""What an operator's commands print after a run, without ``--body``."""

import json
from collections.abc import Mapping
from typing import Final

from click.testing import CliRunner

from connector.cli import command_line
from connector.demo.deployment import CLAMART
from tests.leaks.canaries import BORN, INE, NOM, PRENOM
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
    "datapass link --vendor millesime",
    f"journal search --tenant {CLAMART}",
    f"journal search --tenant {CLAMART} --json",
    f"journal export --tenant {CLAMART} --format csv",
    f"journal export --tenant {CLAMART} --format jsonl",
    "journal purge --older-than 36m --dry-run",
)


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


def printed(environment: Mapping[str, str], *arguments: str, stdin: str = "") -> str:
    """Return all that a command prints. Raises what it should not raise."""
    result = CliRunner().invoke(command_line, arguments, env={"COLUMNS": "300", **environment}, input=stdin)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output
