"""The run by calendar months, UTC: money that adds up exactly, and returns.

In: the equity of every bar. Out: rows of text. A bar that closes at 00:00 ends its month.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from quorate.report.formats import fall, tint
from quorate.report.tables import Amount, amount

if TYPE_CHECKING:
    from quorate.core.types import IntVec, Vec
    from quorate.report.reading import Curves, Run

_STEPS: Final = ((0.01, 12), (0.05, 30), (0.10, 50), (math.inf, 75))
"""Bounds of a return, either way, and how strong their colour is: the same in every run."""


def month_ends(run: Run) -> list[tuple[int, int, int, int]]:
    """Return each UTC month with bars: year, month, and its first and last row.

    Notes
    -----
    Units: row numbers; ``first`` is the last row before the month.  Causal: a bar that closes at
    00:00 belongs to the month it ends.  Missing: a month without a bar is left out.
    """
    stamps = run.equity["ts"].dt.epoch("ms").to_numpy() - 1
    months = stamps.astype("datetime64[ms]").astype("datetime64[M]").astype(np.int64)
    out: list[tuple[int, int, int, int]] = []
    row = 0
    for last in [*np.flatnonzero(np.diff(months)).tolist(), len(months) - 1]:
        if last > row:
            month = int(months[last])
            out.append((1970 + month // 12, month % 12 + 1, row, last))
        row = last
    return out


class Month(NamedTuple):
    """The account over one month; ``gross`` less ``costs`` is ``net``."""

    name: str
    gross: Amount
    costs: Amount
    net: Amount
    flow: Amount
    end: Amount
    change: str
    css: str


def months(run: Run, found: Curves) -> list[Month]:
    """Return profit and loss by month, and their exact total.

    Notes
    -----
    Units: USD.  Causal: reads the equity of every bar.  Missing: only a total where the run has
    one row.  Spec 12.
    """
    equity, gross, flow = (
        run.equity[name].to_numpy() for name in ("equity", "gross_equity", "flow")
    )
    rows = [
        _month(f"{year}-{month:02d}", (equity, gross, flow), found.growth, (first, last), "")
        for year, month, first, last in month_ends(run)
    ]
    whole = (0, len(equity) - 1)
    return [*rows, _month("total", (equity, gross, flow), found.growth, whole, "total")]


def _month(
    name: str,
    columns: tuple[IntVec, IntVec, IntVec],
    index: Vec,
    rows: tuple[int, int],
    css: str,
) -> Month:
    equity, gross_equity, flow = columns
    first, last = rows
    paid_in = int(np.sum(flow[first + 1 : last + 1]))
    net = int(equity[last]) - int(equity[first]) - paid_in
    gross = int(gross_equity[last]) - int(gross_equity[first]) - paid_in
    return Month(
        name,
        amount(gross),
        amount(net - gross),
        amount(net),
        amount(paid_in),
        amount(int(equity[last])),
        fall(float(index[last] / index[first] - 1.0)),
        css,
    )


class Cell(NamedTuple):
    """A return in the calendar: its text, its class, and how strong its colour is (0 to 100)."""

    text: str
    css: str
    strength: int


def calendar(run: Run, found: Curves) -> list[tuple[str, list[Cell]]]:
    """Return monthly net returns, a row a year: twelve months, then the year.

    Notes
    -----
    Units: percent.  Causal: reads the equity of every bar.  Missing: an empty cell where the run
    has no bar.  Spec 12.
    """
    ends = month_ends(run)
    returns = {
        (year, month): float(found.growth[last] / found.growth[first] - 1.0)
        for year, month, first, last in ends
    }
    rows = []
    for year in sorted({year for year, _ in returns}):
        cells = [_cell(returns.get((year, month))) for month in range(1, 13)]
        of_year = [end for end in ends if end[0] == year]
        whole = float(found.growth[of_year[-1][3]] / found.growth[of_year[0][2]] - 1.0)
        rows.append((str(year), [*cells, _cell(whole)._replace(strength=0)]))
    return rows


def calendar_key() -> list[Cell]:
    """Return what the strengths of the calendar's colours mean, weakest first.

    Examples
    --------
    >>> [cell.text for cell in calendar_key()]
    ['below 1%', '1 to 5%', '5 to 10%', '10% and more']
    """
    bounds = [f"{100 * bound:.0f}" for bound, _ in _STEPS[:-1]]
    between = [f"{low} to {high}%" for low, high in itertools.pairwise(bounds)]
    texts = [f"below {bounds[0]}%", *between, f"{bounds[-1]}% and more"]
    return [Cell(text, "up", strength) for text, (_, strength) in zip(texts, _STEPS, strict=True)]


def _cell(value: float | None) -> Cell:
    """Return a month's return; colour follows the text, so what shows as nothing has none."""
    if value is None:
        return Cell("", "", 0)
    text = fall(value)
    css = tint(text)
    strength = next((step for bound, step in _STEPS if abs(value) < bound), 0) if css else 0
    return Cell(text, css, strength)
