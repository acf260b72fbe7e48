"""The figures of the arms as a picture: a chart of bars for each figure, as SVG text.

It has a ground of its own, so that it reads the same on a light page and on a dark one.
"""

from collections.abc import Iterator, Mapping
from html import escape
from textwrap import wrap
from typing import Any, Final

from tests.bench.peers.page.columns import Column, columns, figure, shown
from tests.bench.peers.page.tables import about

Measured = Mapping[str, Any]
_WIDTH: Final = 1000
_MARGIN: Final = 24
_GAP: Final = 28
_BAR: Final = 16
_ROW: Final = 24
_HEADING: Final = 30
_NAMES: Final = 250
_FIGURES: Final = 64
_COLUMNS: Final = 2
_TOP: Final = 100
_LINE: Final = 140
"""Characters of a line that is as wide as the picture."""
_OURS: Final = "connector"
_STYLE: Final = """
  text { font-family: system-ui, sans-serif; font-size: 12px; fill: #1f2328; }
  .title { font-size: 17px; font-weight: 600; }
  .heading { font-size: 13px; font-weight: 600; }
  .quiet { fill: #59636e; }
  .ours { fill: #0969da; }
  .peer { fill: #8c959f; }
"""


def picture(measured: Measured) -> str:
    """Return the picture of a run, of the arms and figures that were measured."""
    charts = columns(measured)
    arms: Mapping[str, str] = measured["run"]["arms"]
    height = _HEADING + _ROW * len(arms) + _GAP
    rows = -(-len(charts) // _COLUMNS)
    lines = wrap(f"{about(measured['run'])}. Shorter is better, but for throughput.", _LINE)
    total = _TOP + rows * height
    drawn = [line for number, chart in enumerate(charts) for line in _placed(number, height, chart, measured)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {total}" role="img" aria-labelledby="title">',
            '<title id="title">The worker beside what an engineer would write instead</title>',
            f"<style>{_STYLE}</style>",
            f'<rect width="{_WIDTH}" height="{total}" rx="8" fill="#ffffff" stroke="#d1d9e0"/>',
            _text(_MARGIN, 32, "The worker beside what an engineer would write instead", "title"),
            *(_text(_MARGIN, 51 + 17 * number, line, "quiet") for number, line in enumerate(lines)),
            *drawn,
            "</svg>",
            "",
        ]
    )


def _placed(number: int, height: int, chart: Column, measured: Measured) -> Iterator[str]:
    width = (_WIDTH - 2 * _MARGIN - _GAP) / _COLUMNS
    left = _MARGIN + (number % _COLUMNS) * (width + _GAP)
    top = _TOP + (number // _COLUMNS) * height
    yield f'<g transform="translate({left:g} {top})">'
    yield _text(0, 18, f"{chart.title}, {chart.unit}", "heading")
    yield from _bars(chart, measured, width - _NAMES - _FIGURES)
    yield "</g>"


def _bars(chart: Column, measured: Measured, longest: float) -> Iterator[str]:
    arms: Mapping[str, str] = measured["run"]["arms"]
    values = {arm: figure(chart, measured, arm) for arm in arms}
    most = max((value for value in values.values() if value is not None), default=0.0)
    for number, (arm, title) in enumerate(arms.items()):
        top = _HEADING + number * _ROW
        yield _text(0, top + 12, title)
        value = values[arm]
        if value is None:
            yield _text(_NAMES, top + 12, "not measured, or not possible", "quiet")
            continue
        length = longest * max(value, 0.0) / most if most > 0 else 0.0
        kind = "ours" if arm.startswith(_OURS) else "peer"
        yield f'<rect class="{kind}" x="{_NAMES}" y="{top}" width="{max(length, 1):.1f}" height="{_BAR}" rx="2"/>'
        yield _text(_NAMES + length + 6, top + 12, shown(chart, measured, arm))


def _text(left: float, top: float, text: str, kind: str = "") -> str:
    shape = f' class="{kind}"' if kind else ""
    return f'<text x="{left:g}" y="{top:g}"{shape}>{escape(text)}</text>'
