"""Write what runs have measured into the benchmarks' page: the picture of the arms, and the tables.

Of several files, the figures of each arm, growth and feature are those of the last file that has them.

Example: python -m tests.bench.peers.page peers.json
"""

import argparse
import json
from pathlib import Path

from tests.bench.peers.page.picture import picture
from tests.bench.peers.page.section import PICTURE, README, merged, page


def main() -> None:
    """Write the picture and the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="what --json has written")
    files = parser.parse_args().files
    try:
        measured = merged([json.loads(file.read_text("utf-8")) for file in files])
    except (OSError, ValueError, KeyError, TypeError) as error:
        parser.error(f"not the figures of a run, give what --json has written: {error}")
    written = page(README.read_text("utf-8"), measured)
    PICTURE.write_text(picture(measured), "utf-8")
    README.write_text(written, "utf-8")
    print(f"{README} and {PICTURE} show the run of {measured['run']['at']}")


if __name__ == "__main__":
    main()
