"""The order of a line in which owners take turns: each has one place a round, however many stand in it."""

from collections import Counter
from collections.abc import Sequence


def place_in(owners: Sequence[str], owner: str) -> int:
    """Return where in a line whoever comes now for ``owner`` stands; ``owners`` are those of the line, the first goes.

    Behind as many of each other owner's as its own has there already, so that nobody's many stand before another's first.
    ``connector.limits.shared.redis_arrivals`` says the same in Lua.
    """
    own = owners.count(owner)
    before: Counter[str] = Counter()
    for place, other in enumerate(owners):
        if before[other] > own:
            return place
        before[other] += 1
    return len(owners)
