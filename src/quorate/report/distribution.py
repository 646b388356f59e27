"""How days and trades were spread: two histograms, and a table of their tails and streaks.

In: a ``Run``. Out: charts and a table for the page; nothing where a run did not trade.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from quorate.core.types import MONEY_SCALE
from quorate.report.exhibit import Cell, Column, Row, Table
from quorate.report.formats import counted, fall, number, percent, sign
from quorate.report.graphs import Graph
from quorate.report.histogram import histogram
from quorate.statistics.daily import EQUITY, Daily, daily_returns
from quorate.statistics.distribution import (
    SHORTEST_DAYS,
    expected_shortfall,
    longest_streaks,
    value_at_risk,
)
from quorate.statistics.inference import moments

if TYPE_CHECKING:
    from quorate.core.types import Vec
    from quorate.report.charts import Chart
    from quorate.report.reading import Run

_COLUMNS: Final = (Column("measure", is_text=True), Column("value"), Column("when", is_text=True))
_NOTE: Final = (
    "Daily returns net of all costs, days in UTC; days without a move count. Skew below zero: the"
    " losses are the long tail; kurtosis is 3 for normal days, and more where the tails are fat."
)


def graphs(run: Run) -> list[Graph]:
    """Return the histograms of daily returns and of trade results; none for a run without trades.

    Notes
    -----
    Units: share of the days, or of the trades; results in bps of the notional at entry.
    Causal: reads a finished run.  Missing: below twenty values a chart says so.
    """
    if not run.is_traded:
        return []
    daily = daily_returns(run.equity.select(list(EQUITY)))
    net = daily.net[np.isfinite(daily.net)]
    moved = net[net != 0.0]
    still = len(net) - len(moved)
    said = f"% of the {counted(len(moved), 'day')} that moved, net"
    if still:
        said += f"; {counted(still, 'day')} did not move"
    days = histogram(100.0 * moved, title="Daily returns", unit="%", noun="day")
    trades = histogram(_results(run), title="Trade results", unit="bps", noun="trade")
    return [
        Graph("Daily returns", said + _beyond(days), [], days),
        Graph(
            "Trade results",
            f"% of the trades, net, in bps of notional{_beyond(trades)}",
            [],
            trades,
        ),
    ]


def tables(run: Run) -> list[Table]:
    """Return the table of tails and streaks; none for a run that never traded.

    Notes
    -----
    Units: in each row.  Causal: reads a finished run.  Missing: a dash and why.  METHODS 11.
    """
    daily = daily_returns(run.equity.select(list(EQUITY)))
    if not run.is_traded or not len(daily.net):
        return []
    shape = moments(daily.net)
    won, lost = longest_streaks(run.trades.sort("closed_at")["net_pnl"].to_numpy())
    tail, beyond = value_at_risk(daily.net), expected_shortfall(daily.net)
    up = float(np.mean(daily.net > 0.0)) if np.isfinite(daily.net).all() else None
    rows = (
        *_ends(daily),
        _row("days above zero", percent(up, 1)),
        _row("value at risk, the worst 5% of days begin here", fall(tail), sign(tail)),
        _row("expected shortfall, the mean of those days", fall(beyond), sign(beyond)),
        _row("skew", number(shape.skew)),
        _row("kurtosis", number(shape.kurtosis)),
        _row("longest winning streak", counted(won, "trade")),
        _row("longest losing streak", counted(lost, "trade")),
    )
    return [Table("Tails and streaks", _COLUMNS, rows, _NOTE + _dash(daily, rows))]


def _ends(daily: Daily) -> list[Row]:
    if not np.isfinite(daily.net).any():
        return []
    found = (
        ("best day", int(np.nanargmax(daily.net))),
        ("worst day", int(np.nanargmin(daily.net))),
    )
    return [
        _row(name, fall(float(daily.net[i])), sign(float(daily.net[i])), str(_date(daily, i)))
        for name, i in found
    ]


def _date(daily: Daily, i: int) -> np.datetime64:
    return np.datetime64(int(daily.day[i]), "D")


def _row(name: str, text: str, css: str = "", when: str = "") -> Row:
    return Row((Cell(name), Cell(text, css), Cell(when)))


def _dash(daily: Daily, rows: tuple[Row, ...]) -> str:
    if all(row.cells[1].text != number(None) for row in rows):
        return ""
    if np.isnan(daily.net).any():
        return " A dash: the account was lost."
    return f" A dash: fewer than {SHORTEST_DAYS} days, or no variation."


def _beyond(chart: Chart) -> str:
    """Return that the outermost bars hold more than their width, where they do."""
    labels = chart.points.get("labels", [""])
    trimmed = labels[0].startswith("below") or labels[-1].startswith("above")
    return "; all beyond is in the outermost bars" if trimmed else ""


def _results(run: Run) -> Vec:
    """Return the net result of every closed trade in bps of its notional at entry."""
    notional = run.trades["notional_usd"].to_numpy()
    net = run.trades["net_pnl"].to_numpy() / MONEY_SCALE
    return np.asarray(1e4 * net[notional > 0.0] / notional[notional > 0.0])
