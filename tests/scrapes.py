"""What a worker answers to Prometheus, read as Prometheus reads it."""

from collections.abc import Iterator
from typing import Self

from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

from connector.telemetry.metrics import Metrics

Labels = frozenset[tuple[str, str]]


class Scrape:
    """One answer of ``/metrics``."""

    def __init__(self, text: str) -> None:
        self.families: tuple[Metric, ...] = tuple(text_string_to_metric_families(text))
        self.values: dict[tuple[str, Labels], float] = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in self.families
            for sample in family.samples
        }

    @classmethod
    def of(
        cls, metrics: Metrics, *, is_ready: bool = True, is_blocked: bool = False, unsettled: int = 0
    ) -> Self:
        """Return what a worker with these metrics answers."""
        return cls(metrics.render(is_ready=is_ready, is_blocked=is_blocked, unsettled=unsettled).decode())

    def value(self, name: str, **labels: str) -> float:
        """Return the value of one series. Raises ``KeyError`` where there is none."""
        return self.values[name, frozenset(labels.items())]

    def counted(self, name: str) -> dict[tuple[str, ...], float]:
        """Return the values of a metric that are not 0, by their labels' values in the order of the labels' names."""
        return {
            tuple(value for _label, value in sorted(labels)): value
            for (sample, labels), value in self.values.items()
            if sample == name and value
        }

    def labels(self) -> Iterator[str]:
        """Yield every value of every label."""
        for _name, labels in self.values:
            for _label, value in labels:
                yield value
