"""Prometheus itself reads the rules, and fires the alerts that it should."""

import subprocess

import pytest

from connector.demo.install import HOW_TO_GET_PROMTOOL, install_promtool
from tests.deploy import DEPLOY


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


def test_alerts_fire_when_they_should_and_not_otherwise() -> None:
    assert "SUCCESS" in promtool("test", "rules", "rules_test.yml")
