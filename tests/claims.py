"""A process that claims jobs of the reply memory, beside others that claim the same ones, and notes their calls."""

import json
import random
import sys
from collections.abc import Iterable

from pydantic import SecretStr

from connector.clock import utc_now
from connector.jobs.job_state import Fresh, IdempotencyKey
from connector.storage.database import open_database
from connector.storage.journal.record import Record
from connector.storage.journal.store import JournalStore
from connector.storage.replies.store import MemoryStore, Written
from tests.records import record

JOBS = 2000
_GROUP = 100


def claims_of(process: str, numbers: Iterable[int]) -> list[IdempotencyKey]:
    """Return the claims of a process on the jobs of these numbers."""
    return [
        IdempotencyKey(
            vendor="millesime",
            # Of either case: a server's order of texts need not be Python's.
            job_id=f"{'Job' if number % 2 else 'job'}-{number}",
            claim=f"{process}-{number}",
            digests=(f"k:{number}",),
            redelivered=False,
        )
        for number in numbers
    ]


def records_of(claims: Iterable[IdempotencyKey]) -> dict[str, tuple[Record, ...]]:
    """Return the record of each claim's call, by the claim's name: for a job the same one in every process."""
    return {claim.claim: (record(1, id=f"call-{claim.job_id}", job_id=claim.job_id),) for claim in claims}


def main(url: str, process: str) -> None:
    """Claim every job, in groups, in an order of its own, answer what it may run, and say which those were.

    The records of a group are written once more behind it, as those are that come by the broker too.
    """
    engine = open_database(SecretStr(url))
    store, journal = MemoryStore(engine), JournalStore(engine)
    jobs = random.Random(process).sample(range(JOBS), JOBS)  # noqa: S311 - an order, not a secret
    ran: list[str] = []
    to_write: list[Written] = []
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    for start in range(0, JOBS, _GROUP):
        claims = claims_of(process, jobs[start : start + _GROUP])
        # As a worker does: what the last group left is written with the next group's claims.
        records = records_of(claims)
        told = store.exchange(claims, to_write, utc_now(), records)
        fresh = [claim for claim in claims if isinstance(told[claim.claim], Fresh)]
        ran += [claim.job_id for claim in fresh]
        to_write = [
            Written(claim=claim, busy_until=utc_now(), sealed_reply=b"reply", records=records[claim.claim])
            for claim in fresh
        ]
        journal.write(each for some in records.values() for each in some)
    store.exchange([], to_write, utc_now())
    engine.dispose()
    sys.stdout.write(json.dumps(ran) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
