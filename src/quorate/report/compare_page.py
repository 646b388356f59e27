"""The page of a comparison: one HTML file that needs no network and no other file.

In: a ``Comparison``. Out: the file, written whole or not at all. Its one script, that of a report,
reads values off the charts; the page says everything without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from quorate.report.charts import Series, empty_chart, line_chart
from quorate.report.compare_words import how_many_tests, probability, said, shared
from quorate.report.drawing import environment, page_at
from quorate.report.formats import UNKNOWN, code, number
from quorate.report.graphs import Graph

if TYPE_CHECKING:
    from pathlib import Path

    from quorate.report.comparison import Brief, Comparison, Versus
    from quorate.report.matching import TradeRow

NAME: Final = "compare.html"
_LIGHT: Final = (
    *("#1f5fd0", "#b3261e", "#17794a", "#8a5300"),
    *("#7b3fb5", "#0b7285", "#a61e6a", "#4a5568"),
)
_DARK: Final = (
    *("#6aa3ff", "#ff7b72", "#4cc38a", "#e3b341"),
    *("#c297ff", "#4fc3d9", "#ff8fc7", "#a0aec0"),
)


def write(found: Comparison, path: Path) -> Path:
    """Write the page of a comparison.

    Parameters
    ----------
    found : Comparison
        From ``quorate.compare``.
    path : Path
        Of the page, or of a folder, where it is called ``compare.html``.

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
    Units: said beside every number.  Causal: reads finished runs.  Missing: a dash and why.
    """
    return page_at(path, NAME, page(found), "--page")


def page(found: Comparison) -> str:
    """Return the page as text.

    Notes
    -----
    Units: said beside every number.  Causal: reads finished runs.  Missing: a dash and why.
    """
    return environment().get_template("compare.html.j2").render(_context(found))


def _context(found: Comparison) -> dict[str, Any]:
    n = len(found.runs)
    key = [row for row in found.metrics if row.is_key]
    known = [each for each in found.versus if not each.paired.why]
    return {
        "runs": found.runs,
        "letters": [run.letter for run in found.runs],
        "shared": shared(found),
        "apart": _apart(found.runs),
        "is_synthetic": any(run.is_synthetic for run in found.runs),
        "cautions": [note for note in found.cautions if not note.startswith("Synthetic")],
        "graphs": _graphs(found),
        "light": _LIGHT[:n],
        "dark": _DARK[:n],
        "known": known,
        "came_out": [(row, [said(each, row.name) for each in known]) for row in key],
        "how_many_tests": how_many_tests(found),
        "beside": [_beside(each) for each in found.versus],
        "settings": found.settings,
        "data": found.data,
        "metrics": [row for row in found.metrics if not row.is_key],
        "trades": [_trades(each) for each in found.versus],
    }


def _apart(runs: tuple[Brief, ...]) -> list[tuple[str, list[str]]]:
    """Return the columns of the runs in which they are not all the same."""
    columns = {
        "kind": [run.kind for run in runs],
        "coins": [str(run.n_coins) for run in runs],
        "from": [run.start for run in runs],
        "to": [run.end for run in runs],
        "data": [run.description for run in runs],
    }
    return [(name, cells) for name, cells in columns.items() if len(set(cells)) > 1]


def _graphs(found: Comparison) -> list[Graph]:
    """Return growth and drawdown of all runs, each in one chart."""
    keys = [
        (f"{run.letter}: {run.name}" if run.name else run.letter, f"run{i}")
        for i, run in enumerate(found.runs)
    ]
    growth, drawdown = (
        [
            Series(curve.letter, getattr(curve, name), f"run{i}")
            for i, curve in enumerate(found.curves)
        ]
        for name in ("growth", "drawdown")
    )
    title = "Drawdown of every run"
    deepest = line_chart(found.times, drawdown, title=title, unit="%", height=180)
    if not any(np.any(line.values < 0.0) for line in drawdown):
        deepest = empty_chart(title, why="no account ever fell")
    return [
        Graph(
            "Growth since the start",
            "%, after all costs, deposits out",
            keys,
            line_chart(found.times, growth, title="Net growth of every run", unit="%", height=300),
        ),
        Graph("Drawdown", "% below the highest so far, bar by bar", keys, deepest),
    ]


def _beside(each: Versus) -> dict[str, Any]:
    """Return how alike two runs are, and the p-values that need no draw."""
    pair = each.paired
    tests = [pair.differences.get(name) for name in ("sharpe", "mean_day")]
    return {
        "pair": f"{each.letter} less {each.against}",
        "why": pair.why,
        "cells": [
            number(pair.n_days, 0),
            number(pair.correlation),
            *(probability(t.asymptotic.p_value) if t and t.asymptotic else UNKNOWN for t in tests),
        ],
    }


def _trades(each: Versus) -> dict[str, Any]:
    counts = vars(each.trades) | {"letter": each.letter, "against": each.against}
    return counts | {"rows": [_trade(row) for row in each.trades.rows]}


def _trade(row: TradeRow) -> list[str]:
    def usd(value: float | None) -> str:
        return UNKNOWN if value is None else number(value)

    return [
        row.symbol,
        "long" if row.side > 0 else "short",
        f"{row.opened_at:%Y-%m-%d %H:%M}",
        usd(row.first_usd),
        usd(row.second_usd),
        number(row.difference_usd),
        code(row.first_exit),
        code(row.second_exit),
    ]
