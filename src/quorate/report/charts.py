"""Charts as SVG text: pure functions of numbers, without scripts, fonts or colours of their own.

In: times and values. Out: an ``<svg>`` that is as wide as its column: the plot is stretched while
its labels are not, so that they can be read on a phone. Colours are the page's CSS classes.
"""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from quorate.report.axes import nice_ticks, tick_label, time_ticks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.core.types import IntVec, Vec

WIDTH: Final = 1000.0
MAX_POINTS: Final = 800
_TOP, _BOTTOM = 10, 26


@dataclass(frozen=True)
class Series:
    """One line of a chart: its name, its values and the CSS class that colours it."""

    name: str
    values: Vec
    css: str
    is_area: bool = False


def downsample(times: IntVec, values: Vec, max_points: int = MAX_POINTS) -> tuple[IntVec, Vec]:
    """Thin a line out, keeping the lowest and the highest point of every bucket.

    Parameters
    ----------
    times, values : IntVec, Vec
        Shape (point,) each.
    max_points : int
        At least 4; the first and the last point are always kept.

    Returns
    -------
    times, values : IntVec, Vec
        At most ``max_points`` each, in order.

    Notes
    -----
    Units: as given.  Causal: reads the whole line.  Missing: a bucket of NaN only gives one NaN,
    which breaks the line.

    Examples
    --------
    >>> downsample(np.arange(9), np.array([0, 1, 0, 0, -5, 0, 0, 1.0, 0]), 6)[1].tolist()
    [0.0, 1.0, 0.0, -5.0, 1.0, 0.0]
    """
    n = len(values)
    if n <= max_points:
        return times, values
    edges = np.linspace(1, n - 1, (max_points - 2) // 2 + 1).astype(np.int64)
    kept = [0]
    for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        part = values[first:last]
        known = np.flatnonzero(np.isfinite(part))
        if len(known) == 0:
            kept.append(first)
            continue
        low = first + int(known[np.argmin(part[known])])
        high = first + int(known[np.argmax(part[known])])
        kept += sorted({low, high})
    chosen = np.array([*kept, n - 1])
    return times[chosen], values[chosen]


def line_chart(
    times: IntVec, series: Sequence[Series], *, title: str, unit: str, height: int = 240
) -> str:
    """Draw lines over time, with a scale in round numbers on the left and dates below.

    Parameters
    ----------
    times : IntVec
        Milliseconds since 1970, ascending, shape (point,).
    series : sequence of Series
        Values of shape (point,) each; an area is filled down to zero.
    title, unit : str
        Said to screen readers; ``unit`` is ``"%"`` or a name, which stands above the scale.
    height : int
        Pixels.

    Returns
    -------
    str
        One ``<svg>``; without a finite value, one that says so.

    Notes
    -----
    Units: ``unit``.  Causal: draws what it is given.  Missing: NaN breaks the line.

    Examples
    --------
    >>> "no data" in line_chart(np.array([], np.int64), [], title="equity", unit="USD")
    True
    """
    found = [line.values[np.isfinite(line.values)] for line in series]
    finite = np.concatenate([*found, np.zeros(0)])
    if len(finite) == 0:
        return _empty(title, height)
    low, high = float(np.min(finite)), float(np.max(finite))
    if any(line.is_area for line in series):
        low, high = min(low, 0.0), max(high, 0.0)
    ticks = nice_ticks(low, high)
    low, high = min(low, ticks[0]), max(high, ticks[-1])
    start, end = int(times[0]), int(times[-1])
    plot = height - _TOP - _BOTTOM
    spread = high - low

    def down(value: float) -> float:
        return plot * (1.0 - (value - low) / spread)

    body = [
        _path(times, line, (start, end), (plot, low, high), down(min(max(0.0, low), high)))
        for line in series
    ]
    said = f"{title}, {unit}: from {_plain(low)} to {_plain(high)} on the scale"
    return "".join(
        [
            f'<svg class="chart" role="img" height="{height}" aria-label="{html.escape(said)}">',
            *(_y_tick(tick, ticks, unit, _TOP + down(tick)) for tick in ticks),
            *_x_axis(start, end, height),
            f'<svg x="0" y="{_TOP}" width="100%" height="{plot}" viewBox="0 0 {WIDTH:g} {plot}"',
            ' preserveAspectRatio="none">',
            *body,
            "</svg></svg>",
        ]
    )


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
    return (
        f'<svg class="bar" viewBox="0 0 {WIDTH:g} 20" preserveAspectRatio="none" '
        f'aria-hidden="true">{shapes}</svg>'
    )


def _empty(title: str, height: int) -> str:
    return (
        f'<svg class="chart" role="img" height="{height}" '
        f'aria-label="{html.escape(title)}: no data">'
        f'<text class="none" x="50%" y="{height // 2}" text-anchor="middle">no data</text></svg>'
    )


def _path(
    times: IntVec,
    line: Series,
    span: tuple[int, int],
    scale: tuple[int, float, float],
    floor: float,
) -> str:
    """Return the path of a line; every run of finite values is a stroke of its own."""
    plot, low, high = scale
    thin_times, values = downsample(times, line.values)
    length = span[1] - span[0]
    x = WIDTH * (thin_times - span[0]) / length if length else np.full(len(values), WIDTH / 2)
    y = plot * (1.0 - (values - low) / (high - low))
    strokes, areas = [], []
    bounds = np.flatnonzero(np.diff(np.isfinite(y).astype(np.int8), prepend=0, append=0))
    for first, last in zip(bounds[::2].tolist(), bounds[1::2].tolist(), strict=True):
        points = [f"{x[i]:.1f} {y[i]:.1f}" for i in range(first, last)]
        if len(points) == 1:  # a point alone is a short dash
            points.append(f"{x[first] + 4.0:.1f} {y[first]:.1f}")
        strokes.append("M" + "L".join(points))
        areas.append(
            f"M{x[first]:.1f} {floor:.1f}L{'L'.join(points)}L{x[last - 1]:.1f} {floor:.1f}Z"
        )
    drawn = f'<path class="line {line.css}" d="{"".join(strokes)}"/>'
    return f'<path class="area {line.css}" d="{"".join(areas)}"/>{drawn}' if line.is_area else drawn


def _y_tick(tick: float, ticks: Sequence[float], unit: str, y: float) -> str:
    sign = "%" if unit == "%" else ""
    css = "grid zero" if tick == 0.0 else "grid"
    return (
        f'<line class="{css}" x1="0" x2="100%" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text class="tick" x="-8" y="{y + 4.0:.1f}" text-anchor="end">'
        f"{tick_label(tick, ticks)}{sign}</text>"
    )


def _x_axis(start: int, end: int, height: int) -> list[str]:
    parts = []
    for i, (at, label) in enumerate(time_ticks(start, end)):
        share = 100.0 * (at - start) / (end - start) if end > start else 50.0
        anchor = "start" if share < 5.0 else "end" if share > 95.0 else "middle"
        css = "tick alt" if i % 2 else "tick"
        parts.append(
            f'<line class="mark" x1="{share:.2f}%" x2="{share:.2f}%" y1="{height - _BOTTOM}" '
            f'y2="{height - _BOTTOM + 5}"/><text class="{css}" x="{share:.2f}%" '
            f'y="{height - 7}" text-anchor="{anchor}">{label}</text>'
        )
    return parts


def _plain(value: float) -> str:
    return f"{value:,.6g}"
