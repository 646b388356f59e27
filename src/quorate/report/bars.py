"""Horizontal bars for the cells of tables, and an interval with its value, as SVG text.

In: two ends on a scale. Out: an ``<svg>`` as wide as its cell; colours are the page's classes.
"""

from __future__ import annotations

import math
from typing import Final

from quorate.report.charts import WIDTH
from quorate.report.formats import number

_NAME_ROOM: Final = 0.2
"""The share of a bar that the name of an end takes."""


def bar(start: float, end: float, low: float, high: float, css: str) -> str:
    """Draw one horizontal bar from ``start`` to ``end`` on a scale from ``low`` to ``high``.

    Returns
    -------
    str
        One ``<svg>`` as wide as its cell, with a mark at zero where zero lies inside the scale.

    Notes
    -----
    Units: one unit for all four.  Causal: draws what it is given.  Missing: an empty bar where a
    number is not finite or the scale has no length.

    Examples
    --------
    >>> bar(0.0, 1.0, 0.0, 1.0, "up").count("<rect")
    1
    """
    shapes = ""
    spread = high - low
    if all(map(math.isfinite, (start, end, low, high))) and spread > 0.0:
        left = WIDTH * (min(start, end) - low) / spread
        wide = max(WIDTH * abs(end - start) / spread, 2.0 if start != end else 0.0)
        shapes = f'<rect class="{css}" x="{left:.1f}" y="3" width="{wide:.1f}" height="14"/>'
        if low < 0.0 < high:
            zero = -WIDTH * low / spread
            shapes += f'<path class="zero" d="M{zero:.1f} 0V20"/>'
    return _cell(shapes)


def share(value: float, ends: tuple[str, str], mark: float | None = None) -> str:
    """Draw a share as a bar from 0 to 1, with its ends named and a mark it has to reach.

    Parameters
    ----------
    value : float
        From 0 to 1.
    ends : tuple of str
        What 0 and 1 are called; with a mark, what 0 and the mark are called.
    mark : float, optional
        Where the bar must come to, drawn as a line.

    Notes
    -----
    Units: fraction.  Causal: draws what it is given.  Missing: an empty bar where the value is
    not finite.

    Examples
    --------
    >>> share(0.5, ("0%", "95%"), 0.95).count("<rect")
    2
    """
    shapes = ""
    if math.isfinite(value):
        wide = WIDTH * min(max(value, 0.0), 1.0)
        shapes = (
            f'<rect class="ground" x="0" y="3" width="{WIDTH:g}" height="14"/>'
            f'<rect class="base" x="0" y="3" width="{wide:.1f}" height="14"/>'
        )
        if mark is not None:
            shapes += f'<path class="value" d="M{WIDTH * mark:.1f} 0V20"/>'
    return _cell(shapes) + labels([(0.0, ends[0]), (1.0 if mark is None else mark, ends[1])])


def labels(places: list[tuple[float, str]]) -> str:
    """Name places on the scale of a bar, from left (0) to right (1), below it.

    Examples
    --------
    >>> labels([(0.0, "none"), (1.0, "all")]).count("none")
    1
    """
    names = (
        f'<span style="left:{100 * at:.1f}%;transform:translateX(-{100 * at:.0f}%)">{name}</span>'
        for at, name in places
    )
    return f'<span class="ends">{"".join(names)}</span>'


def interval(low: float | None, value: float | None, high: float | None) -> str:
    """Draw an interval as a bar, its value as a mark and zero as a line, on a scale of its own.

    The ends of the interval are named below it, and zero where there is room for its name.

    Notes
    -----
    Units: one unit for all three.  Causal: draws what it is given.  Missing: an empty cell where
    a number is not known.

    Examples
    --------
    >>> interval(None, 1.0, 2.0).count("<rect")
    0
    """
    if low is None or value is None or high is None:
        return _cell("")
    left, right = min(low, value, 0.0), max(high, value, 0.0)
    if not (math.isfinite(left) and math.isfinite(right)) or right <= left:
        return _cell("")
    room = 0.05 * (right - left)
    left, right = left - room, right + room

    def across(at: float) -> float:
        return WIDTH * (at - left) / (right - left)

    named = [(across(at) / WIDTH, number(at)) for at in (low, high)]
    if named[1][0] - named[0][0] < 2 * _NAME_ROOM:
        named = [(0.5 * (named[0][0] + named[1][0]), f"{number(low)} to {number(high)}")]
    if all(abs(across(0.0) / WIDTH - at) > _NAME_ROOM for at, _ in named):
        named.append((across(0.0) / WIDTH, "0"))
    css = "up" if low > 0.0 else "down" if high < 0.0 else "base"
    return _cell(
        f'<rect class="{css} wide-range" x="{across(low):.1f}" y="6" '
        f'width="{across(high) - across(low):.1f}" height="8"/>'
        f'<path class="zero" d="M{across(0.0):.1f} 0V20"/>'
        f'<path class="value" d="M{across(value):.1f} 2V18"/>'
    ) + labels(named)


def whisker(low: float, value: float, high: float, ends: tuple[float, float]) -> str:
    """Draw an interval as a thin line and its value as a block, on a scale that rows share.

    Parameters
    ----------
    low, value, high : float
        The interval and what lies in it.
    ends : tuple of float
        Where the scale begins and ends; zero is a line where it lies inside.

    Notes
    -----
    Units: one unit for all.  Causal: draws what it is given.  Missing: an empty cell where a number
    is not finite or the scale has no length.

    Examples
    --------
    >>> whisker(-1.0, 0.5, 2.0, (-2.0, 2.0)).count("<path")
    3
    >>> whisker(0.0, math.nan, 1.0, (0.0, 1.0)).count("<path")
    0
    """
    left, right = ends
    if not all(map(math.isfinite, (low, value, high, left, right))) or right <= left:
        return _cell("")
    zero, first, at, last = (WIDTH * (x - left) / (right - left) for x in (0.0, low, value, high))
    css = "up" if low > 0.0 else "down" if high < 0.0 else "base"
    shapes = f'<path class="zero" d="M{zero:.1f} 0V20"/>' if left < 0.0 < right else ""
    return _cell(
        f'{shapes}<path class="reach {css}" d="M{first:.1f} 10H{last:.1f}M{first:.1f} 6V14'
        f'M{last:.1f} 6V14"/><path class="middle {css}" d="M{at:.1f} 10h0"/>'
    )


def _cell(shapes: str) -> str:
    return (
        f'<svg class="bar" viewBox="0 0 {WIDTH:g} 20" preserveAspectRatio="none" '
        f'aria-hidden="true">{shapes}</svg>'
    )
