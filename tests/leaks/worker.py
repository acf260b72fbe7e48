"""The worker of the leak test: it crashes where a job's ``job_id`` says so, and may lack one of its protections.

Run as ``python -m tests.leaks.worker`` with the options and settings of ``ccas-connector worker``. What it is made to
raise, or to hand to Sentry's SDK, holds all that the layer sees. Between two protections that cover each other, it notes
what the first hands to the second, in the files of the folder that ``NOTES_VARIABLE`` names. A job that has come twice
before runs alone, as one that may be what ends a worker, and is looked for without delay.

Example: python -m tests.leaks.worker --without show_texts_of_exceptions --log-level DEBUG
"""

import sys
from functools import partial
from typing import Final

import workers.app
import workers.quarantine
from tests.leaks import removals
from tests.leaks.crashes import install_crashes
from tests.leaks.notes import install_notes
from tests.leaks.noting import put
from workers.cli import worker

_SUSPECT_DELIVERIES: Final = 2


def main(arguments: list[str]) -> None:
    """Run it."""
    while arguments[:1] == ["--without"]:
        getattr(removals, arguments[1])()
        arguments = arguments[2:]
    # Around what is left of the protections.
    install_crashes()
    install_notes()
    put(workers.app, "Work", partial(workers.app.Work, quarantine_deliveries=_SUSPECT_DELIVERIES))
    put(workers.quarantine, "LOOK_SECONDS", 0.1)
    worker(arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
