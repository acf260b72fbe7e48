"""Where an exception was raised, as values: types and places, never its text nor what its frames held."""

import traceback
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

_PACKAGES: Final = ("connector", "schemas", "workers")
_MOST_FRAMES: Final = 50
_MOST_THROWN: Final = 10


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: the file is given from its package on, which names no folder of the host."""

    file: str
    function: str
    line: int
    is_ours: bool


@dataclass(frozen=True, slots=True)
class Thrown:
    """One exception of a chain, or of a group."""

    module: str
    kind: str
    frames: tuple[Frame, ...]
    """The innermost last."""
    depth: int = 0
    """How many groups it is within."""


def chain_of(error: BaseException) -> tuple[Thrown, ...]:
    """Return an exception, itself first, the members of a group before what the group was raised from.

    Each is told once, ``_MOST_THROWN`` at most: causes may turn in a circle, and a group may have thousands of members.
    """
    thrown: dict[int, Thrown] = {}
    left = [(error, 0)]
    while left and len(thrown) < _MOST_THROWN:
        each, depth = left.pop()
        if id(each) in thrown:
            continue
        thrown[id(each)] = _thrown(each, depth)
        cause = each.__cause__ or each.__context__
        if cause is not None:
            left.append((cause, depth))
        if isinstance(each, BaseExceptionGroup):
            left += [(member, depth + 1) for member in reversed(each.exceptions[:_MOST_THROWN])]
    return tuple(thrown.values())


def place_of(chain: tuple[Thrown, ...]) -> str:
    """Return the innermost place of ours, as ``file:function``, which outlives an edit of other lines."""
    frames = [frame for thrown in chain for frame in thrown.frames]
    ours = [frame for frame in chain[0].frames if frame.is_ours] if chain else []
    innermost = (ours or frames)[-1:]
    return f"{innermost[0].file}:{innermost[0].function}" if innermost else "unknown"


def _thrown(error: BaseException, depth: int) -> Thrown:
    kind = type(error)
    frames = traceback.extract_tb(error.__traceback__)[-_MOST_FRAMES:]
    return Thrown(kind.__module__, kind.__qualname__, tuple(map(_frame, frames)), depth)


def _frame(summary: traceback.FrameSummary) -> Frame:
    parts = PurePath(summary.filename).parts
    starts = [index for index, part in enumerate(parts[:-1]) if part in _PACKAGES]
    if "site-packages" in parts:
        parts = parts[parts.index("site-packages") + 1 :]
    else:
        parts = parts[starts[-1] :] if starts else parts[-2:]
    return Frame("/".join(parts), summary.name, summary.lineno or 0, parts[0] in _PACKAGES)
