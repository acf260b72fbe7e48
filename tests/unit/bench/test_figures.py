"""Percentiles, the medians of rounds, and the order in which arms are measured."""

import math

import pytest

from tests.bench.peers.figures import Throughput, median_of, percentile, ratios, turns


def test_a_percentile_is_the_nearest_rank() -> None:
    values = [float(value) for value in range(100, 0, -1)]
    assert [percentile(values, share) for share in (0.01, 0.5, 0.99, 1)] == [1, 50, 99, 100]
    assert percentile([7.0], 0.99) == 7
    assert percentile([1.0, 2.0, 3.0], 0.5) == 2


@pytest.mark.parametrize(("values", "share"), [([], 0.5), ([1.0], 0), ([1.0], 1.5), ([1.0], math.nan)])
def test_there_is_no_percentile_of_nothing(values: list[float], share: float) -> None:
    with pytest.raises(ValueError, match="percentile"):
        percentile(values, share)


def test_the_median_of_rounds_is_that_of_each_figure() -> None:
    rounds = [
        Throughput(cpu_ms_per_job=cpu, jobs_per_second=jobs, rss_mib=100.0)
        for cpu, jobs in ((3.0, 300.0), (1.0, 100.0), (2.0, 900.0))
    ]
    assert median_of(rounds) == Throughput(cpu_ms_per_job=2.0, jobs_per_second=300.0, rss_mib=100.0)


def test_there_is_no_median_of_no_round() -> None:
    with pytest.raises(ValueError, match="no round"):
        median_of([])


def test_no_arm_always_comes_first() -> None:
    assert turns("abc", 3) == [("a", "b", "c"), ("c", "b", "a"), ("a", "b", "c")]


def test_ratios_are_multiples_of_one_of_the_values() -> None:
    assert ratios({"1": 200.0, "2": 340.0}, "1") == {"1": 1.0, "2": 1.7}
