"""What holding would have made while a run traded: BTC alone, and all coins in equal parts.

In: blocks of a run, whose closes alone are read. Out: two growth curves, a row a UTC day. Nothing
is chosen: no date, weight or coin depends on what came later, and nothing that decides reads this.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from quorate.core.types import Bar

if TYPE_CHECKING:
    from quorate.backtest.run import Block, Slice
    from quorate.core.types import ByteMat, Mat, Vec

BENCHMARK: Final = pl.Schema(
    {
        "day": pl.Date(),  # UTC; a bar that closes at 00:00 belongs to the day it ends
        "hold_all": pl.Float64(),  # of one USD at the close of the first bar
        "hold_btc": pl.Float64(),  # null where the panel has no BTC
    }
)
"""One row a UTC day: what one USD had become at its end."""

_DAY_MS: Final = 86_400_000


class Benchmark:
    r"""Keep what one unit of quote currency became: in all coins that trade, and in BTC alone.

    .. math:: V_d = V_{d-1} \frac{1}{|M_d|} \sum_{c \in M_d} \frac{P_{c,d}}{P_{c,d-1}}

    Parameters
    ----------
    n_coins : int
        Coins of the panel.
    btc : int
        Column of BTC, -1 where there is none.
    bar_minutes : int
        Length of a bar.

    Notes
    -----
    Units: fractions of the start.  Causal: :math:`M_d` are the coins that traded in the day before
    (on the first day: in the first bar), bought at their last close then.  Missing: a coin that
    falls silent is left at its last price; without any coin the money waits.  No cost is charged.
    """

    def __init__(self, n_coins: int, btc: int, bar_minutes: int) -> None:
        self._btc, self._bar_ms = btc, bar_minutes * 60_000
        self._price: Vec = np.full(n_coins, np.nan)
        self._bought: Vec = np.full(n_coins, np.nan)
        self._is_new = np.zeros(n_coins, np.bool_)
        self._level, self._btc_bought = 1.0, np.nan
        self._day = self._k = self._k0 = -1
        self._rows: list[tuple[int, int, float, float | None]] = []

    def add(self, block: Block) -> None:
        """Take the closes of a block; any cut of a history gives the same curves."""
        self.see(block.inputs)

    def see(self, piece: Slice) -> None:
        """Take the closes of a block of bars on which nobody decided."""
        bars = piece.bars
        k = piece.k0 + np.arange(len(bars.close))
        day = (k * self._bar_ms - 1) // _DAY_MS
        cuts = [0, *(np.flatnonzero(np.diff(day)) + 1).tolist(), len(k)]
        if self._k < 0:
            self._begin(bars.close[:1], bars.status[:1], int(k[0]), int(day[0]))
        for first, last in pairwise(cuts):
            if day[first] != self._day:
                self._end_day()
            self._see(bars.close[first:last], bars.status[first:last])
            self._day, self._k = int(day[first]), int(k[last - 1])

    def frame(self, quote_usd: Vec) -> pl.DataFrame:
        """Return the rows of ``BENCHMARK``.

        Parameters
        ----------
        quote_usd : Vec
            USD per unit of the quote currency at every close, none missing, shape (time,).

        Notes
        -----
        Units: fractions of the start in USD.  Causal: each day by its own rate.  Missing: no row
        before the first bar.
        """
        rows = [] if self._k < 0 else [*self._rows, self._row()]
        found = []
        for day, k, every, btc in rows:
            rate = float(quote_usd[k - self._k0] / quote_usd[0])
            found.append((day, every * rate, None if btc is None else btc * rate))
        schema = {**BENCHMARK, "day": pl.Int32()}
        return pl.DataFrame(found, schema, orient="row").cast({"day": pl.Date()})

    def _begin(self, close: Mat, status: ByteMat, k: int, day: int) -> None:
        self._k0, self._day = k, day
        self._see(close, status)
        self._buy()

    def _see(self, close: Mat, status: ByteMat) -> None:
        """Remember the last close of every coin that traded."""
        traded = (status == Bar.TRADED) & (close > 0.0)
        seen = traded.any(axis=0)
        last = len(close) - 1 - np.argmax(traded[::-1], axis=0)
        self._price = np.where(seen, close[last, np.arange(len(seen))], self._price)
        self._is_new |= seen
        if self._btc >= 0 and np.isnan(self._btc_bought) and seen[self._btc]:
            self._btc_bought = float(close[np.argmax(traded[:, self._btc]), self._btc])

    def _end_day(self) -> None:
        self._rows.append(self._row())
        self._level = self._value()
        self._buy()

    def _buy(self) -> None:
        """Make the parts equal again, of the coins that traded since the last time."""
        self._bought = np.where(self._is_new, self._price, np.nan)
        self._is_new[:] = False

    def _row(self) -> tuple[int, int, float, float | None]:
        btc = None
        if self._btc >= 0:
            is_held = not np.isnan(self._btc_bought)
            btc = float(self._price[self._btc] / self._btc_bought) if is_held else 1.0
        return self._day, self._k, self._value(), btc

    def _value(self) -> float:
        is_held = ~np.isnan(self._bought)
        if not is_held.any():
            return self._level
        return self._level * float(np.mean(self._price[is_held] / self._bought[is_held]))
