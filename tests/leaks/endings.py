"""What an operator's commands print, write and leave that change something: with two secret keys, on what a run has left."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from connector.demo.deployment import CLAMART
from connector.demo.node import RabbitNode
from connector.vault import new_key
from tests.leaks.beating import keep_an_old_record
from tests.leaks.canaries import Canary
from tests.leaks.listings import printed
from tests.leaks.lying import lying_on_broker
from tests.leaks.run import Run
from tests.sandbox_tokens import issue

_NEXT: Final = "SANDBOX_TOKEN_NEXT"
"""A token that the API refuses."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """What they told."""

    run: Run
    """The run, with the settings and the tokens of these commands."""
    told: Mapping[str, bytes] = field(repr=False)
    """By the command, or by what it wrote."""
    passwords: Canary
    """Those that were made for the broker's users."""


def of_endings(run: Run, node: RabbitNode, folder: Path) -> Ended:
    """Run them, on the run's own database and on what lies on the broker."""
    former = run.environment["CONNECTOR_SECRET_KEY"]
    environment = {
        **run.environment,
        "CONNECTOR_SECRET_KEY": f"{new_key()},{former}",
        _NEXT: issue("next", is_revoked=True),
    }
    keep_an_old_record(environment["CONNECTOR_DATABASE_URL"])
    told: dict[str, bytes] = {}

    def do(*arguments: str) -> None:
        told[" ".join(arguments)] = printed(environment, *arguments).encode()

    for form in ("csv", "jsonl"):
        exported = folder / f"journal.{form}"
        do("journal", "export", "--tenant", CLAMART, "--format", form, "--output", str(exported))
        told[f"journal, exported as {form}"] = exported.read_bytes()
    do("journal", "purge", "--older-than", "1m", "--yes")
    do("dead", "replay", "--all", "--lane", "batch")
    told |= {f"{place}, after the replay": lies for place, lies in lying_on_broker(node).items()}
    do("dead", "purge", "--older-than", "0m", "--include-undated", "--yes")
    do("topology", "declare")
    do("registry", "upgrade")
    do("registry", "rekey")
    for verb in ("rotate", "set"):
        do("tenants", "token", verb, CLAMART, "--env", _NEXT)
    do("tenants", "token", "revoke", CLAMART, "--yes")
    definitions, passwords = folder / "definitions.json", folder / "passwords.json"
    do("vendors", "definitions", "--out", str(definitions), "--passwords", str(passwords))
    told["definitions"] = definitions.read_bytes()
    made = json.loads(passwords.read_text("utf-8")).values()
    return Ended(
        run=replace(run, environment=environment),
        told=told,
        passwords=Canary("a broker user's password", tuple(made)),
    )
