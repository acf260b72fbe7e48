"""Records of the access journal for the tests, all of calls about nobody."""

import time
from datetime import timedelta
from typing import Any, Final

from pydantic import SecretStr

from connector.demo.deployment import Deployment
from connector.storage.database import open_database
from connector.storage.journal.record import FOUND, UNKNOWN, Record, record_id
from connector.storage.journal.store import JournalStore, Wanted
from tests.fakes import START
from tests.registry import CLAMART

_LOOKS: Final = 300


def record(number: int = 1, **changes: Any) -> Record:
    """Return the record of a call, a second after that of the number before."""
    values: dict[str, Any] = {
        "id": record_id("millesime", f"job-{number}", "run", "quotient_familial", 1, 1),
        "at": START + timedelta(seconds=number),
        "vendor": "millesime",
        "tenant": CLAMART,
        "job_id": f"job-{number}",
        "lane": "interactive",
        "label": "quotient_familial",
        "check": "quotient_familial",
        "endpoint": "/v3/dss/quotient_familial/identite",
        "agent": "agent-4831",
        "dossier": "2026-004711",
        "purpose": "aide-alimentaire",
        "attempt": 1,
        "person": "k3yn4me1:" + "0" * 64,
        "identifier": None,
        "outcome": FOUND,
        "http_status": 200,
        "duration_ms": 12,
    }
    return Record(**{**values, **changes})


def written(deployed: Deployment, job_id: str, count: int) -> list[Record]:
    """Return a job's records, once there are so many with an outcome."""
    engine = open_database(SecretStr(deployed.environment["CONNECTOR_DATABASE_URL"]), is_pooled=False)
    records: list[Record] = []
    for _ in range(_LOOKS):
        records = list(JournalStore(engine).each(Wanted(job_id=job_id)))
        if len([record for record in records if record.outcome != UNKNOWN]) >= count:
            break
        time.sleep(0.1)
    engine.dispose()
    return records
