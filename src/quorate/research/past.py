"""The past of a run on the hours: what a fit may learn from, gathered as the run goes.

In: the blocks of a run, in order. Out: ``Hours``, one row a coin and full hour: features, regime,
votes, score and volatility as the decision saw them. What is gathered block by block cannot hold
what came later, so a fit that reads it is causal however it is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quorate.core.types import Bar, ByteMat, ByteVec, IntVec, Mat, Vec

if TYPE_CHECKING:
    from quorate.backtest.run import Block, Seen


class Hours(NamedTuple):
    """What was seen at the close of full hours, shape (row, ...), by ``k``, then by coin.

    ``features`` (row, feature) in the order of the table; ``side`` and ``strength`` (row, engine);
    ``score`` is the consensus's, ``sigma_daily`` the volatility it was weighed with.
    """

    k: IntVec
    coin: IntVec
    regime: ByteVec
    features: Mat
    side: ByteMat
    strength: Mat
    score: Vec
    sigma_daily: Vec

    @property
    def n(self) -> int:
        """Return the number of rows."""
        return len(self.k)

    def rows(self, chosen: IntVec | np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Hours:
        """Return some of the rows."""
        return Hours._make(each[chosen] for each in self)


class Past:
    """Gathers the full hours of a run.

    Parameters
    ----------
    bars_per_hour : int
        Bars in an hour.

    Notes
    -----
    Units: those of the features' table; counters of bars.  Causal: a block at a time, in order.
    Missing: a coin has no row on a bar that is not traded, outside the universe, or before every
    input of its regime is known; features may be NaN.  METHODS 5, 12.
    """

    def __init__(self, bars_per_hour: int) -> None:
        self._bars_per_hour = bars_per_hour
        self._parts: list[Hours] = []

    def add(self, block: Block) -> None:
        """Take the full hours of the next block."""
        self.take(block, block.consensus.score)

    def take(self, seen: Seen | Block, score: Mat) -> None:
        """Take the full hours of what was seen next, weighed to these scores, (time, coin)."""
        bars, readings, k0 = seen.inputs.bars, seen.readings, seen.inputs.k0
        first = -k0 % self._bars_per_hour
        at = slice(first, None, self._bars_per_hour)
        taken = (bars.status[at] == Bar.TRADED) & (readings.ready[at] != 0)
        taken &= seen.inputs.controls.member[at] != 0
        hour, coin = np.nonzero(taken)
        row = first + hour * self._bars_per_hour
        self._parts.append(
            Hours(
                k=k0 + row,
                coin=coin,
                regime=readings.regime[row, coin],
                features=seen.features[row, :, coin],
                side=seen.votes.side[row, :, coin],
                strength=seen.votes.strength[row, :, coin],
                score=score[row, coin],
                sigma_daily=readings.sigma_daily[row, coin],
            )
        )

    def between(self, first_k: int, last_k: int) -> Hours:
        """Return the hours whose bar is in a span, both ends included."""
        parts = [part.rows((part.k >= first_k) & (part.k <= last_k)) for part in self._parts]
        return Hours._make(np.concatenate(each) for each in zip(*parts, strict=True))
