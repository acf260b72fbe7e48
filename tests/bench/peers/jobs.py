"""The jobs that every arm is given: one tenant's, of one check, unless what is measured is how that grows."""

from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import Any, Final

from tests.bench.fan_out import CHECKS
from tests.jobs import job

MOST_CHECKS: Final = len(CHECKS)


def jobs(
    count: int, first: int = 0, *, checks: int = 1, tenants: Sequence[str] = ()
) -> Iterator[dict[str, Any]]:
    """Yield ``count`` jobs of ``checks`` checks each, numbered from ``first``, of each of the tenants in turn."""
    asked = [{"check": name} for name in CHECKS[:checks]]
    whose = cycle(tenants) if tenants else None
    for number in range(first, first + count):
        made = job(*asked, job_id=f"bench-{number}")
        yield made if whose is None else made | {"tenant": next(whose)}
