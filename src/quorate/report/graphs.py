"""The charts of the page, each with its unit: the account over time, and over its size.

In: a ``Run`` and its curves. Out: a ``Graph`` each, drawn, described and ready to be read off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from quorate.core.types import MONEY_SCALE
from quorate.report.charts import (
    Chart,
    Mark,
    Series,
    empty_chart,
    line_chart,
    money_axis,
    plot,
)
from quorate.report.formats import counted, rounded
from quorate.report.luck import scarcity
from quorate.report.rolling import SHORTEST_DAYS, rolling_sharpe, window_days
from quorate.statistics.daily import EQUITY, daily_returns

if TYPE_CHECKING:
    from quorate.core.types import IntVec, Vec
    from quorate.report.capacity import Capacity
    from quorate.report.reading import Curves, Run

_DAY_MS: Final = 86_400_000
_FEWEST_POINTS: Final = 10


class Graph(NamedTuple):
    """A chart with its title, what its axes are, and a key to its lines.

    ``across`` is what goes from left to right, where it is not time.
    """

    title: str
    unit: str
    keys: list[tuple[str, str]]
    chart: Chart
    across: str = ""


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
        marks=ruin(run),
    )
    keys = [("net", "net"), ("gross: no cost paid", "gross")]
    return Graph("Equity", "USD, deposits included", keys, chart)


def drawdown(run: Run, found: Curves) -> Graph:
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
        marks=ruin(run),
    )
    return Graph(title, unit, [("drawdown", "loss")], chart)


def sharpe(run: Run, found: Curves) -> Graph:
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
    n_points = int(np.isfinite(values).sum())
    if n_points < _FEWEST_POINTS:
        why = f"only {counted(n_points, 'window')} of {window} days fit in and moved"
        return Graph(title, "a year", [], empty_chart(title, why=why))
    # the last day may end before midnight: it stands where the run ends
    ends = np.minimum((daily.day + 1) * _DAY_MS, found.times[-1])
    times, drawn = over_the_run(ends, values, found)
    chart = line_chart(
        times,
        [Series("Sharpe ratio", drawn, "net")],
        title=f"{title} of {window} days",
        unit="a year",
        height=180,
        marks=ruin(run),
    )
    unit = f"a year, of the {window} days before"
    if window < 90:
        unit += ", half of the span: 90 days would need 180"
    return Graph(title, unit, [("Sharpe ratio, net", "net")], chart)


def room(run: Run, found: Capacity) -> Graph:
    """Return what an account of each size returns. Percent; the account is logarithmic."""
    title = "Net return by size of the account"
    unit = "% of the account over the span; account in USD, logarithmic"
    if found.why:
        return Graph(title, unit, [], empty_chart(title, why=found.why))
    axis = money_axis(found.account_usd)
    low, high = (float(np.log10(found.account_usd[i])) for i in (0, -1))
    places = (
        ("this account", run.start / MONEY_SCALE),
        ("half the return", found.half_return_usd),
        ("half the Sharpe ratio", found.half_sharpe_usd),
        ("earns the most", found.best_usd),
        ("breaks even", found.break_even_usd),
    )
    marks = [
        Mark((float(np.log10(usd)) - low) / (high - low), name)
        for name, usd in places
        if np.isfinite(usd) and usd > 0.0 and low <= np.log10(usd) <= high + 1e-9
    ]
    chart = plot(
        axis,
        [Series("net return", 100.0 * found.net_usd / found.account_usd, "net", is_area=True)],
        title=title,
        unit="%",
        height=260,
        digits=3,
        marks=marks,
    )
    return Graph(title, unit, [("net return", "net")], chart)


def room_sentence(run: Run, found: Capacity) -> str:
    """Return how much money fits in, in words. USD, three digits that count."""
    account = run.start / MONEY_SCALE
    if found.why:
        return f"No capacity can be read off this run: {found.why}."
    if np.isfinite(found.half_return_usd):
        times = rounded(found.half_return_usd / account)
        said = (
            f"With an account of about {rounded(found.half_return_usd)} USD, {times} times this "
            "one, the same trades return half of what they do on a very small one."
        )
    else:
        said = "The return of the same trades does not fall to half at any size that was tried."
    most = (
        f"At the very most they earn about {rounded(found.best_net_usd)} USD, with about "
        f"{rounded(found.best_usd)} USD"
    )
    if np.isfinite(found.break_even_usd):
        return f"{said} {most}, and nothing with {rounded(found.break_even_usd)} USD."
    return f"{said} {most}; more finds no volume to trade."


def ruin(run: Run) -> list[Mark]:
    """Return where the account was lost on a time axis of the whole run; empty where it was not.

    Notes
    -----
    Units: share of the axis.  Causal: reads the whole run.  Missing: an empty list.
    """
    gone = run.equity.filter(pl.col("equity") <= 0)["ts"]
    if not len(gone):
        return []
    first, last = (int(run.equity["ts"].dt.epoch("ms")[i]) for i in (0, -1))
    at = int(gone.dt.epoch("ms")[0])
    return [Mark((at - first) / max(last - first, 1), "account lost")]


def over_the_run(times: IntVec, values: Vec, found: Curves) -> tuple[IntVec, Vec]:
    """Return a line with the ends of the run added, so that every time axis is the same.

    Notes
    -----
    Units: ms since 1970.  Causal: reads the whole run.  Missing: NaN at an end without a value.
    """
    ends = found.times[[0, -1]]
    inside = (times > ends[0]) & (times < ends[1])
    kept_times, kept = times[inside], values[inside]
    edges = [values[times == end][:1] for end in ends]
    first, last = (edge if len(edge) else np.array([np.nan]) for edge in edges)
    return (
        np.concatenate([ends[:1], kept_times, ends[1:]]),
        np.concatenate([first, kept, last]),
    )
