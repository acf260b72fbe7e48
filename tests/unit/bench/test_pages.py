"""The benchmarks' page: its figures are replaced, and several runs are shown as one."""

from pathlib import Path
from typing import Any

import pytest

from tests.bench.peers.page.section import README, merged, page
from tests.bench.peers.page.tables import about

_CELL = {"jobs_per_second": 200.0, "cpu_ms_per_job": 4.0}


def run(at: str, **parts: Any) -> dict[str, Any]:
    about = {
        "at": at,
        "cores": 2,
        "processor": "Some",
        "rabbitmq": "3.10.8",
        "python": "3.11",
        "rounds": 3,
        "jobs": 4000,
        "seconds_of_a_rate": 20.0,
        "others_cores": {"growth": 0.04},
        "arms": {"by-hand": "By hand", "connector": "The connector"},
    }
    return {"run": about, **parts}


def grown(*counts: str) -> dict[str, Any]:
    same = dict.fromkeys(counts, 1.0)
    cells = dict.fromkeys(counts, _CELL)
    return {"connector": {"cells": cells, "jobs_per_second_to_first": same, "cpu_ms_per_job_to_first": same}}


def test_each_arm_and_growth_is_that_of_the_last_run_that_has_it() -> None:
    first = run(
        "2026-11-01T10:00Z", growth={"checks": grown("1"), "tenants": grown("10")}, memory={"a": 1, "b": 2}
    )
    last = run("2026-11-02T10:00Z", growth={"tenants": grown("10", "5000")}, memory={"b": 3})
    whole = merged([first, last])
    assert whole["memory"] == {"a": 1, "b": 3}
    assert whole["growth"] == {"checks": grown("1"), "tenants": grown("10", "5000")}
    assert whole["run"]["at"] == "2026-11-02T10:00Z"
    assert about(whole["run"]).startswith("2 runs, the last of them 2026-11-02")
    assert about(merged([last])["run"]).startswith("2026-11-02")
    assert list(whole["run"]["arms"]) == ["connector", "by-hand"]


def test_the_page_keeps_all_but_its_figures() -> None:
    text = README.read_text("utf-8")
    once = page(text, run("2026-11-02T10:00Z", growth={"tenants": grown("10", "5000")}))
    assert "| tenants | connector | 5,000 | 200 | 1.00 | 4.00 | 1.00 |" in once
    assert "2026-11-02" in once
    begin, end = text.index("<!-- figures"), len(text) - text.index("<!-- end of the figures")
    assert once.startswith(text[:begin])
    assert once.endswith(text[-end:])
    # A second run leaves nothing of the first.
    assert "tenants |" not in page(once, run("2026-11-03T10:00Z"))


def test_a_page_without_a_place_for_figures_is_refused() -> None:
    with pytest.raises(ValueError, match="0 places"):
        page("# A page", run("2026-11-02T10:00Z"))


def test_the_page_shows_a_picture_that_is_there() -> None:
    (name,) = (
        line.split("](")[1].rstrip(")")
        for line in README.read_text("utf-8").splitlines()
        if line.startswith("![")
    )
    assert (Path(README).parent / name).is_file()
