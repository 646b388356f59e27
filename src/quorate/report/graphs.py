"""The charts of the page, each with its unit: the account over time, and over its size.

In: a ``Run`` and its curves. Out: a ``Graph`` each, drawn, described and ready to be read off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from quorate.core.types import MONEY_SCALE, Line
from quorate.report.charts import (
    Chart,
    Mark,
    Series,
    empty_chart,
    line_chart,
    money_axis,
    plot,
)
from quorate.report.formats import number, rounded
from quorate.report.luck import scarcity
from quorate.report.rolling import SHORTEST_DAYS, rolling_sharpe, window_days
from quorate.statistics.daily import EQUITY, daily_returns

if TYPE_CHECKING:
    from quorate.report.capacity import Capacity
    from quorate.report.reading import Curves, Run

_DAY_MS: Final = 86_400_000
_NOTHING: Final = "nothing was held"


class Graph(NamedTuple):
    """A chart with its title, what its axes are, and a key to its lines."""

    title: str
    unit: str
    keys: list[tuple[str, str]]
    chart: Chart


def equity(run: Run, found: Curves) -> Graph:
    """Return the account over time, net and gross. USD."""
    net = run.equity["equity"].to_numpy() / MONEY_SCALE
    gross = run.equity["gross_equity"].to_numpy() / MONEY_SCALE
    chart = line_chart(
        found.times,
        [Series("gross", gross, "gross"), Series("net", net, "net")],
        title="Equity, net and gross",
        unit="USD",
        height=300,
    )
    keys = [("net", "net"), ("gross: no cost paid", "gross")]
    return Graph("Equity", "USD, deposits included", keys, chart)


def drawdown(found: Curves) -> Graph:
    """Return how far the account was below its highest. Percent."""
    title = "Drawdown of net equity"
    unit = "% below the highest so far, bar by bar, deposits out"
    if not np.isfinite(found.drawdown).any() or np.nanmin(found.drawdown) >= 0.0:
        return Graph(title, unit, [], empty_chart(title, why="the account never fell"))
    chart = line_chart(
        found.times,
        [Series("drawdown", 100.0 * found.drawdown, "loss", is_area=True)],
        title=title,
        unit="%",
        height=180,
    )
    return Graph(title, unit, [("drawdown", "loss")], chart)


def sharpe(run: Run) -> Graph:
    """Return the Sharpe ratio of a moving window of 90 days, or of half of a shorter span."""
    daily = daily_returns(run.equity.select(list(EQUITY)))
    window = window_days(len(daily.net))
    title = "Rolling Sharpe ratio"
    if window == 0:
        why = f"needs {2 * SHORTEST_DAYS} days; there are {len(daily.net)}"
        return Graph(title, "a year", [], empty_chart(title, why=why))
    if scarcity(run):
        return Graph(title, "a year", [], empty_chart(title, why=scarcity(run)))
    values = rolling_sharpe(daily.net, window)
    if not np.isfinite(values).any():
        why = "equity did not move in any window"
        return Graph(title, "a year", [], empty_chart(title, why=why))
    chart = line_chart(
        (daily.day + 1) * _DAY_MS,
        [Series("Sharpe ratio", values, "net")],
        title=f"{title} of {window} days",
        unit="a year",
        height=180,
    )
    unit = f"a year, of the {window} days before"
    if window < 90:
        unit += ", half of the span: 90 days would need 180"
    return Graph(title, unit, [("Sharpe ratio, net", "net")], chart)


def exposure(run: Run, found: Curves) -> Graph:
    """Return what was held. Percent of equity."""
    if not run.equity["gross_usd"].to_numpy().any():
        return Graph("Exposure", "% of equity", [], empty_chart("Exposure", why=_NOTHING))
    share = _share(run)
    gross, net = (run.equity[name].to_numpy() * share for name in ("gross_usd", "net_usd"))
    chart = line_chart(
        found.times,
        [Series("gross", gross, "gross", is_area=True), Series("net", net, "net")],
        title="Exposure",
        unit="%",
        height=200,
    )
    return Graph(
        "Exposure", "% of equity", [("gross", "gross"), ("net: long less short", "net")], chart
    )


def risk(run: Run, found: Curves) -> Graph:
    """Return what would be lost if every stop were hit, and its budget. Percent of equity."""
    title, unit = "Open risk", "% of equity lost if every stop were hit"
    if not run.equity["open_risk_usd"].to_numpy().any():
        return Graph(title, unit, [], empty_chart(title, why=_NOTHING))
    share = _share(run)
    open_risk, budget = (
        run.equity[name].to_numpy() * share for name in ("open_risk_usd", "risk_budget_usd")
    )
    chart = line_chart(
        found.times,
        [Series("budget", budget, "gross"), Series("open risk", open_risk, "loss")],
        title="Open risk and its budget",
        unit="%",
        height=180,
    )
    keys = [("open risk", "loss"), ("budget", "gross")]
    return Graph(title, unit, keys, chart)


def room(run: Run, found: Capacity) -> Graph:
    """Return net profit over the size of the account. USD, the account on a logarithmic scale."""
    title = "Net profit by size of the account"
    unit = "USD over the span; account in USD, logarithmic"
    if found.why:
        return Graph(title, unit, [], empty_chart(title, why=found.why))
    axis = money_axis(found.account_usd)
    low, high = (float(np.log10(found.account_usd[i])) for i in (0, -1))
    places = (
        ("this account", run.start / MONEY_SCALE),
        ("limit of the volume" if found.is_limited else "earns the most", found.best_usd),
        ("breaks even", found.break_even_usd),
    )
    marks = [
        Mark((float(np.log10(usd)) - low) / (high - low), name)
        for name, usd in places
        if np.isfinite(usd) and usd > 0.0 and low <= np.log10(usd) <= high + 1e-9
    ]
    chart = plot(
        axis,
        [Series("net profit", found.net_usd, "net", is_area=True)],
        title=title,
        unit="USD",
        height=260,
        marks=marks,
    )
    return Graph(title, unit, [("net profit", "net")], chart)


def expected_room(run: Run) -> str:
    """Return what would fit by the edges that the decisions expected, in words. USD."""
    usd = run.metrics.get("activity", {}).get("capacity_usd")
    if usd is None or run.lines[Line.GROSS] <= run.costs:
        return ""
    return (
        f"By the edges that the decisions expected, {rounded(usd)} USD would fit at one bar's "
        "volume; the curve uses what the trades made."
    )


def room_sentence(run: Run, found: Capacity) -> str:
    """Return how much money fits in, in words. USD."""
    account = run.start / MONEY_SCALE
    if found.why:
        return f"No capacity can be read off this run: {found.why}."
    if not np.isfinite(found.best_usd):
        why = "the costs that do not depend on size already took all of gross"
        if run.lines[Line.GROSS] <= 0:
            why = "they lost before any cost"
        return f"No account would have earned with these trades: {why}."
    best, times = rounded(found.best_usd), number(found.best_usd / account, 1)
    if found.is_limited:
        return (
            f"The same trades still earn more with every USD up to an account of about {best} USD, "
            f"{times} times this one; there they meet the limit of what the market trades."
        )
    said = (
        f"The same trades earn the most, about {rounded(found.best_net_usd)} USD, with an account "
        f"of about {best} USD, {times} times this one"
    )
    if np.isfinite(found.break_even_usd):
        return f"{said}, and nothing with {rounded(found.break_even_usd)} USD."
    return f"{said}; a larger one does not break even before its orders no longer fit the volume."


def _share(run: Run) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return what turns USD into percent of equity; NaN where the account is lost."""
    capital = run.equity["equity"].to_numpy() / MONEY_SCALE
    return 100.0 / np.where(capital > 0.0, capital, np.nan)
