"""A maintenance whose end is not told ends with the provider's regular window, in Paris time."""

from datetime import UTC, datetime

import pytest
import yaml

from connector.sources.maintenance import WINDOWS, seconds_to_end
from tests.conftest import REFERENCE


@pytest.mark.parametrize(
    ("provider", "instant", "seconds"),
    [
        ("MEN", datetime(2026, 1, 14, 0, 10, tzinfo=UTC), 80 * 60),
        ("MEN", datetime(2026, 7, 14, 0, 10, tzinfo=UTC), 20 * 60),
        ("MEN", datetime(2026, 1, 14, 1, 30, tzinfo=UTC), None),
        ("MEN", datetime(2026, 3, 29, 0, 30, tzinfo=UTC), 60 * 60),
        ("MSA", datetime(2026, 1, 14, 2, 29, 30, tzinfo=UTC), 30),
        ("CNAF & MSA", datetime(2026, 1, 18, 22, 0, tzinfo=UTC), 45 * 60),
        ("CNAF & MSA", datetime(2026, 1, 19, 22, 0, tzinfo=UTC), None),
        ("CNOUS", datetime(2026, 1, 14, 0, 10, tzinfo=UTC), None),
        (None, datetime(2026, 1, 14, 0, 10, tzinfo=UTC), None),
    ],
)
def test_how_long_a_window_still_lasts(
    provider: str | None, instant: datetime, seconds: float | None
) -> None:
    assert seconds_to_end(provider, instant) == seconds


def test_the_windows_are_those_that_the_server_publishes() -> None:
    """YAML 1.1 reads 01:10 as sixtieths; a window of one past day is none."""
    published = yaml.load(
        (REFERENCE / "maintenance-windows.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader
    )
    regular = {
        (name, _minutes(window["from_hour"]), _minutes(window["to_hour"]))
        for name, window in published.items()
        if "dates" not in window
    }
    ours = {
        (
            window.provider,
            window.start.hour * 60 + window.start.minute,
            window.end.hour * 60 + window.end.minute,
        )
        for window in WINDOWS
    }
    assert ours == regular


def _minutes(value: int | str) -> int:
    if isinstance(value, int):
        return value
    hours, minutes = str(value).replace("h", ":").split(":")
    return int(hours) * 60 + int(minutes)
