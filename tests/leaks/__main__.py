"""``python -m tests.leaks``: each protection of a worker is removed alone, and what is then found is printed, a line each.

The suite removes several at once, each seen in a place of its own. Exits 1 where nothing is found without one.

Example: python -m tests.leaks "bare tracebacks"
"""

import argparse
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from connector.demo.node import RabbitNode
from tests.leaks.conftest import open_host
from tests.leaks.protections import PROTECTIONS, unprotected_run
from tests.leaks.run import sought
from tests.leaks.search import found


def main() -> int:
    """Remove each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [protection.name for protection in PROTECTIONS]
    parser.add_argument("protection", nargs="*", help=f"all of them unless given: {', '.join(names)}")
    wanted = parser.parse_args().protection or names
    unseen = 0
    with (
        RabbitNode() as node,
        contextmanager(open_host)(node) as host,
        tempfile.TemporaryDirectory() as folder,
    ):
        for protection in PROTECTIONS:
            if protection.name in wanted:
                done = unprotected_run(host, [protection], Path(folder))
                seen = found(sought(done, protection.shown_in), done.places[protection.shown_in])
                unseen += not seen
                print(
                    f"{protection.name}: in {protection.shown_in}: {', '.join(sorted(seen)) or 'NOTHING'}",
                    flush=True,
                )
    return int(bool(unseen))


if __name__ == "__main__":
    sys.exit(main())
