"""The part of the benchmarks' page that a run writes: its figures as tables, beside the picture."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from tests.bench.peers.page.tables import about, markdown, tables
from tests.bench.peers.plan import ARMS

FOLDER: Final = Path(__file__).parents[2]
README: Final = FOLDER / "README.md"
PICTURE: Final = FOLDER / "peers.svg"
_BEGIN, _END = "<!-- figures: python -m tests.bench.peers.page -->", "<!-- end of the figures -->"


def merged(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
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
    about_all = {"arms": {name: arms[name] for name in names}, "others_cores": others, "runs": len(runs)}
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
