"""The pool's loop: what nobody waited for is logged by type, and never printed with its text."""

import gc
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from workers.pool import AsyncioPool

PRIVATE = "S3SAME"


@pytest.fixture
def pool() -> Iterator[AsyncioPool]:
    made = AsyncioPool()
    made.on_start()
    yield made
    made.loop.close()


async def _fail() -> None:
    raise KeyError(PRIVATE)


def test_a_job_that_fails_unheard_is_logged_and_not_printed(
    pool: AsyncioPool, capfd: pytest.CaptureFixture[str]
) -> None:
    async def passing() -> None:
        pass

    with capture_logs() as logs:
        pool.on_apply(_fail)
        while pool.jobs:
            pool.run(passing())
        gc.collect()
    (entry,) = logs
    assert (entry["event"], entry["log_level"]) == ("loop.unexpected_error", "error")
    assert isinstance(entry["exc_info"], KeyError)
    assert PRIVATE not in "".join(capfd.readouterr())
