"""A vendor's share of the reply memory is its own."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.storage.replies.shares import reduced


@pytest.mark.parametrize(
    ("held", "kept"),
    [
        ({}, {}),
        ({"a": 100}, {}),
        ({"a": 101}, {"a": 100}),
        ({"a": 60, "b": 40}, {}),
        ({"a": 61, "b": 40}, {"a": 60}),
        ({"a": 1000, "b": 50}, {"a": 50}),
        ({"a": 1000, "b": 1000}, {"a": 50, "b": 50}),
        ({"a": 1000, "b": 1000, "c": 20}, {"a": 40, "b": 40}),
    ],
)
def test_who_holds_the_most_gives_first(held: Mapping[str, int], kept: Mapping[str, int]) -> None:
    assert reduced(held, 100) == kept


@given(
    st.dictionaries(st.text(max_size=3), st.integers(0, 10_000), max_size=8),
    st.integers(0, 20_000),
)
def test_all_fit_and_nobody_s_share_is_touched(held: Mapping[str, int], most_bytes: int) -> None:
    kept = {**held, **reduced(held, most_bytes)}
    assert sum(kept.values()) <= max(most_bytes, 0)
    share = most_bytes // max(1, len(held))
    assert all(kept[vendor] == held[vendor] for vendor in held if held[vendor] <= share)
    assert all(kept[vendor] >= min(held[vendor], share) for vendor in held)
