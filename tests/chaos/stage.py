"""Where a scenario plays: a broker that may be killed, a network that may be cut, a sandbox that may fail, a worker."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from connector.clock import utc_now
from connector.demo.node import RabbitNode
from connector.storage.journal.keys import new_key
from tests.chaos.account import Account
from tests.chaos.background import StalledError, connected
from tests.chaos.collector import Collector
from tests.chaos.drain import depths, final_account
from tests.chaos.durability import sync_declarations
from tests.chaos.journal import NOTES_VARIABLE, Journalled, journalled
from tests.chaos.load import Load
from tests.chaos.proxy import TcpProxy
from tests.chaos.supervisor import Supervisor
from tests.deployments import Deployment
from tests.sandbox_control import SandboxControl

LATENCY_SECONDS: Final = 0.2
"""Of the sandbox: long enough for jobs to be in flight whenever something happens."""
LOAD_SECONDS: Final = 8.0
"""That a load lasts at the least, so that a fault meets it under way."""
MOST_JOBS_PER_SECOND: Final = 150.0
VENDOR: Final = "millesime"
_TRIED_AGAIN: Final = "dead_letter_worker_publisher_confirm_timeout"
_TRIED_AGAIN_MILLISECONDS: Final = 3000
LOOKS_PER_SECOND: Final = 3
"""At the broker's queues."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The parts of one run of a scenario, under way."""

    node: RabbitNode
    deployment: Deployment
    sandbox: SandboxControl
    proxy: TcpProxy
    """Between the worker and the broker."""
    worker: Supervisor
    load: Load
    collector: Collector
    database: Path
    stall_seconds: float

    def after(self, share: float) -> None:
        """Return once so many of the jobs are answered, from 0 to 1. Raises ``StalledError``."""
        wanted = share * self.load.size
        self.collector.wait_until(lambda account: len(account.answered) >= wanted, self.stall_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run of a scenario has shown."""

    account: Account
    jobs: int
    """That were to be published, less those that the scenario left out."""
    crashes: int
    calls: int
    """That the sandbox counted."""
    journal: Journalled
    given_up: str | None
    """Why the scenario did not come to its end; None where it did."""


@contextmanager
def theatre(node: RabbitNode) -> Iterator[Deployment]:
    """Give a deployment on a broker, for several scenarios."""
    with Deployment(node.url(), ["--latency", str(LATENCY_SECONDS)]) as deployment:
        deployment.environment["CONNECTOR_JOURNAL_KEY"] = new_key()
        # What is due and finds no way is tried again after so long; a broker's default is three minutes.
        node.evaluate(f"application:set_env(rabbit, {_TRIED_AGAIN}, {_TRIED_AGAIN_MILLISECONDS})")
        deployment.command("topology", "declare")
        sync_declarations(node)
        yield deployment


def play(  # noqa: PLR0913 - what a run is made of
    node: RabbitNode,
    deployment: Deployment,
    jobs: Sequence[dict[str, Any]],
    lives: Sequence[Sequence[str]],
    act: Callable[[Stage], None],
    *,
    lane: str = "interactive",
    jobs_per_second: float | None = None,
    is_revived: bool = False,
    patience_seconds: float = 400.0,
) -> Result:
    """Publish ``jobs`` to a worker of ``lives``, let ``act`` do its worst, and account for every job once it is over.

    ``patience_seconds`` is how long nothing may move before what is left counts as it stands: by default longer than
    a job of a campaign may be deferred while its provider is away for a moment.
    """
    # A slow machine makes faults last: what is asked here is whether a job is lost, not whether an agent still waits.
    expires_at = (utc_now() + timedelta(hours=1)).isoformat()
    jobs = [{**job, "expires_at": expires_at} for job in jobs]
    sandbox = SandboxControl(deployment.environment["CONNECTOR_API_PARTICULIER_URL"])
    sandbox.recover()
    sandbox.forget_calls()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ccas-connector-chaos-")))
        proxy = stack.enter_context(TcpProxy(node.port))
        environment = deployment.environment | {
            "CONNECTOR_BROKER_URL": proxy.in_front_of(node.url()),
            NOTES_VARIABLE: str(folder / "calls"),
        }
        worker = stack.enter_context(
            Supervisor(lives, environment, folder / "worker.log", is_revived=is_revived)
        )
        load = stack.enter_context(
            Load(
                node.url(),
                VENDOR,
                jobs,
                lane=lane,
                jobs_per_second=jobs_per_second or min(MOST_JOBS_PER_SECOND, len(jobs) / LOAD_SECONDS),
            )
        )
        collector = stack.enter_context(Collector(node.url(), load))
        database = Path(environment["CONNECTOR_DATABASE_URL"].removeprefix("sqlite:///"))
        stage = Stage(
            node=node,
            deployment=deployment,
            sandbox=sandbox,
            proxy=proxy,
            worker=worker,
            load=load,
            collector=collector,
            database=database,
            stall_seconds=patience_seconds,
        )
        given_up = _act(act, stage)
        load.wait()
        looks = round(patience_seconds * LOOKS_PER_SECOND)
        account = final_account(node, collector, load, looks=looks)
        crashes = worker.crashes
        written = journalled(database, folder / "calls", {str(job["job_id"]) for job in jobs})
    _sweep(node)
    return Result(
        account=account,
        jobs=load.size,
        crashes=crashes,
        calls=len(sandbox.calls()),
        journal=written,
        given_up=given_up,
    )


def _act(act: Callable[[Stage], None], stage: Stage) -> str | None:
    try:
        act(stage)
    except (StalledError, TimeoutError) as error:
        return str(error)
    return None


def _sweep(node: RabbitNode) -> None:
    """Empty every queue, so that a run does not inherit what another left."""
    with connected(node.url()) as connection:
        for name, depth in depths(node).items():
            if depth.total:
                connection.channel().queue_purge(name)
