"""What watches workers asks for what they tell, and each alert says what to do."""

import re
from dataclasses import replace
from itertools import chain
from typing import Any

import pytest
from prometheus_client.core import Metric

from connector.amqp.definitions.limits import Family, limits_of
from connector.checks.assemble import rejection
from connector.jobs.rate import read_quota
from connector.jobs.records import Tenant
from connector.jobs.settlement import Answer
from connector.limits.bounds import Quotas
from connector.pipeline.gauges import Gauges
from connector.telemetry.prometheus import PrometheusMetrics
from schemas.codes import CheckCode, CheckStatus, JobCode
from schemas.reply import CheckReply, JobError
from tests.calls import made
from tests.deliveries import DELIVERY
from tests.deploy import DEPLOY, dashboard, labels_in, metrics_in, queries, rules
from tests.fakes import START

_SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}
ALERTS = [rule["alert"] for rule in rules() if "alert" in rule]
RUNBOOK = (DEPLOY / "README.md").read_text("utf-8")
ENTRIES = re.search(r"^## Alerts of Prometheus$(.*?)(?=^## |\Z)", RUNBOOK, re.MULTILINE | re.DOTALL)


class Exported:
    """Every metric of a worker that is scraped, with a series for each tenant."""

    def __init__(self) -> None:
        acting = replace(made(), quotas=Quotas(egress=read_quota("1000/min")))
        metrics = PrometheusMetrics(per_tenant=True)
        metrics.watch(Gauges(acting, lambda: 0.0, per_tenant=True))
        metrics.call_ended("scolarite", Tenant(siret="1", name="C", vendors=frozenset()), None, 1)
        metrics.call_will_be_repeated("scolarite", CheckCode.NETWORK_ERROR)
        metrics.checks_answered([CheckReply(id="1", check="scolarite", status=CheckStatus.FOUND)])
        error = JobError(code=JobCode.UNKNOWN_TENANT, title="", detail="")
        reply = rejection(DELIVERY, (error,), START)
        metrics.delivery_settled(Answer("replies.millesime", reply), DELIVERY, START)
        families: list[Metric] = list(metrics.registry.collect())
        self.names = {
            f"{family.name}{suffix}" for family in families for suffix in _SUFFIXES.get(family.type, ("",))
        }
        self.labels = {label for family in families for sample in family.samples for label in sample.labels}


EXPORTED = Exported()
RECORDED = {rule["record"] for rule in rules() if "record" in rule}


def test_the_names_in_a_query_are_found() -> None:
    promql = (
        'sum by (connector) (rate(connector_a_total{x=~"connector_b"}[5m])) / connector:c:rate5m > process_d'
    )
    assert metrics_in(promql) == {"connector_a_total", "connector:c:rate5m", "process_d"}
    assert labels_in(promql) == {"connector", "x"}


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_asks_for_what_a_worker_tells(rule: dict[str, Any]) -> None:
    asked = metrics_in(rule["expr"])
    assert asked or re.search(r"\bup{|rabbitmq_queue_messages", rule["expr"])
    assert asked <= EXPORTED.names | RECORDED


def test_rules_and_dashboard_select_by_labels_that_there_are() -> None:
    asked = chain((rule["expr"] for rule in rules()), queries(dashboard()))
    # What Prometheus adds to each series, what RabbitMQ tells of a queue, and what the rules record themselves.
    known = EXPORTED.labels | {"job", "instance", "queue", "family"}
    assert set(chain.from_iterable(map(labels_in, asked))) <= known


def test_the_alerts_know_the_limits_that_the_definitions_give() -> None:
    """The rules have the numbers, since a broker's metrics do not tell a queue's limit."""
    told = {
        (rule["labels"]["family"], rule["labels"]["limit"]): int(rule["expr"].rpartition("/")[2])
        for rule in rules()
        if rule.get("record") == "connector:queue_filled:ratio"
    }
    limits = limits_of([])
    assert told == {
        (family, limit): limits[family].definition[name]
        for family in Family
        for limit, name in (("bytes", "max-length-bytes"), ("messages", "max-length"))
    }


def test_the_dashboard_asks_for_what_a_worker_tells() -> None:
    asked = set(chain.from_iterable(map(metrics_in, queries(dashboard()))))
    assert len(asked) > 20
    assert asked <= EXPORTED.names


def test_the_dashboard_shows_every_metric_of_the_connector_s_own() -> None:
    asked = set(chain.from_iterable(map(metrics_in, queries(dashboard()))))
    shown = {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked}
    told = {
        re.sub(r"_(bucket|sum|count)$", "", name) for name in EXPORTED.names if name.startswith("connector_")
    }
    assert told <= shown


def test_each_panel_of_the_dashboard_has_a_place_of_its_own() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard()["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _y in cells) < 24
        taken |= cells


def test_each_alert_has_its_entry_in_the_runbook_and_each_entry_its_alert() -> None:
    assert ENTRIES is not None
    assert re.findall(r"^### (\w+)$", ENTRIES[1], re.MULTILINE) == ALERTS


@pytest.mark.parametrize(
    "rule", [rule for rule in rules() if "alert" in rule], ids=lambda rule: rule["alert"]
)
def test_an_alert_says_how_bad_it_is_what_it_is_and_where_to_read_on(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["annotations"].keys() == {"summary", "description", "runbook"}
    assert rule["annotations"]["runbook"] == f"deploy/README.md#{rule['alert'].lower()}"
    entry = RUNBOOK.split(f"\n### {rule['alert']}\n")[1].split("\n### ")[0]
    assert re.findall(r"^\*\*(.*?)\.\*\*", entry, re.MULTILINE) == [
        "Means",
        "Look at",
        "Do",
    ]
