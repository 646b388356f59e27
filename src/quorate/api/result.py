"""What a run came to: its metrics, its tables, and what they show at once.

In: metrics and tables, from ``gathering`` or from a folder. Out: ``Result``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from quorate.api import showing
from quorate.statistics import currency

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Result:
    """What a run came to.

    Attributes
    ----------
    run_id : str
        Its name in the store and of its folder.
    folder : Path or None
        Where it was written, if it was.
    metrics : dict
        Spec 12, as in ``metrics.json``.
    equity, trades, fills, funding, positions, incidents, attribution, scorecard, benchmark
        As in the Parquet tables of the folder, a DataFrame each.
    kept : LazyFrame
        As ``decisions.parquet``: the largest table, read as far as it is asked for.
    facts : dict
        What was run, as in ``run.json``.
    """

    run_id: str
    folder: Path | None
    metrics: dict[str, Any]
    equity: pl.DataFrame
    trades: pl.DataFrame
    fills: pl.DataFrame
    funding: pl.DataFrame
    positions: pl.DataFrame
    incidents: pl.DataFrame
    attribution: pl.DataFrame
    scorecard: pl.DataFrame
    benchmark: pl.DataFrame
    facts: dict[str, Any]
    kept: pl.LazyFrame

    @cached_property
    def decisions(self) -> pl.DataFrame:
        """Return all kept decisions, in memory from when they are first asked for."""
        return self.kept.collect()

    @property
    def net_return(self) -> float:
        """Return the end over the start in USD, less 1, after all costs."""
        equity = currency.in_usd(self.equity)["equity"]
        return float(equity[-1] / equity[0] - 1.0)

    def summary(self) -> str:
        """Return what the run came to on one screen: real, earned, cost, would break, the page."""
        return showing.summary(self)

    def plot(self) -> Figure:
        """Return a matplotlib figure of equity and drawdown; needs matplotlib."""
        return showing.plot(self)

    def __repr__(self) -> str:  # type: ignore[explicit-override]
        """Return one line: which run, what it made, where it lies."""
        place = "not written" if self.folder is None else str(self.folder)
        made = f"{self.net_return:+.2%} net, {self.trades.height:,} closed trades"
        return f"Result({self.run_id}: {made}; {place})"

    def _repr_html_(self) -> str:
        return showing.html(self)
