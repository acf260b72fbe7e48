"""What a reader sees of a run: the table and the picture hold every arm and figure, and tell what was not measured."""

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.bench.peers.page.columns import columns, shown
from tests.bench.peers.page.picture import picture
from tests.bench.peers.page.tables import markdown, tables
from tests.bench.peers.plan import ARMS

_SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def measured() -> dict[str, Any]:
    """Figures of a run, in which the last arm has taken fewer jobs in hand than it was given."""
    arms = {arm.name: arm.title for arm in ARMS.values()}
    held = {
        arm: [
            {"asked": 1000, "in_hand": 1000, "calls": 1000, "rss_mib": 111.0},
            {"asked": 10_000, "in_hand": 10_000 if arm != "by-hand" else 4000, "calls": 1, "rss_mib": 222.0},
        ]
        for arm in arms
    }
    return {
        "run": {
            "at": "2026-11-01T12:00Z",
            "cores": 2,
            "rabbitmq": "3.10.8",
            "python": "3.11",
            "processor": "Some",
            "rounds": 3,
            "jobs": 4000,
            "seconds_of_a_rate": 20.0,
            "others_cores": {"growth": 0.04},
            "arms": arms,
        },
        "throughput": {
            arm: {"cpu_ms_per_job": number + 0.25, "jobs_per_second": 1000 - number, "rss_mib": 99.0}
            for number, arm in enumerate(arms)
        },
        "latency": {arm: {rate: {"p50_ms": 5.0, "p99_ms": 55.5} for rate in ("100", "25")} for arm in arms},
        "memory": {arm: {"idle_mib": 88.0, "held": held[arm]} for arm in arms},
    }


def test_the_picture_has_a_bar_or_a_word_for_each_arm_in_each_chart(measured: dict[str, Any]) -> None:
    drawn = ET.fromstring(picture(measured))  # noqa: S314 - it was written just now
    charts = drawn.findall(f"{_SVG}g")
    assert len(charts) == len(columns(measured)) == 9
    for chart in charts:
        words = [text.text for text in chart.iter(f"{_SVG}text")]
        assert [title for title in words if title in measured["run"]["arms"].values()] == list(
            measured["run"]["arms"].values()
        )
        told = words.count("not measured, or not possible")
        assert len(chart.findall(f"{_SVG}rect")) == len(ARMS) - told
        assert all(float(bar.attrib["width"]) > 0 for bar in chart.iter(f"{_SVG}rect"))


def test_a_worker_that_does_not_take_so_many_jobs_has_no_figure_for_them(measured: dict[str, Any]) -> None:
    *_, last = columns(measured)
    assert {arm: shown(last, measured, arm) for arm in ARMS} == {
        arm: "222" if arm != "by-hand" else "" for arm in ARMS
    }


@pytest.mark.parametrize("part", ["throughput", "latency", "memory"])
def test_a_part_that_was_not_measured_has_no_chart(measured: dict[str, Any], part: str) -> None:
    del measured[part]
    drawn = picture(measured)
    ET.fromstring(drawn)  # noqa: S314 - it was written just now
    assert len(columns(measured)) < 9
    assert "nan" not in drawn.lower()
    assert "inf" not in drawn.lower()


def test_figures_of_nothing_draw_no_bar_without_end(measured: dict[str, Any]) -> None:
    for figures in measured["latency"].values():
        figures["25"]["p50_ms"] = -0.4
    drawn = picture(measured)
    assert "nan" not in drawn.lower()
    assert 'width="-' not in drawn


def test_the_table_has_a_row_for_each_arm_and_a_cell_for_each_figure(measured: dict[str, Any]) -> None:
    (table,) = tables(measured)
    heading, rule, *rows = markdown(table).splitlines()
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == [arm.title for arm in ARMS.values()]
    assert {line.count("|") for line in (heading, rule, *rows)} == {len(columns(measured)) + 2}
    assert "–" in rows[-1]
