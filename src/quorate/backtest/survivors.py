"""What a run's universe made, beside what its survivors would have: how much hindsight flatters.

In: blocks of a run, whose closes and members are read, and when each coin ended. Out: two growth
curves, a row a UTC day: equal parts of the coins that could be traded, and equal parts of those
among them that were still trading when the data end. Nothing that decides reads this.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from quorate.core.types import Bar

if TYPE_CHECKING:
    from quorate.backtest.run import Block
    from quorate.core.types import ByteMat, ByteVec, IntVec, Mat, Vec

    Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]

CURVES: Final = pl.Schema(
    {
        "day": pl.Date(),  # UTC; a bar that closes at 00:00 belongs to the day it ends
        "everyone": pl.Float64(),  # of one at the close of the first bar
        "survivors": pl.Float64(),
    }
)
_DAY_MS: Final = 86_400_000
_NEVER: Final = 2**60
"""A bar that no history reaches."""


class Holdings(NamedTuple):
    """Both curves, how many coins were ever held, and how many of them ended later."""

    curves: pl.DataFrame
    n_coins: int
    n_ended: int


class Survivors:
    r"""Keep what one unit became in equal parts of the universe, and of its survivors.

    .. math:: V_d = V_{d-1} \frac{1}{|M_d|} \sum_{c \in M_d} \frac{P_{c,d}}{P_{c,d-1}}
        (1 - h\,[c \text{ ends on } d])

    Parameters
    ----------
    delisted_k : IntVec
        Each coin's last bar; later than any there is for one that trades when the data end.
    bar_minutes : int
        Length of a bar.
    haircut : float
        What a holder loses on top when a coin ends, a fraction of its last price.

    Notes
    -----
    Units: fractions of the start.  Causal: :math:`M_d` are the coins that were members and had
    traded when the day before ended (on the first day: in the first bar), bought at their last
    close then; who survives is not known then, which is the point.  Missing: a coin that falls
    silent is left at its last price; without any coin the money waits.  No cost is charged.
    Spec 13; METHODS 12.
    """

    def __init__(self, delisted_k: IntVec, bar_minutes: int, haircut: float) -> None:
        n = len(delisted_k)
        self._ends_k, self._bar_ms, self._haircut = delisted_k, bar_minutes * 60_000, haircut
        self._is_left: Mask = np.asarray(delisted_k >= _NEVER)
        self._price: Vec = np.full(n, np.nan)
        self._seen: Mask = np.zeros(n, np.bool_)  # since the parts were made equal
        self._member: ByteVec = np.zeros(n, np.int8)
        self._ever: Mask = np.zeros(n, np.bool_)
        self._bought: list[Vec] = [np.full(n, np.nan), np.full(n, np.nan)]
        self._levels = [1.0, 1.0]
        self._day = self._k = self._bought_k = -1
        self._rows: list[tuple[int, float, float]] = []

    def add(self, block: Block) -> None:
        """Take a block; any cut of a history gives the same curves."""
        if self._is_left.all():
            return  # both are the same
        bars, member = block.inputs.bars, block.inputs.controls.member
        k = block.k0 + np.arange(len(bars.close))
        day = (k * self._bar_ms - 1) // _DAY_MS
        cuts = [0, *(np.flatnonzero(np.diff(day)) + 1).tolist(), len(k)]
        if self._k < 0:
            self._day, self._k = int(day[0]), int(k[0])
            self._see(bars.close[:1], bars.status[:1], member[0])
            self._buy()
        for first, last in pairwise(cuts):
            if day[first] != self._day:
                self._end_day()
            self._see(bars.close[first:last], bars.status[first:last], member[last - 1])
            self._day, self._k = int(day[first]), int(k[last - 1])

    def held(self) -> Holdings | None:
        """Return what was held; None where no coin that was held ended."""
        ended = self._ever & ~self._is_left
        if not ended.any():
            return None
        rows = [*self._rows, self._row()]
        curves = pl.DataFrame(rows, {**CURVES, "day": pl.Int32()}, orient="row")
        n_coins, n_ended = int(self._ever.sum()), int(ended.sum())
        return Holdings(curves.cast({"day": pl.Date()}), n_coins, n_ended)

    def _see(self, close: Mat, status: ByteMat, member: ByteVec) -> None:
        """Remember the last close of every coin that traded, and who is a member now."""
        traded = (status == Bar.TRADED) & (close > 0.0)
        seen = traded.any(axis=0)
        last = len(close) - 1 - np.argmax(traded[::-1], axis=0)
        self._price = np.where(seen, close[last, np.arange(len(seen))], self._price)
        self._seen |= seen
        self._member = np.array(member)

    def _end_day(self) -> None:
        self._rows.append(self._row())
        self._levels = [self._value(i) for i in (0, 1)]
        self._buy()

    def _buy(self) -> None:
        """Make the parts equal again."""
        has_left = self._ends_k < self._k
        free: Mask = self._seen & (self._member == 1) & ~has_left
        self._bought = [
            np.where(among, self._price, np.nan) for among in (free, free & self._is_left)
        ]
        self._ever |= free
        self._bought_k = self._k
        self._seen[:] = False

    def _row(self) -> tuple[int, float, float]:
        return self._day, self._value(0), self._value(1)

    def _value(self, i: int) -> float:
        is_held = ~np.isnan(self._bought[i])
        if not is_held.any():
            return self._levels[i]
        # the first bar that a coin lacks is the one after its last
        ends = (self._ends_k + 1 > self._bought_k) & (self._ends_k < self._k)
        worth = self._price / self._bought[i] * np.where(ends, 1.0 - self._haircut, 1.0)
        return self._levels[i] * float(np.mean(worth[is_held]))
