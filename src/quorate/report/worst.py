"""What hurt the account most in the run itself: its worst days, its deepest and longest falls.

In: the equity of every bar. Out: one table for the page.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from quorate.core.types import MONEY_SCALE
from quorate.report.exhibit import Cell, Column, Row, Table
from quorate.report.formats import fall, instant, number, percent, sign
from quorate.statistics.daily import EQUITY, daily_returns

if TYPE_CHECKING:
    from quorate.core.types import Vec
    from quorate.report.reading import Curves, Run

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_COLUMNS: Final = (
    Column("what", is_text=True),
    Column("when", "UTC", is_text=True),
    Column("of equity"),
)


def worst(run: Run, found: Curves) -> Table:
    """Return what hurt most, each with when it was.

    Notes
    -----
    Units: percent of equity.  Causal: reads the whole run.  Missing: rows that do not exist are
    left out: a run that never fell has no deepest fall.  Spec 12.
    """
    rows = [*_days(run), *_fall(found), *_exposure(run)]
    note = "" if rows else "Nothing was held and nothing was lost."
    return Table("What hurt most in this run", _COLUMNS, tuple(rows), note)


def _days(run: Run) -> list[Row]:
    daily = daily_returns(run.equity.select(list(EQUITY)))
    rows = []
    for length, name in ((1, "worst day"), (7, "worst seven days")):
        if len(daily.net) <= length:
            continue
        moved = _moved(daily.net, length)
        if not np.isfinite(moved).any() or np.nanmin(moved) >= 0.0:
            continue
        i = int(np.nanargmin(moved))
        last = _EPOCH + timedelta(days=int(daily.day[i + length - 1]))
        first = last - timedelta(days=length - 1)
        said = f"{last:%Y-%m-%d}" if length == 1 else f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"
        rows.append(_row(name, said, float(moved[i])))
    return rows


def _moved(returns: Vec, length: int) -> Vec:
    """Return the growth over every run of days, minus 1."""
    views = np.lib.stride_tricks.sliding_window_view(1.0 + returns, length)
    return np.asarray(np.prod(views, axis=1) - 1.0)


def _fall(found: Curves) -> list[Row]:
    if not np.isfinite(found.drawdown).any() or np.nanmin(found.drawdown) >= 0.0:
        return []
    i = int(np.nanargmin(found.drawdown))
    top = int(np.nanargmax(found.growth[: i + 1]))
    said = f"{_at(int(found.times[top]))} to {_at(int(found.times[i]))}"
    return [_row("deepest fall, bar by bar", said, float(found.drawdown[i]))]


def _exposure(run: Run) -> list[Row]:
    capital = run.equity["equity"].to_numpy() / MONEY_SCALE
    held = run.equity["gross_usd"].to_numpy()
    share = np.divide(held, capital, out=np.zeros_like(held), where=capital > 0.0)
    i = int(np.argmax(share))
    if share[i] <= 0.0:
        return []
    when = instant(run.equity["ts"][i])
    text = Cell(percent(float(share[i]), 1), "", f"{number(float(held[i]))} USD held")
    return [Row((Cell("largest gross exposure"), Cell(when), text))]


def _row(name: str, when: str, value: float) -> Row:
    return Row((Cell(name), Cell(when), Cell(fall(value), sign(value))))


def _at(ms: int) -> str:
    return instant(_EPOCH + timedelta(milliseconds=ms))
