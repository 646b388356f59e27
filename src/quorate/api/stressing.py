"""The same run with all costs half as high again, to see whether anything is left.

In: blocks as a run sees them, its panel and settings. Out: what the same settings come to where
every cost is one and a half times what it was. Features, regimes, votes and the consensus are
shared, as in a sweep; gates, sizes, orders and fills are decided anew, knowing what things cost.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from quorate.api import folding
from quorate.backtest import run as passes
from quorate.backtest.fills import column
from quorate.core.costs import BOUNDS
from quorate.core.types import MONEY_SCALE
from quorate.settings import Settings
from quorate.statistics import currency
from quorate.statistics.accounts import certainty
from quorate.statistics.daily import EQUITY, daily_returns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.core import consensus
    from quorate.core.engines.base import Engine
    from quorate.core.types import Vec
    from quorate.lake import Panel

TIMES: Final = 1.5
"""By how much every cost is multiplied (METHODS 5.7)."""
_SCALED: Final = ("impact_bps_at_one", "impact_y", "latency_bps_per_ms")


class Stressed:
    """A run beside the run, at dearer costs.

    Parameters
    ----------
    panel, settings, engines
        Those of the run.

    Notes
    -----
    Units: as the run.  Causal: as the run.  Missing: as the run.  Spreads, impact, latency and the
    fees that are paid are multiplied before anything is decided; funding that was paid counts so
    much more afterwards. What was received, as a rebate or as funding, is left as it was.
    """

    def __init__(self, panel: Panel, settings: Settings, engines: Sequence[Engine]) -> None:
        fees = {
            name: np.where(fee > 0.0, TIMES * fee, fee)
            for name in ("maker_bps", "taker_bps")
            for fee in (getattr(panel.venues, name),)
        }
        dear = dataclasses.replace(panel, venues=panel.venues._replace(**fees))
        self._panel = panel
        self._fold = folding.begin(dear, _dearer(settings), engines)
        self._equity: list[np.ndarray[tuple[int], np.dtype[np.int64]]] = []
        self._funding = np.zeros(panel.n_bars, np.int64)
        self._n_trades = 0

    def add(self, seen: passes.Seen, said: consensus.Out) -> None:
        """Fill and decide the next block."""
        market, readings = seen.inputs.market, seen.readings
        dear = dataclasses.replace(
            seen,
            inputs=seen.inputs._replace(
                market=market._replace(spread_bps=TIMES * market.spread_bps)
            ),
            readings=readings._replace(spread_bps=TIMES * readings.spread_bps),
        )
        done = passes.trade(self._fold.made, self._fold.memory, dear, said)
        folding.balanced(done)
        self._equity.append(done.decisions.equity.copy())
        paid = column(done.fills, "funding").astype(np.int64)
        at = column(done.fills, "k").astype(np.int64) - self._panel.k0
        np.add.at(self._funding, at, np.maximum(paid, 0))
        self._n_trades += int(column(done.fills, "closed").astype(np.int64).sum())

    def result(self) -> dict[str, Any]:
        """Return what it came to: ``times``, ``pnl_usd``, ``net_return``, ``sharpe``, ``n_trades``.

        Notes
        -----
        Units: USD, a fraction, per square root of a year.  Causal: reads the whole run.  Missing:
        None where the ratio is not defined.
        """
        start = round(self._fold.start_quote * MONEY_SCALE)
        more = np.cumsum(np.rint((TIMES - 1.0) * self._funding).astype(np.int64))
        equity = np.concatenate(([start], np.concatenate(self._equity) - more))
        usd = _usd(equity, self._panel)
        daily = daily_returns(usd)
        sharpe = certainty(daily.net)["sharpe"]
        first, last = int(usd["equity"][0]), int(usd["equity"][-1])
        return {
            "times": TIMES,
            "pnl_usd": (last - first) / MONEY_SCALE,
            "net_return": last / first - 1.0,
            "sharpe": float(sharpe) if np.isfinite(sharpe) else None,
            "n_trades": self._n_trades,
        }


def _dearer(settings: Settings) -> Settings:
    """Return settings whose model of costs is dearer, within its bounds."""
    costs = dict(settings["costs"])
    for name in _SCALED:
        costs[name] = min(TIMES * float(costs[name]), BOUNDS[name][1])  # type: ignore[arg-type]
    return Settings({**settings.values, "costs": costs}, settings.origins, settings.path)


def _usd(equity: np.ndarray[tuple[int], np.dtype[np.int64]], panel: Panel) -> pl.DataFrame:
    """Return the equity of every bar in USD, as daily returns are made from it."""
    rate: Vec = currency.known(panel.quote_usd)
    ms = np.array([panel.close_ms(t) for t in (-1, 0)])
    stamps = ms[0] + (ms[1] - ms[0]) * np.arange(len(equity))
    frame = pl.DataFrame({"ts": stamps, "equity": equity, "gross_equity": equity})
    frame = frame.with_columns(
        pl.from_epoch(pl.col("ts"), time_unit="ms").dt.replace_time_zone("UTC"),
        pl.lit(0, pl.Int64).alias("flow"),
    )
    return currency.in_usd(currency.convert(frame, rate)).select(list(EQUITY)).cast(EQUITY)
