"""What is broken, and what must hold all the same.

Each scenario names the protection that it is about: run without it, the scenario must complain, or it proves nothing.
"""

import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kombu import Connection

from connector.amqp.topology import declare_reply_queue, reply_queue
from tests.chaos.alarm import memory_alarm
from tests.chaos.deletions import delete_every_part, delete_queues
from tests.chaos.load import Load
from tests.chaos.stage import VENDOR, Result, Stage
from tests.chaos.worker import POISON
from tests.jobs import identity, job

Complaints = Callable[[Result], list[str]]
Lives = Sequence[Sequence[str]]
FAILURES: Final[tuple[tuple[str, dict[str, float]], ...]] = (
    ("502", {}),
    ("503", {}),
    ("504", {}),
    # Twenty within five minutes suspend the tenant for as long.
    ("429", {"retry_in_seconds": 1, "times": 15}),
    ("maintenance", {"retry_in_seconds": 2}),
    ("network", {"retry_in_seconds": 1}),
    ("conflict", {}),
    ("reset", {}),
    ("timeout", {"after_seconds": 1}),
)
"""Each way in which the sandbox fails."""
_LOCKED_SECONDS: Final = 3.0
_ALARM_SECONDS: Final = 3.0
_MOST_DEATHS: Final = 46
"""More than the lives that two jobs may end before each runs alone, and then is answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One fault, under load."""

    name: str
    protections: tuple[str, ...]
    """What is switched off, one after the other, to see that the scenario would notice."""
    act: Callable[[Stage], None]
    jobs: int = 600
    short: int = 60
    """Jobs of its short form."""
    lane: str = "interactive"
    lives: Callable[[int], Lives] = lambda _jobs: ((),)
    """Options of the worker's successive lives, by the number of jobs; the last for ever."""
    jobs_per_second: float | None = None
    """By default, the jobs last for ``LOAD_SECONDS``."""
    is_revived: bool = False
    """A worker that ended by itself, because of what it met, is started again."""
    explained: bool = False
    """A crash, a cut or the vendor itself explains that a job is answered more than once."""
    complaints: Complaints = lambda _result: []
    """What this scenario demands beyond what every one does."""
    make: Callable[[str, int], list[dict[str, Any]]] = lambda prefix, count: [
        job(job_id=f"{prefix}-{number:04}") for number in range(count)
    ]
    """Returns so many jobs, whose ids begin with a prefix."""

    def judge(self, result: Result) -> list[str]:
        """Return what is wrong with a run; nothing is what must be."""
        counts = result.account.as_dict()
        wrong = [
            f"{name}: {counts[name]}"
            for name in ("lost", "unfinished", "stuck", "dead", "undeliverable", "unexpected")
            if counts[name]
        ]
        if counts["unexplained_duplicates"]:
            wrong.append(f"answered again without being marked: {counts['unexplained_duplicates']}")
        if not self.explained and counts["answered_more_than_once"]:
            wrong.append(f"answered again without a cause: {counts['answered_more_than_once']}")
        wrong += result.journal.complaints(result.calls, interrupted=self.explained)
        if result.given_up is not None:
            wrong.append(f"what was waited for did not come: {result.given_up}")
        return [*wrong, *self.complaints(result)]


def all_completed(result: Result) -> list[str]:
    """Complain of answers that are not whole: a fault that passes is not the vendor's trouble."""
    others = {name: count for name, count in result.account.by_status.items() if name != "completed"}
    return [f"answered otherwise than completed: {others}"] if others else []


def _crash(point: str) -> Callable[[int], Lives]:
    """Return three lives that end at ``point``, each after a tenth of the jobs, and one that does not."""
    return lambda jobs: (*((("--die-at", point, "--passages", str(max(1, jobs // 10))),) * 3), ())


def _three_crashes(stage: Stage) -> None:
    stage.worker.wait_for_crashes(3)


def _kill_the_broker(stage: Stage) -> None:
    for share in (0.25, 0.6):
        stage.after(share)
        stage.node.kill()
        stage.node.start()


def _cut(stage: Stage) -> None:
    for share in (0.1, 0.3, 0.5, 0.7, 0.9):
        stage.after(share)
        stage.proxy.cut()


def _fail_in_each_way(stage: Stage) -> None:
    for number, (kind, how) in enumerate(FAILURES):
        stage.after(number / (len(FAILURES) + 2))
        stage.sandbox.fail("dss", kind, for_seconds=1, **how)


def _lock_the_database(stage: Stage) -> None:
    for share in (0.2, 0.6):
        stage.after(share)
        locking = sqlite3.connect(stage.database, timeout=30, isolation_level=None)
        locking.execute("BEGIN EXCLUSIVE")
        # What is under test goes on meanwhile; this is how long the fault lasts.
        threading.Event().wait(_LOCKED_SECONDS)
        locking.execute("ROLLBACK")
        locking.close()


def _delete_the_reply_queue(stage: Stage) -> None:
    """An operator deletes it by mistake, sees the undeliverable, makes it again and replays them."""
    stage.after(0.3)
    with Connection(stage.node.url()) as connection:
        delete_queues(stage, connection, [reply_queue(VENDOR)])
        stage.load.wait()
        declare_reply_queue(connection.default_channel, VENDOR)
    stage.deployment.command("dead", "replay", "--all", "--queue", "undeliverable")


def _starve_the_broker(stage: Stage) -> None:
    for share in (0.2, 0.6):
        stage.after(share)
        with memory_alarm(stage.node):
            threading.Event().wait(_ALARM_SECONDS)


def _deploy(stage: Stage) -> None:
    for share in (0.2, 0.5, 0.8):
        stage.after(share)
        stage.worker.ask_to_stop()


def _poison(stage: Stage) -> None:
    stage.after(1)


def _with_two_poisons(prefix: str, count: int) -> list[dict[str, Any]]:
    """Return jobs of which two end the worker: the neighbours of one may wait while the other does."""
    poisons = [job(job_id=f"{prefix}-poison-{number}", identity=identity(POISON)) for number in range(2)]
    return [*poisons, *(job(job_id=f"{prefix}-{number:04}") for number in range(count - 2))]


def _only_the_poisons_failed(result: Result) -> list[str]:
    statuses = dict(result.account.by_status)
    expected = {"completed": len(result.account.published) - 2, "failed": 2}
    wrong = [] if statuses == expected else [f"statuses: {statuses}"]
    if result.crashes > _MOST_DEATHS:
        wrong.append(f"crashes: {result.crashes}")
    return wrong


def _kill_the_worker(stage: Stage) -> None:
    for number, share in enumerate((0.3, 0.7), start=1):
        stage.after(share)
        stage.worker.kill()
        stage.worker.wait_for_crashes(number)


def name_of(number: int) -> str:
    """Return a birth name that tells a job's number: names have no digits."""
    return "".join(chr(ord("A") + int(digit)) for digit in f"{number:05}")


def _of_each_person(prefix: str, count: int) -> list[dict[str, Any]]:
    """Return jobs about people of their own, so that each call tells its job."""
    return [
        job(job_id=f"{prefix}-{number:05}", identity=identity(name_of(number))) for number in range(count)
    ]


def _every_call_is_journalled(result: Result) -> list[str]:
    """Complain of each job with more calls than rows, and of rows without an outcome that no interruption explains."""
    journal = result.journal
    rows = {name_of(int(job_id[-5:])): count for job_id, count in journal.rows.items()}
    lacking = [name for name, calls in journal.set_out.items() if calls > rows.get(name, 0)]
    wrong = [f"jobs with a call that is not in the journal: {len(lacking)}"] if lacking else []
    unexplained = journal.unknown.keys() - result.account.marked
    if unexplained:
        wrong.append(f"calls without an outcome whose delivery was not interrupted: {len(unexplained)}")
    return [*wrong, *all_completed(result)]


def _publish_again(stage: Stage) -> None:
    """The vendor publishes every job a second time, though the first was confirmed."""
    stage.after(0.5)
    with Load(stage.node.url(), VENDOR, stage.load.jobs) as again:
        again.wait()


def _no_job_ran_twice(result: Result) -> list[str]:
    published = len(result.account.published)
    return [] if result.calls == published else [f"calls: {result.calls} for {published} jobs"]


SCENARIOS: Final = (
    Scenario(
        name="killed before the call",
        protections=("acknowledging last",),
        act=_three_crashes,
        lives=_crash("before_call"),
        explained=True,
        complaints=all_completed,
    ),
    Scenario(
        name="killed after the call, before the reply",
        protections=("acknowledging last",),
        act=_three_crashes,
        lives=_crash("after_call"),
        explained=True,
        complaints=all_completed,
    ),
    Scenario(
        name="killed after the confirm, before the ack",
        protections=("marking duplicates",),
        act=_three_crashes,
        lives=_crash("after_confirm"),
        explained=True,
        complaints=all_completed,
    ),
    Scenario(
        name="killed twice, and the journal",
        protections=("noting before the call",),
        act=_kill_the_worker,
        lane="batch",
        jobs=5000,
        short=300,
        explained=True,
        complaints=_every_call_is_journalled,
        make=_of_each_person,
    ),
    Scenario(
        name="broker killed",
        protections=("reconnecting",),
        act=_kill_the_broker,
        explained=True,
        complaints=all_completed,
    ),
    Scenario(
        name="connections cut",
        protections=("reconnecting",),
        act=_cut,
        explained=True,
        complaints=all_completed,
    ),
    Scenario(
        name="source failing in each way",
        protections=("retrying",),
        act=_fail_in_each_way,
        lane="batch",
        jobs=1200,
        complaints=all_completed,
    ),
    Scenario(
        name="database locked",
        protections=("doing without the database",),
        act=_lock_the_database,
        complaints=all_completed,
    ),
    Scenario(
        name="reply queue deleted",
        protections=("keeping the undeliverable", "waiting for confirms"),
        act=_delete_the_reply_queue,
        jobs=400,
        complaints=all_completed,
    ),
    Scenario(
        name="every part of the topology deleted in turn",
        protections=("declaring again", "finishing what is in flight"),
        act=delete_every_part,
        # More than are published: the load goes on until the last part is back, however slow the machine is.
        jobs=10_000,
        short=10_000,
        lives=lambda _jobs: (("--upkeep-seconds", "1"),),
        jobs_per_second=12.0,
        is_revived=True,
        explained=True,
    ),
    Scenario(
        name="broker out of memory",
        protections=("holding while blocked",),
        act=_starve_the_broker,
        jobs=400,
        complaints=all_completed,
    ),
    Scenario(
        name="deployed three times",
        protections=("acknowledging last",),
        act=_deploy,
        lives=lambda _jobs: (("--drain-seconds", "0"),),
        explained=True,
        complaints=all_completed,
    ),
    Scenario(
        name="published twice",
        protections=("reply memory",),
        act=_publish_again,
        jobs=300,
        explained=True,
        complaints=_no_job_ran_twice,
    ),
    Scenario(
        name="jobs that end the worker",
        protections=("isolation",),
        act=_poison,
        lane="batch",
        jobs=50,
        explained=True,
        complaints=_only_the_poisons_failed,
        make=_with_two_poisons,
    ),
)
