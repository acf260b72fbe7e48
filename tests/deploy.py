"""What operators are given to run workers and to watch them with, read for the tests."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click
import yaml

from connector.cli import command_line
from connector.settings.settings import PREFIX, Settings
from connector.telemetry.sentry import FLUSH_SECONDS
from connector.time_limits import LOST_DRAIN_SECONDS
from workers.cli import worker

DEPLOY: Final = Path(__file__).parents[1] / "deploy"
RULES: Final = DEPLOY / "prometheus" / "rules.yml"
# What stands in quotes is a label's value, and what follows a brace or "by" a label's name.
_QUOTED: Final = re.compile(r"\"[^\"]*\"|'[^']*'")
_NAME: Final = re.compile(r"(?<![\w:])[a-z][a-z0-9_:]*")
_CLOSING_SECONDS: Final = 20.0
"""For the writers of the journal and of the replies, and the connections."""
_OURS: Final = ("connector_", "connector:", "process_")


def rules() -> list[Mapping[str, Any]]:
    """Return every rule, whatever its group."""
    read = yaml.load(RULES.read_text("utf-8"), Loader=yaml.CSafeLoader)
    return [rule for group in read["groups"] for rule in group["rules"]]


def dashboard() -> Any:
    """Return the dashboard."""
    return json.loads((DEPLOY / "grafana" / "dashboard.json").read_text("utf-8"))


def queries(part: Any) -> Iterator[str]:
    """Yield every PromQL text within a part of the dashboard."""
    if isinstance(part, dict):
        for name, value in part.items():
            if name in ("expr", "definition") and isinstance(value, str):
                yield value
            else:
                yield from queries(value)
    elif isinstance(part, list):
        for item in part:
            yield from queries(item)


def metrics_in(promql: str) -> set[str]:
    """Return the names of this project's metrics, and of those of its process, in a PromQL text."""
    return {name for name in _NAME.findall(_QUOTED.sub("", promql)) if name.startswith(_OURS)}


def labels_in(promql: str) -> set[str]:
    """Return the names of labels that a PromQL text groups by or selects by."""
    bare = _QUOTED.sub('""', promql)
    grouped = (
        name for names in re.findall(r"\b(?:by|without|on)\s*\(([^)]*)\)", bare) for name in names.split(",")
    )
    selected = re.findall(r"([a-z_]+)\s*(?:=~|!~|!=|=)\s*\"\"", bare)
    return {name.strip() for name in (*grouped, *selected)}


def parameters(words: Sequence[str]) -> dict[str, Any]:
    """Return what the words after ``ccas-connector`` tell its command. Raises ``UsageError`` for what it does not know."""
    command_line.add_command(worker)
    command: click.Command = command_line
    name, left = "ccas-connector", list(words)
    while isinstance(command, click.Group):
        found, inner, left = command.resolve_command(click.Context(command), left)
        assert found is not None
        assert inner is not None, words
        name, command = found, inner
    return command.make_context(name, left).params


def variables_in(text: str) -> set[str]:
    """Return the names of the connector's variables in a text."""
    return set(re.findall(rf"\b{PREFIX}[A-Z_]+", text))


def is_setting(variable: str) -> bool:
    """Tell whether a variable is a setting, or names the file of one."""
    name = variable.removeprefix(PREFIX).lower()
    return name in Settings.model_fields or name.removesuffix("_file") in Settings.model_fields


def closing_seconds(drain_seconds: float) -> float:
    """Return how long a worker may take to end once it is told to: the longest drain, and what it sends and closes then.

    A queue that is deleted makes a drain longer, since its jobs cannot be given to another worker.
    """
    return max(drain_seconds, LOST_DRAIN_SECONDS) + FLUSH_SECONDS + _CLOSING_SECONDS


def measured_mebibytes() -> int:
    """Return the most that the benchmark has measured of a worker with a thousand jobs in flight."""
    page = (DEPLOY.parent / "tests" / "bench" / "README.md").read_text("utf-8")
    [table] = [part for part in page.split("\n\n") if "RSS, 1,000 in hand, MiB |" in part]
    heads, _, *rows = [[cell.strip() for cell in line.split("|")] for line in table.splitlines()]
    column = heads.index("RSS, 1,000 in hand, MiB")
    return max(int(row[column]) for row in rows if row[1].startswith("connector, "))


NO_PASSWORD = frozenset({"api_particulier_url", "dgfip_url"})
"""Addresses in which there can be none."""
OF_THE_OPERATOR = frozenset({"operator_broker_url"})
"""What no program that runs all the time is given."""


def secret_settings() -> frozenset[str]:
    """Return the settings of programs that may hold a secret."""
    fields = Settings.model_fields.items()
    secret = {name for name, field in fields if "SecretStr" in str(field.annotation)}
    return frozenset(secret - NO_PASSWORD - OF_THE_OPERATOR)
