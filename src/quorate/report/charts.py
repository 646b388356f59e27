"""Charts as SVG text and the numbers behind them: no fonts and no colours of their own.

In: values over time, or over a scale of money. Out: an ``<svg>`` as wide as its column (the plot
is stretched, its labels are not, so that a phone can show them) and the points it draws, from
which the page reads a value under the pointer. Colours are the page's CSS classes.
"""

from __future__ import annotations

import html
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from quorate.report.axes import log_ticks, nice_ticks, tick_label, time_ticks
from quorate.report.formats import number
from quorate.report.thinning import thinned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.core.types import IntVec, Vec

WIDTH: Final = 1000.0
_TOP, _BOTTOM = 10, 26
_NAME_PX: Final = 14  # a row above the plot for the name of each mark


@dataclass(frozen=True)
class Series:
    """One line of a chart, or its points alone: name, values, the CSS class that colours it."""

    name: str
    values: Vec
    css: str
    is_area: bool = False
    is_points: bool = False


class Axis(NamedTuple):
    """Where points stand from left (0) to right (1), the marks below, and how points are called.

    ``times`` are milliseconds since 1970, or empty where ``labels`` name the points.
    """

    at: Vec
    marks: list[tuple[float, str]]
    times: list[int]
    labels: list[str]


class Mark(NamedTuple):
    """A vertical line at a place of note, and its name."""

    at: float
    name: str


class Chart(NamedTuple):
    """A picture, what it shows in words, and its points for the page's script."""

    svg: str
    said: str
    points: dict[str, Any]


class _Frame(NamedTuple):
    """The scale of a chart: its ends, the height of its plot and its marks."""

    low: float
    high: float
    plot: float
    ticks: list[float]
    top: float
    least: float | None = None

    def down(self, value: float) -> float:
        return self.plot * (1.0 - (value - self.low) / (self.high - self.low))


def time_axis(times: IntVec) -> Axis:
    """Return the axis of points in time, ms since 1970, ascending."""
    start, end = int(times[0]), int(times[-1])
    length = end - start
    at = (times - start) / length if length else np.full(len(times), 0.5)
    marks = [
        ((ms - start) / length if length else 0.5, label) for ms, label in time_ticks(start, end)
    ]
    return Axis(at, marks, [int(ms) for ms in times], [])


def money_axis(amounts_usd: Vec) -> Axis:
    """Return a logarithmic axis of amounts above zero, ascending, at least two."""
    logs = np.log10(amounts_usd)
    start, length = float(logs[0]), float(logs[-1] - logs[0])
    marks = [
        ((at - start) / length, label)
        for at, label in log_ticks(float(amounts_usd[0]), float(amounts_usd[-1]))
    ]
    labels = [f"account of {number(usd, 0 if usd >= 100 else 2)} USD" for usd in amounts_usd]
    return Axis((logs - start) / length, marks, [], labels)


def line_chart(
    times: IntVec,
    series: Sequence[Series],
    *,
    title: str,
    unit: str,
    height: int = 240,
    digits: int = 2,
    marks: Sequence[Mark] = (),
    least: float | None = None,
) -> Chart:
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
    digits : int
        Decimals of a value that is read off.
    marks : sequence of Mark
        Vertical lines.
    least : float, optional
        Above 0: the scale is logarithmic, in powers of ten, and what is below stands at it.

    Returns
    -------
    Chart
        Without a finite value, one that says so.

    Notes
    -----
    Units: ``unit``.  Causal: draws what it is given.  Missing: NaN breaks the line.

    Examples
    --------
    >>> "no data" in line_chart(np.array([], np.int64), [], title="equity", unit="USD").svg
    True
    """
    if len(times) == 0 or not any(np.isfinite(line.values).any() for line in series):
        return empty_chart(title, height)
    kept = thinned([line.values for line in series])
    thin = [Series(s.name, s.values[kept], s.css, s.is_area) for s in series]
    axis = time_axis(times[kept])
    return plot(
        axis,
        thin,
        title=title,
        unit=unit,
        height=height,
        digits=digits,
        marks=marks,
        least=least,
    )


def plot(  # noqa: PLR0913  (what is drawn, and how, each with its name)
    axis: Axis,
    series: Sequence[Series],
    *,
    title: str,
    unit: str,
    height: int = 240,
    digits: int = 2,
    marks: Sequence[Mark] = (),
    said: str = "",
    least: float | None = None,
) -> Chart:
    """Draw lines over any axis, every point as given; at least one value is finite.

    ``said`` is what it shows in words; left out, where each line starts, ends and turns. ``least``
    makes the scale logarithmic, as in ``line_chart``.

    Notes
    -----
    Units: ``unit``.  Causal: draws what it is given.  Missing: NaN breaks the line.

    Examples
    --------
    >>> axis = Axis(np.array([0.0, 1.0]), [], [], ["a", "b"])
    >>> plot(axis, [Series("x", np.array([1.0, 3.0]), "net")], title="x", unit="USD").points["low"]
    1.0
    """
    drawn = series if least is None else _logarithms(series, least)
    frame = _frame(drawn, height, _TOP + _NAME_PX * len(marks), least)
    known = [line.values[np.isfinite(line.values)] for line in series]
    said = said or f"{title}, {unit}: " + "; ".join(
        _range(line.name, found, digits)
        for line, found in zip(series, known, strict=True)
        if len(found)
    )
    floor = frame.down(min(max(0.0, frame.low), frame.high))
    parts = [
        f'<svg class="chart" role="img" height="{height}" aria-label="{html.escape(said)}">',
        *(_y_tick(tick, frame, unit) for tick in frame.ticks),
        *x_marks(axis.marks, height),
        _stretched(frame),
        *(_path(axis.at, line, frame, floor) for line in drawn),
        "</svg>",
        *(_marked(mark, i, frame) for i, mark in enumerate(marks)),
        "</svg>",
    ]
    return Chart("".join(parts), said, _points(axis, series, frame, unit, digits))


def empty_chart(title: str, height: int = 80, why: str = "no data") -> Chart:
    """Return a frame that says why there is nothing to draw."""
    said = f"{html.escape(title)}: {html.escape(why)}"
    svg = (
        f'<svg class="chart" role="img" height="{height}" aria-label="{said}">'
        f'<text class="none" x="50%" y="{height // 2}" text-anchor="middle">{html.escape(why)}'
        "</text></svg>"
    )
    return Chart(svg, f"{title}: {why}", {})


def _stretched(frame: _Frame) -> str:
    return (
        f'<svg x="0" y="{frame.top:g}" width="100%" height="{frame.plot:g}"'
        f' viewBox="0 0 {WIDTH:g} {frame.plot:g}" preserveAspectRatio="none">'
    )


def _range(name: str, values: Vec, digits: int) -> str:
    """Return where a line starts, ends and turns, in words."""
    first, last, low, high = (
        number(float(v), digits) for v in (values[0], values[-1], values.min(), values.max())
    )
    return f"{name} from {first} to {last}, lowest {low}, highest {high}"


def _logarithms(series: Sequence[Series], least: float) -> list[Series]:
    """Return lines of logarithms, of which none is below that of the least."""
    return [replace(each, values=np.log10(np.maximum(each.values, least))) for each in series]


def _frame(series: Sequence[Series], height: int, top: int, least: float | None) -> _Frame:
    finite = np.concatenate([line.values[np.isfinite(line.values)] for line in series])
    low, high = float(np.min(finite)), float(np.max(finite))
    if any(line.is_area for line in series):
        low, high = min(low, 0.0), max(high, 0.0)
    ticks = nice_ticks(low, high) if least is None else _decades(low, high)
    ends = min(low, ticks[0]), max(high, ticks[-1])
    return _Frame(*ends, height - top - _BOTTOM, ticks, top, least)


def _decades(low: float, high: float) -> list[float]:
    """Return the powers of ten around a range of logarithms, two at least."""
    first = math.floor(low)
    return [float(each) for each in range(first, max(math.ceil(high), first + 1) + 1)]


def _points(
    axis: Axis, series: Sequence[Series], frame: _Frame, unit: str, digits: int
) -> dict[str, Any]:
    """Return what the script reads: places or times, names, and values with null for NaN."""
    places = {"t": axis.times} if axis.times else {"x": [round(float(a), 5) for a in axis.at]}
    return {
        **places,
        "labels": axis.labels,
        "unit": unit,
        "digits": digits,
        "low": frame.low,
        "high": frame.high,
        "top": frame.top,
        **({} if frame.least is None else {"least": frame.least}),
        "series": [
            {
                "name": line.name,
                "css": line.css,
                "values": [
                    round(float(v), digits) + 0.0 if np.isfinite(v) else None for v in line.values
                ],
            }
            for line in series
        ],
    }


def _path(at: Vec, line: Series, frame: _Frame, floor: float) -> str:
    """Return the path of a line; every run of finite values is a stroke of its own."""
    x = WIDTH * at
    y = frame.plot * (1.0 - (line.values - frame.low) / (frame.high - frame.low))
    if line.is_points:  # a stroke of no length with round ends, which no stretching turns oval
        dots = "".join(f"M{x[i]:.1f} {y[i]:.1f}h0" for i in np.flatnonzero(np.isfinite(y)))
        return f'<path class="line points {line.css}" d="{dots}"/>'
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


def _y_tick(tick: float, frame: _Frame, unit: str) -> str:
    sign = "%" if unit == "%" else ""
    is_log = frame.least is not None
    css = "grid zero" if tick == 0.0 and not is_log else "grid"
    label = f"{10.0**tick:,g}" if is_log else tick_label(tick, frame.ticks)
    y = frame.top + frame.down(tick)
    return (
        f'<line class="{css}" x1="0" x2="100%" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text class="tick" x="-8" y="{y + 4.0:.1f}" text-anchor="end">'
        f"{label}{sign}</text>"
    )


def x_marks(marks: Sequence[tuple[float, str]], height: int) -> list[str]:
    """Return the marks below a plot, every other one of which a phone leaves out.

    Parameters
    ----------
    marks : sequence of (float, str)
        Places from left (0) to right (1) and what stands there.
    height : int
        Of the whole picture, the 26 pixels of the marks included.

    Notes
    -----
    Units: pixels.  Causal: draws what it is given.  Missing: nothing.
    """
    parts = []
    for i, (at, label) in enumerate(marks):
        share = 100.0 * at
        anchor = "start" if share < 5.0 else "end" if share > 95.0 else "middle"
        css = "tick alt" if i % 2 else "tick"
        parts.append(
            f'<line class="mark" x1="{share:.2f}%" x2="{share:.2f}%" y1="{height - _BOTTOM}" '
            f'y2="{height - _BOTTOM + 5}"/><text class="{css}" x="{share:.2f}%" '
            f'y="{height - 7}" text-anchor="{anchor}">{label}</text>'
        )
    return parts


def _marked(mark: Mark, row: int, frame: _Frame) -> str:
    share = 100.0 * mark.at
    anchor, shift = ("end", -5) if share > 50.0 else ("start", 5)
    name_y = _NAME_PX * (row + 1) - 3
    return (
        f'<line class="note" x1="{share:.2f}%" x2="{share:.2f}%" y1="{name_y - 8}" '
        f'y2="{frame.top + frame.plot:g}"/><text class="note" x="{share:.2f}%" dx="{shift}" '
        f'y="{name_y}" text-anchor="{anchor}">{html.escape(mark.name)}</text>'
    )
