"""The peers: FastStream in two ways, Celery, and a worker by hand."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Final

from connector.demo.program import Program
from tests.bench.peers.arms import Arm, Order, Running

_PROGRAMS: Final = "tests.bench.peers.programs"
_FASTSTREAM: Final = ("-m", "faststream", "run")
_STARTED: Final = "FastStream app started successfully"
_READY: Final = "worker ready"


@contextmanager
def _started(arguments: Sequence[str], said: str, order: Order) -> Iterator[Running]:
    """Start the processes of a peer, and wait until each says that it takes jobs."""
    environment = {
        **os.environ,
        "BENCH_BROKER_URL": order.broker_url,
        "BENCH_UPSTREAM_URL": order.upstream_url,
        "BENCH_CONCURRENCY": str(order.concurrency),
    }
    with ExitStack() as stack:
        programs = [
            stack.enter_context(Program([sys.executable, *_named(arguments, number)], environment))
            for number in range(order.processes)
        ]
        for program in programs:
            program.wait_for(said)
        yield Running(pids=tuple(program.pid for program in programs))


def _named(arguments: Sequence[str], number: int) -> list[str]:
    return [argument.replace("NUMBER", str(number)) for argument in arguments]


FASTSTREAM: Final = Arm(
    name="faststream",
    title="FastStream as documented",
    start=partial(_started, (*_FASTSTREAM, "tests.bench.faststream_worker:app"), _STARTED),
)
FASTSTREAM_AIOHTTP: Final = Arm(
    name="faststream-aiohttp",
    title="FastStream over the aiohttp transport",
    start=partial(_started, (*_FASTSTREAM, f"{_PROGRAMS}.faststream_aiohttp:app"), _STARTED),
)
CELERY: Final = Arm(
    name="celery",
    title="Celery, two hops, threads",
    start=partial(_started, ("-m", f"{_PROGRAMS}.celery_threads", "NUMBER"), _READY),
    # Ten thousand threads make a few hundred calls in as long as the first of them may wait.
    most_in_hand=2000,
)
BY_HAND: Final = Arm(
    name="by-hand",
    title="aio-pika + aiohttp by hand, no feature",
    start=partial(_started, ("-m", f"{_PROGRAMS}.by_hand"), _READY),
)
PEERS: Final = (FASTSTREAM, FASTSTREAM_AIOHTTP, CELERY, BY_HAND)
