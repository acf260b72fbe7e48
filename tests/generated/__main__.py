"""``make schemas-generate``: a table of what each generator makes of the published schemas in each language.

python -m tests.generated [--only GENERATOR-LANGUAGE]
"""

import argparse
import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from connector.catalogue import CATALOGUE
from connector.cli.tables import print_table
from tests.generated.classes import MODELINA, QUICKTYPE, REPLY, REQUEST, SCHEMAS, Envelope, made
from tests.generated.corpus import jobs, replies, variant_of
from tests.generated.tools import CACHE, HERE, ToolError, install, run, version

Pair = tuple[str, Any, Any]
"""A name, what was sent, what was written back."""
PAIRS = [
    (generator, language)
    for generator in (QUICKTYPE, MODELINA)
    for language in ("java", "csharp", "typescript")
]

COLUMNS = (
    "generator",
    "version",
    "language",
    "of",
    "compiled",
    "typed",
    "whole: same, but for null, other",
    "by check",
)
PINNED = {QUICKTYPE: version("quicktype"), MODELINA: version("@asyncapi/modelina")}


@dataclass(frozen=True, slots=True)
class Row:
    """The result of one generator in one language, for jobs or for replies."""

    complaint: str = ""
    typed: int = 0
    whole: tuple[int, int, int] = (0, 0, 0)
    """Messages that were written back as they were, as they were but for nulls, and otherwise."""
    checks: tuple[int, int, int] = (0, 0, 0)
    """Likewise, each check by the class of its own."""
    others: tuple[str, ...] = ()
    """Which messages, and which of their checks, were written otherwise."""


def _row(generator: str, language: str, envelope: Envelope, messages: dict[str, Any], node: Path) -> Row:
    folder = CACHE / "messages" / f"{generator}-{language}-{envelope.name}"
    shutil.rmtree(folder, ignore_errors=True)
    sent = _written(messages, folder / "in")
    try:
        printed = made(generator, language, envelope, node)(sent, folder / "out")
    except ToolError as error:
        return Row(complaint=str(error))
    found = {(name, check, member) for name, _, check, member in map(str.split, printed.splitlines())}
    typed = sum(
        any(
            (message, variant_of(name, envelope.suffix), variant_of(name, envelope.member.capitalize()))
            in found
            for message in (name, f"{name}-params")
        )
        for name in CATALOGUE
    )
    wholes, parts = list(_wholes(messages, folder / "out")), list(_parts(messages, folder / "out"))
    return Row(
        "",
        typed,
        _compared(wholes),
        _compared(parts),
        tuple(name for name, *pair in (*wholes, *parts) if _is_other(*pair)),
    )


def _wholes(messages: dict[str, Any], folder: Path) -> Iterator[Pair]:
    for name, message in messages.items():
        yield name, message, _read(folder / f"{name}.json")


def _parts(messages: dict[str, Any], folder: Path) -> Iterator[Pair]:
    for name, message in messages.items():
        for index, check in enumerate(message["checks"]):
            yield f"{name}.{index}", check, _read(folder / f"{name}.{index}.json")


def _read(file: Path) -> Any:
    """Return what was written back; nothing where a class could not."""
    return json.loads(file.read_text("utf-8")) if file.exists() else None


def _compared(pairs: list[Pair]) -> tuple[int, int, int]:
    same = sum(_comparable(sent) == _comparable(written) for _, sent, written in pairs)
    other = sum(_is_other(sent, written) for _, sent, written in pairs)
    return same, len(pairs) - same - other, other


def _is_other(sent: Any, written: Any) -> bool:
    return bool(_without_null(_comparable(sent)) != _without_null(_comparable(written)))


def _comparable(node: Any) -> Any:
    """Return a message with its instants read: an instant has several writings."""
    match node:
        case dict():
            return {name: _comparable(child) for name, child in node.items()}
        case list():
            return [_comparable(child) for child in node]
        case str() if "T" in node and node[:1].isdigit():
            try:
                return datetime.fromisoformat(node)
            except ValueError:
                return node
        case _:
            return node


def _without_null(node: Any) -> Any:
    match node:
        case dict():
            return {name: _without_null(child) for name, child in node.items() if child is not None}
        case list():
            return [_without_null(child) for child in node]
        case _:
            return node


def _accepted_by_ajv(envelope: Envelope, messages: dict[str, Any], node: Path) -> str:
    folder = _written(messages, CACHE / "messages" / f"ajv-{envelope.name}")
    schema = SCHEMAS / "json" / f"verification.{envelope.name}.v1.schema.json"
    said = run(["node", HERE / "ajv.mjs", schema, folder], node).strip()
    return f"ajv {version('ajv')} {envelope.name}: {said}"


def _written(messages: dict[str, Any], folder: Path) -> Path:
    """Return a new folder with a file for each message."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, message in messages.items():
        (folder / f"{name}.json").write_text(json.dumps(message), "utf-8")
    return folder


def _cells(row: Row) -> tuple[str, ...]:
    if row.complaint:
        return ("no", "-", "-", "-")
    figures = (", ".join(map(str, row.whole)), ", ".join(map(str, row.checks)))
    return ("yes", f"{row.typed}/{len(CATALOGUE)}", *figures)


def main() -> int:
    """Print the table; 1 where a generator's classes do not compile, or do not type every check."""
    parser = argparse.ArgumentParser(prog="python -m tests.generated", description=__doc__)
    names = ["-".join(pair) for pair in PAIRS]
    parser.add_argument("--only", choices=names, help="one generator in one language")
    only = parser.parse_args().only
    console, cells, rows = Console(stderr=True), list[list[str]](), dict[str, Row]()
    with console.status("npm and apt bring what is missing") as status:
        node = install()
        envelopes = ((REPLY, replies()), (REQUEST, jobs()))
        accepted = [_accepted_by_ajv(envelope, messages, node) for envelope, messages in envelopes]
        for generator, language in PAIRS:
            for envelope, messages in envelopes:
                if only not in (None, f"{generator}-{language}"):
                    continue
                name = f"{generator} {PINNED[generator]} {language} {envelope.name}"
                status.update(name)
                rows[name] = _row(generator, language, envelope, messages, node)
                cells.append([*name.split(), *_cells(rows[name])])
    print(*accepted, sep="\n")
    print_table(COLUMNS, cells)
    for name, row in rows.items():
        if row.others:
            print(f"{name}, written otherwise: {', '.join(row.others)}")
        if row.complaint:
            print(f"{name}: {row.complaint[:2000]}")
    return int(any(row.complaint or row.typed < len(CATALOGUE) for row in rows.values()))


if __name__ == "__main__":
    sys.exit(main())
