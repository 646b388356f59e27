"""The deepest falls of the account, and how long each took to make up.

In: the daily returns of a ``Run``, net. Out: one table for the page.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from quorate.report.exhibit import Cell, Column, Row, Table
from quorate.report.formats import fall, number
from quorate.statistics.daily import EQUITY, daily_returns
from quorate.statistics.drawdowns import OPEN, episodes

if TYPE_CHECKING:
    from quorate.report.reading import Run

N_DEEPEST: Final = 5
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC).date()
_COLUMNS: Final = (
    Column("peak", is_text=True),
    Column("depth"),
    Column("trough", is_text=True),
    Column("recovered", is_text=True),
    Column("days down"),
    Column("days back"),
)
_NOTE: Final = (
    "Net of all costs, deposits out, on daily closes in UTC: bar by bar a fall can be deeper."
)


def tables(run: Run) -> list[Table]:
    """Return the deepest drawdowns, the deepest first.

    Notes
    -----
    Units: percent from peak to trough; days.  Causal: reads the whole run.  Missing: no table for
    an account that never fell; "not yet" where the peak was not seen again, and the days since the
    trough so far.  Spec 12, METHODS 11.
    """
    daily = daily_returns(run.equity.select(list(EQUITY)))
    found = episodes(daily.net)
    if not len(found.depth):
        return []
    known = len(daily.net) if np.isfinite(daily.net).all() else int(np.isnan(daily.net).argmax())
    start = _EPOCH + timedelta(days=int(daily.day[0]) - 1)
    deepest = np.argsort(found.depth, kind="stable")[:N_DEEPEST]
    rows = [
        _row(start, known, *(int(each[i]) for each in found[:3]), depth=float(found.depth[i]))
        for i in deepest.tolist()
    ]
    n = len(found.depth)
    note = (
        _NOTE if n <= N_DEEPEST else f"{_NOTE} {number(n - N_DEEPEST, 0)} others were not as deep."
    )
    return [Table("The deepest drawdowns", _COLUMNS, tuple(rows), note)]


def _row(start: date, known: int, peak: int, trough: int, back: int, *, depth: float) -> Row:
    """Return a row; days count from the start, ``known`` is the last."""

    def on(day: int) -> str:
        return "the start" if day == 0 else str(start + timedelta(days=day))

    is_open = back == OPEN
    return Row(
        (
            Cell(on(peak)),
            Cell(fall(depth), "down"),
            Cell(on(trough)),
            Cell("not yet" if is_open else on(back)),
            Cell(number(trough - peak, 0)),
            Cell(f"{number(known - trough, 0)} so far" if is_open else number(back - trough, 0)),
        )
    )
