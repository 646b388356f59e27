"""A histogram as a chart of the page: bars on round edges, zero among them, to be read off.

In: values. Out: a ``Chart`` whose bars are shares of all values, losses and gains in their colours.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from quorate.report.axes import nice_ticks, tick_label
from quorate.report.charts import Axis, Chart, Series, empty_chart, plot
from quorate.report.formats import counted, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.core.types import IntVec, Vec

FEWEST: Final = 20
"""Below so many values there is no shape to see."""

_MOST_BARS: Final = 40
_TRIM: Final = 0.005  # of the values on either side share the outermost bars


def histogram(values: Vec, *, title: str, unit: str, noun: str, height: int = 200) -> Chart:
    """Draw how often values fell between round edges.

    Parameters
    ----------
    values : Vec
        What is counted, shape (value,).
    title, unit, noun : str
        What it is, the unit of the values, and what one of them is.
    height : int
        Pixels.

    Returns
    -------
    Chart
        Shares in percent; below twenty values, one that says so.

    Notes
    -----
    Units: percent of all values.  Causal: draws what it is given.  Missing: not finite values are
    left out.  The outermost bars hold all that lies beyond, so that one day does not hide the rest.

    Examples
    --------
    >>> histogram(np.array([1.0, 2.0]), title="Days", unit="%", noun="day").said
    'Days: needs 20 days; there are 2'
    """
    known = values[np.isfinite(values)]
    if len(known) < FEWEST:
        return empty_chart(title, why=f"needs {FEWEST} {noun}s; there are {len(known)}")
    edges = _edges(known)
    counts = _counts(known, edges)
    share = 100.0 * counts / len(known)
    labels = _labels(known, edges, unit)
    drawn = plot(
        _axis(edges, unit),
        _bars(edges, share),
        title=title,
        unit="%",
        height=height,
        said=_said(title, known, counts, labels, unit, noun),
    )
    middle = (np.arange(len(counts)) + 0.5) / len(counts)
    named = [
        f"{label}, {counted(n, noun)}" for label, n in zip(labels, counts.tolist(), strict=True)
    ]
    read = {"name": "share", "css": "net", "values": share.round(2).tolist()}
    points = {"x": middle.round(5).tolist(), "labels": named, "series": [read]}
    return drawn._replace(points={**drawn.points, **points})


def _edges(values: Vec) -> Vec:
    """Return round edges that hold all but the outermost values; zero is one if it lies inside."""
    low, high = np.quantile(values, [_TRIM, 1.0 - _TRIM])
    n = min(_MOST_BARS, math.ceil(2.0 * math.sqrt(len(values))))
    return np.array(nice_ticks(float(low), float(high), n))


def _counts(values: Vec, edges: Vec) -> IntVec:
    """Return how many each bar holds; a value on an edge belongs to the bar away from zero."""
    above = np.searchsorted(edges, values, side="right") - 1
    below = np.searchsorted(edges, values, side="left") - 1
    at = np.clip(np.where(values < 0.0, below, above), 0, len(edges) - 2)
    return np.bincount(at, minlength=len(edges) - 1)


def _bars(edges: Vec, share: Vec) -> list[Series]:
    """Return the outlines of the bars, four points each: losses, then gains."""
    drawn = []
    for name, css, is_side in (
        ("losses", "loss", edges[1:] <= 0.0),
        ("gains", "net", edges[1:] > 0.0),
    ):
        outline = np.stack((np.zeros(len(share)), share, share, np.zeros(len(share))), axis=1)
        outline[~is_side] = np.nan
        if is_side.any():
            drawn.append(Series(name, outline.ravel(), css, is_area=True))
    return drawn


def _axis(edges: Vec, unit: str) -> Axis:
    start, length = float(edges[0]), float(edges[-1] - edges[0])
    gap = 0.06 * length / (len(edges) - 1)
    left, right = edges[:-1] + gap, edges[1:] - gap
    places = np.stack((left, left, right, right), axis=1).ravel()
    ticks = [
        tick for tick in nice_ticks(start, start + length, 7) if start <= tick <= start + length
    ]
    marks = [((tick - start) / length, _text(tick, ticks, unit)) for tick in ticks]
    return Axis((places - start) / length, marks, [], [])


def _labels(values: Vec, edges: Vec, unit: str) -> list[str]:
    """Return what each bar holds, in words."""
    ends = edges.tolist()
    labels = [f"{_text(a, ends, unit)} to {_text(b, ends, unit)}" for a, b in pairwise(ends)]
    if values.min() < ends[0]:
        labels[0] = f"below {_text(ends[1], ends, unit)}"
    if values.max() > ends[-1]:
        labels[-1] = f"above {_text(ends[-2], ends, unit)}"
    return labels


def _text(value: float, scale: Sequence[float], unit: str) -> str:
    return tick_label(value, scale) + ("%" if unit == "%" else f" {unit}")


def _said(
    title: str, values: Vec, counts: IntVec, labels: Sequence[str], unit: str, noun: str
) -> str:
    most = int(np.argmax(counts))
    sign = "%" if unit == "%" else f" {unit}"
    low, high = (number(float(each)) + sign for each in (values.min(), values.max()))
    return (
        f"{title}: {counted(len(values), noun)} from {low} to {high}, most often {labels[most]}"
        f" ({counted(int(counts[most]), noun)})"
    )
