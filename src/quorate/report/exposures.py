"""The charts of what was held and what was at risk, in percent of equity.

In: a ``Run`` and its curves. Out: a ``Graph`` each. A book turns over many times a day, so a chart
of months shows each day, one of days each hour, and says which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from quorate.core.types import MONEY_SCALE
from quorate.report.charts import Series, empty_chart, line_chart
from quorate.report.graphs import Graph, ruin

if TYPE_CHECKING:
    from quorate.core.types import IntVec, Vec
    from quorate.report.reading import Curves, Run

_HOUR_MS: Final = 3_600_000
_DAY_MS: Final = 24 * _HOUR_MS
_LONG_MS: Final = 20 * _DAY_MS
_SHORT_MS: Final = 2 * _DAY_MS
_NOTHING: Final = "nothing was held"
_LOST: Final = 0.9
_ENDS: Final = f"; ends where {_LOST:.0%} of the highest equity was lost"


class Spans(NamedTuple):
    """Bars by the day, hour or bar they end in: the number of each and when each ends, ms."""

    name: str
    number: IntVec
    ends: IntVec


def spans(times: IntVec) -> Spans:
    """Return the bars of a run by days, of a short one by hours, of a very short one as they are.

    Parameters
    ----------
    times : IntVec
        Closes of the bars, ms since 1970, ascending, the start of the run first.

    Notes
    -----
    Units: ms.  Causal: a bar that closes at midnight belongs to the day it ends.  Missing: the
    first moment, before any bar, stands alone, so that every chart begins where the run does.

    Examples
    --------
    >>> day = 86_400_000
    >>> found = spans(np.arange(0, 30 * day + 1, day // 2))
    >>> found.name, found.number[:6].tolist(), len(found.ends)
    ('day', [0, 1, 1, 2, 2, 3], 31)
    """
    length = int(times[-1] - times[0])
    step, name = (
        (_DAY_MS, "day")
        if length >= _LONG_MS
        else (_HOUR_MS, "hour")
        if length >= _SHORT_MS
        else (1, "bar")
    )
    slot = -(-times // step)
    slot[0] = min(slot[0], slot[1:].min(initial=slot[0]) - 1)
    number = np.concatenate([[0], np.cumsum(np.diff(slot) > 0)])
    is_last = np.append(np.diff(number) > 0, True)
    return Spans(name, number, times[is_last])


def exposure(run: Run, found: Curves) -> Graph:
    """Return what was held, long above zero and short below it. Percent of equity."""
    if not run.equity["gross_usd"].to_numpy().any():
        return Graph("Exposure", "% of equity", [], empty_chart("Exposure", why=_NOTHING))
    slots, share = spans(found.times), _share(run, found)
    gross, net = (run.equity[name].to_numpy() * share for name in ("gross_usd", "net_usd"))
    long, short = 0.5 * (gross + net), -0.5 * (gross - net)
    by_slot = (
        pl.DataFrame({"slot": slots.number, "long": long, "short": short, "net": net})
        .with_columns(pl.all().exclude("slot").fill_nan(None))
        .group_by("slot")
        .agg(
            pl.col("long", "short", "net").mean(),
            pl.col("long").max().alias("most long"),
            pl.col("short").min().alias("most short"),
        )
        .sort("slot")
    )
    drawn = {name: by_slot[name].fill_null(np.nan).to_numpy() for name in by_slot.columns[1:]}
    each = slots.name
    lines = [
        Series(f"most long of the {each}", drawn["most long"], "gross reach", is_area=True),
        Series(f"most short of the {each}", drawn["most short"], "loss reach", is_area=True),
        Series("net", drawn["net"], "net"),
    ]
    if each != "bar":
        lines[:2] = [
            *lines[:2],
            Series("long, mean", drawn["long"], "gross"),
            Series("short, mean", drawn["short"], "loss"),
        ]
    chart = line_chart(slots.ends, lines, title="Exposure", unit="%", height=220, marks=ruin(run))
    keys = [("long", "gross"), ("short", "loss"), ("net: long less short", "net")]
    said = "" if each == "bar" else f"; lines are means of each {each}, areas reach to its extremes"
    return Graph("Exposure", f"% of equity{said}{_cut(share)}", keys, chart)


def risk(run: Run, found: Curves) -> Graph:
    """Return what would be lost if every stop were hit, and what may be. Percent of equity.

    The limit is what the run kept as left of it plus what was open. A day or an hour shows the bar
    at which the two were closest.
    """
    title = "Open risk and its limit"
    if not run.equity["open_risk_usd"].to_numpy().any():
        return Graph(title, "% of equity", [], empty_chart(title, why=_NOTHING))
    slots, share = spans(found.times), _share(run, found)
    opened, left = (
        run.equity[name].to_numpy() * share for name in ("open_risk_usd", "risk_budget_usd")
    )
    left[0] = np.nan  # before the first bar there is no limit yet
    by_slot = (
        pl.DataFrame({"slot": slots.number, "open": opened, "left": left})
        .with_columns(pl.col("open", "left").fill_nan(None))
        .group_by("slot")
        .agg(pl.col("open", "left").sort_by("left", nulls_last=True).first())
        .sort("slot")
    )
    held, room = (by_slot[name].fill_null(np.nan).to_numpy() for name in ("open", "left"))
    chart = line_chart(
        slots.ends,
        [Series("limit", held + room, "gross"), Series("open risk", held, "loss", is_area=True)],
        title=title,
        unit="%",
        height=180,
        marks=ruin(run),
    )
    keys = [
        ("open risk: lost if every stop were hit", "loss"),
        ("limit: the daily loss stop, with the result of the day", "gross"),
    ]
    said = "" if slots.name == "bar" else f"; the bar of each {slots.name} that came closest"
    return Graph(title, f"% of equity{said}{_cut(share)}", keys, chart)


def _share(run: Run, found: Curves) -> Vec:
    """Return what turns USD into percent of equity; NaN from where the account was all but lost.

    A share of next to nothing is a large number without a meaning, and hides all others.
    """
    capital = run.equity["equity"].to_numpy() / MONEY_SCALE
    is_whole = (capital > 0.0) & (found.drawdown > -_LOST)
    is_whole = np.logical_and.accumulate(is_whole)
    return 100.0 / np.where(is_whole, capital, np.nan)


def _cut(share: Vec) -> str:
    return _ENDS if np.isnan(share).any() else ""
