"""What would be left if costs were higher, or the luckiest trades were not there.

In: the books and closed trades of a run, in integers. Out: one table for the page. It is arithmetic
on what happened, not a rerun: at other costs other trades would have been decided.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from quorate.core.types import MONEY_SCALE, Line
from quorate.report.exhibit import Cell, Column, Row, Table, money
from quorate.report.formats import number, percent, sign, usd
from quorate.statistics.cautions import FEW_TRADES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quorate.report.reading import Run

N_BEST: Final = 5
NAME: Final = "all costs × 1.5, decided anew"
"""What it is called on a page."""
_COLUMNS: Final = (
    Column("what if", is_text=True),
    Column("net", "USD"),
    Column("change", "USD"),
    Column("net of opening equity"),
)
_NOTE: Final = (
    "Arithmetic on the books of this run: the same trades at other costs. A rerun would decide"
    " otherwise, mostly trade less. Costs that were received, such as rebates, stay as they were."
)


def tables(run: Run) -> list[Table]:
    """Return the net result under dearer costs and without the best trades.

    Notes
    -----
    Units: USD, percent of the opening equity.  Causal: reads a finished run.  Missing: no table
    where nothing was traded; a row is left out where there is nothing to change.  Spec 12.
    """
    if not run.is_traded:
        return []
    rows = [_row("as it was", run, 0)]
    paid = sum(_paid(run).values())
    if paid:
        rows += [
            _row("all costs paid × 1.5", run, -(paid // 2)),
            _row("all costs paid × 2", run, -paid),
        ]
    funding = run.lines[Line.FUNDING]
    if funding > 0:
        rows.append(_row("funding paid × 2", run, -funding))
    elif funding < 0:
        rows.append(_row("without the funding received", run, funding))
    best = run.trades["net_pnl"].sort(descending=True).head(N_BEST)
    best = best.filter(best > 0)
    if len(best):
        name = (
            "the best trade left out" if len(best) == 1 else f"the {len(best)} best trades left out"
        )
        rows.append(_row(name, run, -int(best.sum())))
    return [Table("If it had been harder", _COLUMNS, tuple(rows), _NOTE + _even(run, paid))]


def _paid(run: Run) -> dict[Line, int]:
    return {line: each for line, each in run.lines.items() if line is not Line.GROSS and each > 0}


def _row(name: str, run: Run, change: int) -> Row:
    net = run.net + change
    share = net / run.start if run.start > 0 else None
    moved = money(change) if change else Cell("")
    return Row((Cell(name), money(net), moved, Cell(percent(share), sign(share))))


def _even(run: Run, paid: int) -> str:
    """Return at how many times the costs nothing is left, in words."""
    if not paid or run.net <= 0:
        return ""
    return f" Nothing would be left at costs {number((run.net + paid) / paid)} times as high."


def sentence(found: Mapping[str, Any] | None) -> str:
    """Return whether anything is left at dearer costs; empty where nobody asked.

    Examples
    --------
    >>> sentence({"pnl_usd": 3.5})
    'With all costs × 1.5, decided anew, it is still positive.'
    """
    if found is None:
        return ""
    left = "still positive" if found["pnl_usd"] > 0.0 else "not positive"
    return f"With all costs × 1.5, decided anew, it is {left}."


def doubt(found: Mapping[str, Any] | None) -> tuple[str, str, str, str]:
    """Return the run decided anew at dearer costs: question, figure, picture, how to read it.

    Parameters
    ----------
    found : mapping or None
        ``stress`` of ``metrics.json``; None where nobody asked.

    Examples
    --------
    >>> found = {"times": 1.5, "pnl_usd": -3.0, "net_return": -0.01, "sharpe": -0.5, "n_trades": 9}
    >>> doubt(found)[1]
    'not positive'
    """
    name = NAME
    if found is None:
        return (name, "not asked", "", "--stress plays the run out a second time at such costs")
    is_known = found["sharpe"] is not None and found["n_trades"] >= FEW_TRADES
    ratio = f", net Sharpe ratio {number(found['sharpe'])}" if is_known else ""
    said = (
        f"{usd(round(found['pnl_usd'] * MONEY_SCALE))} USD, {percent(found['net_return'])}{ratio}, "
        f"{number(found['n_trades'], 0)} closed trades"
    )
    return (name, "still positive" if found["pnl_usd"] > 0.0 else "not positive", "", said)
