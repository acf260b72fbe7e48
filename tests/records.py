"""Records of the access journal for the tests, all of calls about nobody."""

from datetime import timedelta
from typing import Any

from connector.journal.record import FOUND, Record, record_id
from tests.fakes import START
from tests.registry import CLAMART


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
