"""Where an exception was raised, as values: types and places, never its text nor what its frames held."""

import traceback
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

_PACKAGES: Final = ("connector", "schemas", "workers")
_MOST_FRAMES: Final = 50
_MOST_CAUSES: Final = 5


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: the file is given from its package on, which names no folder of the host."""

    file: str
    function: str
    line: int
    is_ours: bool


@dataclass(frozen=True, slots=True)
class Thrown:
    """One exception of a chain."""

    module: str
    kind: str
    frames: tuple[Frame, ...]
    """The innermost last."""


def chain_of(error: BaseException) -> tuple[Thrown, ...]:
    """Return an exception and what it was raised from, itself first."""
    thrown: list[Thrown] = []
    following: BaseException | None = error
    while following is not None and len(thrown) < _MOST_CAUSES:
        kind = type(following)
        frames = traceback.extract_tb(following.__traceback__)[-_MOST_FRAMES:]
        thrown.append(Thrown(kind.__module__, kind.__qualname__, tuple(map(_frame, frames))))
        following = following.__cause__ or following.__context__
    return tuple(thrown)


def place_of(chain: tuple[Thrown, ...]) -> str:
    """Return the innermost place of ours, as ``file:function``, which outlives an edit of other lines."""
    frames = [frame for thrown in chain for frame in thrown.frames]
    ours = [frame for frame in chain[0].frames if frame.is_ours] if chain else []
    innermost = (ours or frames)[-1:]
    return f"{innermost[0].file}:{innermost[0].function}" if innermost else "unknown"


def _frame(summary: traceback.FrameSummary) -> Frame:
    parts = PurePath(summary.filename).parts
    starts = [index for index, part in enumerate(parts[:-1]) if part in _PACKAGES]
    if "site-packages" in parts:
        parts = parts[parts.index("site-packages") + 1 :]
    else:
        parts = parts[starts[-1] :] if starts else parts[-2:]
    return Frame("/".join(parts), summary.name, summary.lineno or 0, parts[0] in _PACKAGES)
