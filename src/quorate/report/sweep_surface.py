"""The surface around the best of a sweep: a plateau, or a peak that luck may be.

In: ``sweeps.Told``. Out: a chart for each setting that is a number, through the best, and a table
of the two that matter most, tinted by what they came to.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from quorate.report.charts import Axis, Mark, Series, empty_chart, plot
from quorate.report.exhibit import Cell, Column, Row, Table
from quorate.report.formats import UNKNOWN
from quorate.report.graphs import Graph
from quorate.report.sweeps import known, settings_in, shown
from quorate.statistics.selection import is_scale

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.report.sweeps import Measure, Told

_MOST: Final = 12
"""Values of a setting in the table, those nearest the best."""


def slices(told: Told) -> list[Graph]:
    """Return a chart through the best for each setting that is a number and has several values.

    Notes
    -----
    Units: of the measure.  Causal: reads finished runs.  Missing: a gap; where fewer than two
    values are known with all else as in the best, a chart that says so.
    """
    return [_slice(told, name) for name in _scales(told)]


def _slice(told: Told, name: str) -> Graph:
    best, rows = _best(told), _through(told, [name])
    measure = told.measure
    title = f"{measure.label} by {name}"
    said = "all else as in the best"
    values = np.array([math.nan if v is None else v for v in (known(r, measure) for r in rows)])
    n = len(rows)
    if np.isfinite(values).sum() < 2:
        return Graph(title, said, [], empty_chart(title, why="fewer than two values are known"))
    scale = 100.0 if _is_share(measure) else 1.0
    at = np.arange(n) / (n - 1)
    labels = [shown(row[name]) for row in rows]
    place = next(i for i, row in enumerate(rows) if row[name] == best[name])
    axis = Axis(at, _thinned(at, labels), [], labels)
    chart = plot(
        axis,
        [Series(measure.label, scale * values, "net")],
        title=title,
        unit="%" if _is_share(measure) else measure.label,
        height=180,
        marks=[Mark(float(at[place]), "best")],
    )
    return Graph(title, f"{'%, ' if _is_share(measure) else ''}{said}", [], chart)


def _thinned(
    at: Sequence[float] | np.ndarray[Any, Any], labels: list[str]
) -> list[tuple[float, str]]:
    step = -(-len(labels) // _MOST)
    return [(float(at[i]), labels[i]) for i in range(0, len(labels), step)]


def surface(told: Told) -> Table | None:
    """Return what the two settings that matter most came to together, all else as in the best.

    Notes
    -----
    Units: of the measure.  Causal: reads finished runs.  Missing: a dash; None with fewer than two
    settings that are numbers.
    """
    matter = [e.setting for e in told.effects if e.setting in _scales(told)][:2]
    if len(matter) < 2:
        return None
    down, across = matter
    rows = _through(told, [down, across])
    best = _best(told)
    measure = told.measure
    found = {(row[down], row[across]): known(row, measure) for row in rows}
    downs, acrosses = (_near(told, name, best[name]) for name in matter)
    ranked = sorted(measure.sign * v for v in found.values() if v is not None)
    table = []
    for d in downs:
        cells = [Cell(shown(d))]
        for a in acrosses:
            value = found.get((d, a))
            if value is None:
                cells.append(Cell(UNKNOWN))
                continue
            rank = np.searchsorted(ranked, measure.sign * value) / max(1, len(ranked) - 1)
            is_best = (d, a) == (best[down], best[across])
            text = measure.text(value) + (" best" if is_best else "")
            cells.append(Cell(text, "up", "", "", max(1, round(100 * min(1.0, float(rank))))))
        table.append(Row(tuple(cells)))
    return Table(
        f"{measure.label} by {down} (down) and {across} (across)",
        (Column(down), *(Column(shown(a)) for a in acrosses)),
        tuple(table),
        "All else as in the best; the darker, the better. A best among pale cells is a peak, and "
        "luck makes peaks; one among dark cells is a plateau.",
    )


def _scales(told: Told) -> list[str]:
    """Return the settings that are numbers, of at least two values."""
    table = told.table
    return [
        name
        for name in settings_in(table)
        if is_scale(table[name].to_list()) and table[name].n_unique() > 1
    ]


def _best(told: Told) -> dict[str, Any]:
    return told.table.row(told.order[0], named=True)


def _through(told: Told, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rows that differ from the best in some settings alone, in their order."""
    best = _best(told)
    others = [name for name in settings_in(told.table) if name not in names]
    rows = told.table.iter_rows(named=True)
    same = [row for row in rows if all(row[name] == best[name] for name in others)]
    return sorted(same, key=lambda row: [row[name] for name in names])


def _near(told: Told, name: str, value: float) -> list[float]:
    """Return the values of a setting, at most so many, about that of the best."""
    values = sorted(set(told.table[name].to_list()))
    first = max(0, min(values.index(value) - _MOST // 2, len(values) - _MOST))
    return values[first : first + _MOST]


def _is_share(measure: Measure) -> bool:
    return measure.gap(0.01).endswith("pp")
