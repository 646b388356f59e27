"""The page of a search: one HTML file that needs no network and no other file.

In: ``searches.Searched``. Out: the file, written whole or not at all. It begins with how likely the
best is luck; its one script, that of a report, reads values off the charts.
"""

from __future__ import annotations

import html
import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from quorate.report.charts import Axis, Mark, Series, empty_chart, plot
from quorate.report.drawing import environment, page_at
from quorate.report.exhibit import Cell, Column, Row, Table
from quorate.report.formats import counted, fall, number
from quorate.report.graphs import Graph
from quorate.report.searches import as_it_is, became, best, ends, judged, placed, sentences
from quorate.report.sweep_page import MOST_ROWS, doubts, logits
from quorate.report.sweeps import shown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from quorate.core.types import Vec
    from quorate.report.searches import Searched

NAME: Final = "search.html"
_MOST_TRIALS: Final = 30
"""Trials whose paths are drawn, the best ones."""
_MARKS: Final = 5
_OBJECTIVE: Final = "Sharpe ratio, a year, after costs"
_KEYS: Final = [("judged on every block", "net"), ("stopped: on the blocks it saw", "gross")]


def write(found: Searched, path: Path, **about: Any) -> Path:  # noqa: ANN401  (see ``page``)
    """Write the page of a search.

    Parameters
    ----------
    found : Searched
        What is told.
    path : Path
        Of the page, or of a folder, where it is called ``search.html``.
    **about
        As ``page``.

    Returns
    -------
    Path
        Of the page; an older one is replaced in one step.

    Raises
    ------
    DataError
        The place cannot be written.

    Notes
    -----
    Units: said beside every number.  Causal: reads finished trials.  Missing: a dash and why.
    """
    return page_at(path, NAME, page(found, **about), "--page")


def page(found: Searched, *, data: str, again: str, is_synthetic: bool) -> str:
    """Return the page as text.

    Parameters
    ----------
    found : Searched
        What is told.
    data, again : str
        What it ran over, the command that walks forward with the best.
    is_synthetic : bool
        Whether prices were made up.

    Notes
    -----
    Units: said beside every number.  Causal: reads finished trials.  Missing: a dash and why.
    """
    luck = found.told.chosen
    return (
        environment()
        .get_template("search.html.j2")
        .render(
            n=found.table.height,
            data=data,
            judged=judged(found),
            again=again,
            is_synthetic=is_synthetic,
            luck=sentences(found),
            became=became(found.table),
            n_stopped=found.table["state"].to_list().count("stopped"),
            best=best(found),
            as_it_is=as_it_is(found),
            ends=ends(found),
            doubts=None if luck is None else doubts(luck),
            logits=None if luck is None else logits(luck),
            progress=progress(found),
            slices=slices(found),
            spread=spread(found),
            trials=listed(found),
        )
    )


def progress(found: Searched) -> Graph:
    """Return the objective trial by trial, and the best so far.

    Notes
    -----
    Units: per square root of a year.  Causal: in the order of the trials.  Missing: a trial without
    an objective has no point.
    """
    title = "Objective by trial"
    whole, stopped = _objectives(found)
    if not np.isfinite(whole).any():
        return Graph(title, _OBJECTIVE, [], empty_chart(title, why="no trial has an objective"))
    n = len(whole)
    at = _evenly(n)
    so_far = np.fmax.accumulate(whole)
    first = found.table.row(0, named=True)
    marks = [Mark(float(at[int(np.nanargmax(whole))]), "best")]
    if first["objective"] is not None and marks[0].at != at[0]:
        marks.append(Mark(float(at[0]), "first"))
    labels = [f"trial {i + 1}" for i in range(n)]
    chart = plot(
        Axis(at, _numbered(at), [], labels),
        [
            Series("best so far", so_far, "best"),
            Series("whole", whole, "net", is_points=True),
            Series("stopped", stopped, "gross", is_points=True),
        ],
        title=title,
        unit="a year",
        height=260,
        marks=marks,
    )
    return Graph(title, _OBJECTIVE, [*_KEYS, ("best so far", "best")], chart, "trial")


def slices(found: Searched) -> list[Graph]:
    """Return the objective of all trials by each setting that varied.

    Notes
    -----
    Units: per square root of a year.  Causal: finished trials.  Missing: no point.
    """
    return [_slice(found, axis) for axis in found.axes]


def _slice(found: Searched, axis: tuple[str, float | None, float | None, bool]) -> Graph:
    name, low, high, is_log = axis
    title = f"Objective by {name}"
    values = found.table[name].to_list()
    whole, stopped = _objectives(found)
    if not np.isfinite(whole).any():
        return Graph(title, _OBJECTIVE, [], empty_chart(title, why="no trial has an objective"))
    if low is None or high is None:
        at, marks = _by_word([shown(value) for value in values])
    else:
        at = np.array([placed(float(value), low, high, is_log=is_log) for value in values])
        marks = _between(low, high, is_log=is_log)
    order = np.lexsort((np.arange(len(at)), at))
    labels = [f"{name}={shown(values[i])}, trial {i + 1}" for i in order]
    top = float(at[int(np.nanargmax(whole))])
    chart = plot(
        Axis(at[order], marks, [], labels),
        [
            Series("whole", whole[order], "net", is_points=True),
            Series("stopped", stopped[order], "gross", is_points=True),
        ],
        title=title,
        unit="a year",
        height=200,
        marks=[Mark(top, "best")],
        said=f"{title}: the best at {name}={shown(values[int(np.nanargmax(whole))])}",
    )
    across = f"{name}, by ratio" if is_log else name
    return Graph(title, f"{_OBJECTIVE}; a point a trial, all settings vary", _KEYS, chart, across)


def spread(found: Searched) -> Graph:
    """Return how far the paths of the best trials lie apart.

    Notes
    -----
    Units: per square root of a year.  Causal: finished trials.  Missing: no point.  METHODS 5.4.
    """
    title = "How far the paths lie apart"
    order = found.told.order[:_MOST_TRIALS]
    if not found.every or not order:
        return Graph(title, _OBJECTIVE, [], empty_chart(title, why="no paths were kept"))
    paths = np.array([found.every[i] for i in order], np.float64)
    table = found.told.table
    at = _evenly(len(order))
    names = [axis[0] for axis in found.axes]
    labels = []
    for place, i in enumerate(order, 1):
        row = table.row(i, named=True)
        said = " ".join(f"{name}={shown(_short(row[name]))}" for name in names)
        labels.append(f"{place}. {said}")
    series = [
        Series(f"path {j + 1}", paths[:, j], "gross", is_points=True) for j in range(paths.shape[1])
    ]
    series.append(Series("median", np.median(paths, axis=1), "btc", is_points=True))
    series.append(Series("objective", table["objective"].to_numpy()[order], "net"))
    chart = plot(Axis(at, _numbered(at), [], labels), series, title=title, unit="", height=260)
    keys = [
        ("each path", "gross"),
        ("their median", "btc"),
        (f"objective: median less {number(found.cross['penalty'], 1)} deviations", "net"),
    ]
    return Graph(title, _OBJECTIVE, keys, chart, "trials by rank, the best first")


def listed(found: Searched) -> Table:
    """Return the trials judged on every block, the best first."""
    told = found.told
    names = [axis[0] for axis in found.axes]
    columns = (
        *(Column(name) for name in names),
        *(Column("objective"), Column("Sharpe ratio", "a year"), Column("spread")),
        *(Column("worst path"), Column("net return"), Column("max drawdown"), Column("trades")),
    )
    rows = []
    for i in told.order[:MOST_ROWS]:
        row = told.table.row(i, named=True)
        texts = [shown(_short(row[name])) for name in names]
        texts += [number(row[name]) for name in ("objective", "sharpe", "spread", "worst_path")]
        texts += [fall(row["net_return"]), fall(row["max_drawdown"]), number(row["n_trades"], 0)]
        rows.append(Row(tuple(map(Cell, texts)), "total" if i == told.order[0] else ""))
    left = told.table.height - len(rows)
    more = f" {counted(left, 'trial')} more: --csv has all." if left > 0 else ""
    note = (
        "Ratio, return, drawdown and trades are those of the path in the middle; spread is the "
        f"standard deviation of the ratio over paths.{more}"
    )
    return Table("Trials judged on every block, the best first", columns, tuple(rows), note)


def _objectives(found: Searched) -> tuple[Vec, Vec]:
    """Return the objective of whole trials, and of stopped ones; NaN elsewhere."""
    states = np.array(found.table["state"].to_list())
    values = np.array(
        [math.nan if v is None else v for v in found.table["objective"].to_list()], np.float64
    )
    whole, stopped = (np.where(states == state, values, math.nan) for state in ("whole", "stopped"))
    return whole, stopped


def _evenly(n: int) -> Vec:
    return (np.arange(n) + 0.5) / n


def _numbered(at: Vec) -> list[tuple[float, str]]:
    """Return marks that count from 1, at most eleven of them."""
    step = max(1, -(-len(at) // 11))
    return [(float(at[i]), str(i + 1)) for i in range(0, len(at), step)]


def _between(low: float, high: float, *, is_log: bool) -> list[tuple[float, str]]:
    """Return marks at equal steps of a range, or of its logarithm."""
    marks = []
    for i in range(_MARKS):
        at = i / (_MARKS - 1)
        value = low * (high / low) ** at if is_log else low + (high - low) * at
        marks.append((at, shown(_short(value, 3))))
    return marks


def _by_word(words: Sequence[str]) -> tuple[Vec, list[tuple[float, str]]]:
    """Return places of choices: a strip each, in which trials stand side by side."""
    kinds = sorted(set(words))
    at = np.empty(len(words))
    for j, kind in enumerate(kinds):
        mine = [i for i, word in enumerate(words) if word == kind]
        at[mine] = (j + 0.15 + 0.7 * (np.arange(len(mine)) + 0.5) / len(mine)) / len(kinds)
    return at, [((j + 0.5) / len(kinds), html.escape(k)) for j, k in enumerate(kinds)]


def _short(value: object, digits: int = 4) -> object:
    """Return a number in as many digits as are worth reading."""
    return float(f"{value:.{digits}g}") if isinstance(value, float) else value
