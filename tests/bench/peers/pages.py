"""Write what runs have measured into the benchmarks' page: the picture of the arms, and the tables.

Of several files, the figures of each arm, growth and feature are those of the last file that has them.

Example: python -m tests.bench.peers.pages peers.json
"""

import argparse
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from tests.bench.peers.picture import picture
from tests.bench.peers.plan import ARMS
from tests.bench.peers.tables import about, markdown, tables

FOLDER: Final = Path(__file__).parents[1]
README: Final = FOLDER / "README.md"
PICTURE: Final = FOLDER / "peers.svg"
_BEGIN, _END = "<!-- figures: python -m tests.bench.peers.pages -->", "<!-- end of the figures -->"


def merged(runs: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return the figures of several runs as of one: of each part, each arm and each growth of the last that has it."""
    whole: dict[str, Any] = {}
    arms: dict[str, str] = {}
    others: dict[str, float] = {}
    for run in runs:
        whole |= {part: whole.get(part, {}) | figures for part, figures in run.items()}
        arms |= run["run"]["arms"]
        others |= {
            part: max(cores, others.get(part, 0)) for part, cores in run["run"]["others_cores"].items()
        }
    names = [*(name for name in ARMS if name in arms), *(name for name in arms if name not in ARMS)]
    about_all = {"arms": {name: arms[name] for name in names}, "others_cores": others}
    return whole | {"run": whole["run"] | about_all}


def page(text: str, measured: dict[str, Any]) -> str:
    """Return the page with its figures replaced by those of a run. Raises ``ValueError`` where it has no place for them."""
    section = "\n\n".join([_BEGIN, *_sections(measured), _END])
    replaced, places = re.subn(
        f"{re.escape(_BEGIN)}.*?{re.escape(_END)}", lambda _: section, text, flags=re.DOTALL
    )
    if places != 1:
        raise ValueError(f"the page has {places} places for figures, between {_BEGIN} and {_END}")
    return replaced


def _sections(measured: dict[str, Any]) -> Iterator[str]:
    yield f"### The last run\n\n{about(measured['run'])}."
    for table in tables(measured):
        yield f"#### {table.title}\n\n{markdown(table)}"


def main() -> None:
    """Write the picture and the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="what --json has written")
    measured = merged(json.loads(file.read_text("utf-8")) for file in parser.parse_args().files)
    written = page(README.read_text("utf-8"), measured)
    PICTURE.write_text(picture(measured), "utf-8")
    README.write_text(written, "utf-8")
    print(f"{README} and {PICTURE} show the run of {measured['run']['at']}")


if __name__ == "__main__":
    main()
