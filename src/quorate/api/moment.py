"""One coin at one close as the decision had it, on copies, and what it could know of before.

In: a bar alone in its block, and the fold. Out: ``Bar`` and ``Before``, which ``steps`` reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quorate.core.account import Code, Column, Gauge
from quorate.core.risk import paper
from quorate.core.stances import Stance
from quorate.core.types import MONEY_SCALE, N_REGIMES

if TYPE_CHECKING:
    from quorate.api.folding import Fold
    from quorate.backtest.run import Block
    from quorate.core import account
    from quorate.core.types import Mat, ShortMat, Vec


class Before(NamedTuple):
    """What a bar could know of earlier ones and no longer shows: it was overwritten on the bar.

    ``record`` of closed paper trades by regime; the breakers' ``trip`` levels (coin,) and of the
    market, with the number of daily values behind each.
    """

    record: tuple[paper.Statistics, ...]
    trip: Vec
    n_days: Vec
    market_trip: float
    n_market_days: int


def remember(fold: Fold) -> Before:
    """Return what the next bar will know and may overwrite.

    Notes
    -----
    Units: as ``risk.paper`` and ``risk.breakers``.  Causal: before the next bar.
    Missing: NaN while a level is unknown.
    """
    chain, breakers = fold.memory.chain, fold.memory.chain.account.breakers
    given = fold.made.params.chain.risk.sizing
    return Before(
        record=tuple(paper.statistics(r, given, chain.paper) for r in range(N_REGIMES)),
        trip=breakers.trip.copy(),
        n_days=np.sum(~np.isnan(breakers.ring), axis=0).astype(np.float64),
        market_trip=float(breakers.market_trip[0]),
        n_market_days=int(np.sum(~np.isnan(breakers.market_ring))),
    )


@dataclass(frozen=True)
class Bar:
    """The bar as the decision had it; the arrays are copies."""

    number: Mat
    code: ShortMat
    gauge: Vec
    equity_usd: float
    regime: int
    volume_usd: float
    beta: Vec
    mark: Vec
    edge_bps: float
    side: int  # of what was asked for
    c: int
    fold: Fold

    @property
    def given(self) -> account.Params:
        """Return the parameters of the chain."""
        return self.fold.made.params.chain

    @property
    def budget_usd(self) -> float:
        """Return G."""
        return float(self.gauge[Gauge.BUDGET_USD])

    def at(self, column: Column) -> float:
        """Return a number of the coin."""
        return float(self.number[column, self.c])


def moment(block: Block, place: tuple[int, int], fold: Fold) -> Bar:
    """Return a coin at a close; the bar is the last row of its block."""
    t, c = place
    number, code = block.decisions.number[t].copy(), block.decisions.code[t].copy()
    mark = block.inputs.market.mark[t, 0]
    signal = int(block.consensus.signal[t, c])
    is_free = code[Code.STANCE, c] == Stance.FREE.value
    return Bar(
        number=number,
        code=code,
        gauge=block.decisions.gauge[t].copy(),
        equity_usd=float(block.decisions.equity[t]) / MONEY_SCALE,
        regime=int(block.readings.regime[t, c]),
        volume_usd=float(block.readings.bar_volume[t, c] * number[Column.PRICE, c]),
        beta=block.readings.beta[t].copy(),
        mark=np.where(np.isnan(mark), number[Column.PRICE], mark),
        edge_bps=float(block.consensus.edge_bps[t, c]),
        side=int(code[Code.SIDE, c]) if is_free else signal or int(code[Code.SIDE, c]) or 1,
        c=c,
        fold=fold,
    )
