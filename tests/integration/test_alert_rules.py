"""Prometheus itself reads the rules, and fires the alerts that it should."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.deploy import DEPLOY, dashboard, queries
from tests.servers.install import HOW_TO_GET_PROMTOOL, install_promtool


@pytest.fixture(scope="module", autouse=True)
def _promtool() -> None:
    if not install_promtool(print):
        pytest.fail(HOW_TO_GET_PROMTOOL, pytrace=False)


def promtool(*arguments: str) -> str:
    """Return what promtool says; it fails the test where it is not content."""
    finished = subprocess.run(
        ["promtool", *arguments], cwd=DEPLOY / "prometheus", check=False, capture_output=True, text=True
    )
    said = finished.stdout + finished.stderr
    assert finished.returncode == 0, said
    return said


def test_promtool_accepts_the_rules() -> None:
    assert "SUCCESS" in promtool("check", "rules", "--lint=all", "--lint-fatal", "rules.yml")


def test_prometheus_can_read_the_dashboard_s_queries(tmp_path: Path) -> None:
    promql = [query for query in queries(dashboard()) if not query.startswith("label_values(")]
    # Grafana's own, filled in as Grafana does.
    filled = [
        re.sub(r"\$(instance|check)", ".*", query).replace("$__rate_interval", "1m") for query in promql
    ]
    asked = [{"record": f"asked:{number}", "expr": query} for number, query in enumerate(filled)]
    file = tmp_path / "dashboard.yml"
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": asked}]}), "utf-8")
    assert f"SUCCESS: {len(asked)} rules found" in promtool("check", "rules", str(file))


def test_alerts_fire_when_they_should_and_not_otherwise() -> None:
    assert "SUCCESS" in promtool("test", "rules", "rules_test.yml")
