"""A worker with a defect: of one check, no answer can be understood; a warning, then an exception, carry it whole.

Run as ``python -m tests.failing_worker`` with the options and settings of ``ccas-connector worker``.
"""

import sys
import warnings
from typing import Any

import connector.pipeline.call
from connector.checks.decide import decide
from workers.cli import worker


def _fail(planned: Any, attempt: Any, exchange: Any, now: Any) -> Any:
    if planned.definition.name == "revenu_solidarite_active":
        warnings.warn(f"{attempt} {exchange.body!r}", stacklevel=1)
        raise ValueError(f"{attempt} {exchange.body!r}")
    return decide(planned, attempt, exchange, now)


if __name__ == "__main__":
    connector.pipeline.call.decide = _fail  # type: ignore[assignment, attr-defined]
    worker(sys.argv[1:])
