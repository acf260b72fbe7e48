"""What operators are given to watch workers with, read for the tests."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

DEPLOY: Final = Path(__file__).parents[1] / "deploy"
RULES: Final = DEPLOY / "prometheus" / "rules.yml"
# What stands in quotes is a label's value, and what follows a brace or "by" a label's name.
_QUOTED: Final = re.compile(r"\"[^\"]*\"|'[^']*'")
_NAME: Final = re.compile(r"(?<![\w:])[a-z][a-z0-9_:]*")
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
