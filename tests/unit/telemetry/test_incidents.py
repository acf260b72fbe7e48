"""The decision of what is worth an event is about events that exist, and each has its entry in the runbook."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.events import OF_INFORMATION, Event
from connector.telemetry.incidents import ADDS_TO, INCIDENTS, NOT_WORTH_ONE, runbook
from connector.telemetry.vocabulary import FIELDS

ROOT = Path(__file__).parents[3]
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}


def logged() -> Iterator[tuple[str, ast.expr]]:
    """Yield the level of each event that the code logs, and how it is named there."""
    for path in (*ROOT.glob("connector/**/*.py"), *ROOT.glob("workers/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in LEVELS
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "_log"
            ):
                yield node.func.attr, node.args[0]


def test_each_event_from_a_warning_upwards_is_decided_and_no_other() -> None:
    decided = [*INCIDENTS, *ADDS_TO, *NOT_WORTH_ONE]
    assert len(decided) == len(set(decided))
    assert set(decided) == set(Event) - OF_INFORMATION


def test_each_event_is_named_by_the_enumeration_and_logged_at_its_level() -> None:
    named = [(level, name.attr) for level, name in logged() if isinstance(name, ast.Attribute)]
    assert not [name.value for _, name in logged() if isinstance(name, ast.Constant)]
    assert {name for level, name in named if level in {"debug", "info"}} <= {
        event.name for event in OF_INFORMATION
    }
    assert not {name for level, name in named if level not in {"debug", "info"}} & {
        event.name for event in OF_INFORMATION
    }


def test_what_adds_to_another_event_adds_to_an_incident_of_everybodys() -> None:
    assert all(INCIDENTS[event].concerns_all for event in ADDS_TO.values())


def headings() -> set[str]:
    """Return the anchors of the headings of what operators read."""
    texts = [path.read_text("utf-8") for path in ROOT.glob("deploy/**/*.md")]
    titles = re.findall(r"^#+ (.+)$", "\n".join(texts), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("event", INCIDENTS)
def test_the_runbook_has_an_entry_for_each(event: str) -> None:
    assert runbook(event).partition("#")[2] in headings()


@pytest.mark.parametrize("event", INCIDENTS)
def test_each_says_what_happened_why_and_what_to_do_and_tells_causes_apart_by_no_tenant(event: str) -> None:
    incident = INCIDENTS[event]
    assert incident.title
    assert incident.cause
    assert incident.to_do
    assert set(incident.by) <= FIELDS.keys() - {"tenant", "job_id"}


def test_each_is_of_one_alert_rule() -> None:
    rules = json.loads((ROOT / "deploy" / "sentry" / "alerts.json").read_text("utf-8"))
    watched = [each["value"] for rule in rules for each in rule["filters"] if each["key"] == "event"]
    assert sorted(watched) == sorted(INCIDENTS)
