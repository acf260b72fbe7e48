"""A line in which owners take turns."""

from hypothesis import given
from hypothesis import strategies as st

from connector.limits.shared.rounds import place_in

comings = st.lists(st.one_of(st.sampled_from("abc"), st.none()), max_size=60)
"""Who comes, one after the other; None where the first makes way."""


def joined(line: list[tuple[str, int]], owner: str, number: int) -> None:
    line.insert(place_in([other for other, _ in line], owner), (owner, number))


@given(comings)
def test_whoever_waits_is_passed_by_another_owner_once_a_round(comings: list[str | None]) -> None:
    line: list[tuple[str, int]] = []
    passed: dict[tuple[str, int], list[str]] = {}
    own_before: dict[tuple[str, int], int] = {}
    for number, owner in enumerate(comings):
        if owner is None:
            if line:
                gone = line.pop(0)
                for waiting in line:
                    passed[waiting].append(gone[0])
                passed.pop(gone)
        else:
            own_before[owner, number] = sum(other == owner for other, _ in line)
            joined(line, owner, number)
            passed[owner, number] = []
        for ticket, others in passed.items():
            rounds = own_before[ticket] + 1
            assert all(others.count(other) <= rounds for other in "abc" if other != ticket[0])


@given(comings)
def test_who_has_the_turn_keeps_it_and_an_owner_alone_keeps_its_order(comings: list[str | None]) -> None:
    line: list[tuple[str, int]] = []
    for number, owner in enumerate(comings):
        first = line[0] if line else None
        if owner is None:
            line = line[1:]
            continue
        joined(line, owner, number)
        assert first is None or line[0] == first
        for each in "abc":
            mine = [at for other, at in line if other == each]
            assert mine == sorted(mine)


def test_one_owner_alone_goes_in_order_of_arrival() -> None:
    assert [place_in(["a"] * length, "a") for length in range(4)] == [0, 1, 2, 3]
