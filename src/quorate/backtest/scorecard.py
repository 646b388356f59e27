"""What the votes of each engine came to, traded or not: how often right, and by how much.

In: blocks of a run. Out: one row an engine and regime, and one an engine over all regimes. Votes
are read on the hour and settled one horizon later at the close, as the labels of reliability are,
gated engines included; nothing here is read by the decision. Where a run made or lost nothing,
these rows say what the engines saw.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from quorate.core.kernel import kernel
from quorate.core.types import N_REGIMES, Bar, ByteCube, ByteMat, Cube, IntVec, Mat, Regime

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.backtest.run import Block

ALL: Final = "all"
"""The regime of the rows that hold every regime together."""

SCORECARD: Final = pl.Schema(
    {
        "engine": pl.String(),
        "regime": pl.String(),  # a regime's name, or ``all``
        "n_votes": pl.Int64(),  # settled votes on the hour
        "n_days": pl.Int64(),  # UTC days with such a vote: what error_bps rests on
        "n_asked": pl.Int64(),  # times it was asked: coin-hours of the regime that were settled
        "right_frac": pl.Float64(),
        "move_bps": pl.Float64(),  # mean move over the horizon in the direction of the vote
        "error_bps": pl.Float64(),  # standard error of move_bps, by days
        "prob": pl.Float64(),  # mean calibrated probability it voted with
        "weight": pl.Float64(),  # mean weight of its votes, 0 while it was gated
    }
)

_VOTES, _RIGHT, _PROB, _WEIGHT = range(4)
_N_TOTALS = 4


@kernel
def settle(
    side: ByteCube,
    prob: Cube,
    weight: Cube,
    regime: ByteMat,
    move_bps: Mat,
    day: IntVec,
    totals: Cube,
    asked: IntVec,
    moved: Cube,
    voted: Cube,
) -> None:
    """Add up votes whose horizon has ended.

    Parameters
    ----------
    side, prob : ByteCube, Cube
        Votes as they were made, shape (vote time, engine, coin).
    weight : Cube
        Weights then, shape (vote time, regime, engine).
    regime, move_bps : ByteMat, Mat
        At the vote; over the horizon, NaN where the label is dropped, shape (vote time, coin).
    day : IntVec
        Row of ``moved`` and ``voted`` each vote time belongs to, shape (vote time,).
    totals : Cube
        Added to: votes, right ones, probability, weight, shape (engine, regime, 4).
    asked : IntVec
        Added to: settled coin-hours, shape (regime,).
    moved, voted : Cube
        Added to: moves in the direction of the votes, votes, shape (day, engine, regime).

    Notes
    -----
    Units: bps.  Causal: after the fact; nothing that decides reads it.
    Missing: a move of NaN or 0 settles nothing, as in METHODS 1.1.
    """
    n_times, n_engines, n_coins = side.shape
    for i in range(n_times):
        for c in range(n_coins):
            settled = move_bps[i, c] > 0.0 or move_bps[i, c] < 0.0
            asked[regime[i, c]] += int(settled)
        for e in range(n_engines):
            for c in range(n_coins):
                s = side[i, e, c]
                move = move_bps[i, c]
                if s == 0 or not (move > 0.0 or move < 0.0):
                    continue
                v = regime[i, c]
                totals[e, v, _VOTES] += 1.0
                totals[e, v, _RIGHT] += 1.0 if s * move > 0.0 else 0.0
                totals[e, v, _PROB] += prob[i, e, c]
                totals[e, v, _WEIGHT] += weight[i, v, e]
                moved[day[i], e, v] += s * move
                voted[day[i], e, v] += 1.0


class Scorecard:
    """Keep the votes of the last horizon, and sums of those that have ended.

    Parameters
    ----------
    engines : sequence of str
        Their names.
    horizon_bars, bars_per_hour, bars_per_day : int
        How long a vote lives; how often votes are read; how long a day of the error is.

    Notes
    -----
    Units: bps of log return, gross of costs.  Causal: votes are settled by closes one horizon
    later.  Missing: a coin that did not trade on every bar of the horizon is not counted.
    METHODS 0b.5, 1.1.
    """

    def __init__(
        self, engines: Sequence[str], horizon_bars: int, bars_per_hour: int, bars_per_day: int
    ) -> None:
        self._engines = tuple(engines)
        self._horizon, self._hour, self._day = horizon_bars, bars_per_hour, bars_per_day
        shape = (len(engines), N_REGIMES)
        self._totals: Cube = np.zeros((*shape, _N_TOTALS))
        self._asked: IntVec = np.zeros(N_REGIMES, np.int64)
        self._days: dict[int, Cube] = {}
        self._open: list[dict[str, Any]] = []
        self._broken: IntVec | None = None

    def add(self, block: Block) -> None:
        """Take the votes of a block on the hour, and settle those whose horizon ends in it."""
        n_bars = len(block.decisions.equity)
        k = block.k0 + np.arange(n_bars)
        status = block.inputs.bars.status
        before = np.full(status.shape[1], -1, np.int64) if self._broken is None else self._broken
        broken = np.where(status != Bar.TRADED, k[:, None], -1)
        broken = np.maximum.accumulate(np.vstack((before[None, :], broken)), axis=0)[1:]
        self._broken = broken[-1].copy()
        for t in np.flatnonzero(k % self._hour == 0):
            self._open.append(
                {
                    "k": int(k[t]),
                    "side": block.votes.side[t].copy(),
                    "prob": block.consensus.prob[t].copy(),
                    "weight": block.consensus.weights[t].copy(),
                    "regime": block.readings.regime[t].copy(),
                    "ready": block.readings.ready[t].copy(),
                    "close": block.inputs.bars.close[t].copy(),
                    "broken": broken[t] == k[t],
                }
            )
        n_ended = sum(vote["k"] + self._horizon <= k[-1] for vote in self._open)
        ended, self._open = self._open[:n_ended], self._open[n_ended:]
        if ended:
            self._settle(ended, block, broken)

    def _settle(self, ended: list[dict[str, Any]], block: Block, broken: np.ndarray) -> None:
        """Add up the votes of some hours."""
        made = np.array([vote["k"] for vote in ended])
        then = np.stack([vote["close"] for vote in ended])
        t = made + self._horizon - block.k0
        whole = (broken[t] < made[:, None]) & (np.stack([vote["ready"] for vote in ended]) == 1)
        with np.errstate(invalid="ignore", divide="ignore"):
            move = np.where(whole, np.log(block.inputs.bars.close[t] / then) * 1e4, np.nan)
        days, day = np.unique(made // self._day, return_inverse=True)
        sums = np.zeros((2, len(days), len(self._engines), N_REGIMES))
        settle(
            np.stack([vote["side"] for vote in ended]),
            np.stack([vote["prob"] for vote in ended]),
            np.stack([vote["weight"] for vote in ended]),
            np.stack([vote["regime"] for vote in ended]),
            np.ascontiguousarray(move),
            day.astype(np.int64),
            self._totals,
            self._asked,
            sums[0],
            sums[1],
        )
        for d, name in enumerate(days.tolist()):
            before = self._days.get(name)
            self._days[name] = sums[:, d].copy() if before is None else before + sums[:, d]

    def frame(self) -> pl.DataFrame:
        """Return the rows of ``SCORECARD``, engines in their order, all regimes first."""
        shape = (0, 2, len(self._engines), N_REGIMES)
        days = np.stack([*self._days.values()]) if self._days else np.zeros(shape)
        rows = []
        for e, name in enumerate(self._engines):
            every = (self._totals[e].sum(axis=0), int(self._asked.sum()), days[:, :, e].sum(axis=2))
            rows.append((name, ALL, *_row(*every)))
            for regime in Regime:
                own = (self._totals[e, regime], int(self._asked[regime]), days[:, :, e, regime])
                rows.append((name, regime.name.lower(), *_row(*own)))
        return pl.DataFrame(rows, schema=SCORECARD, orient="row")


def _row(totals: np.ndarray, asked: int, days: np.ndarray) -> tuple[float | int | None, ...]:
    r"""Return votes, times asked, share right, mean move, its error, probability and weight.

    .. math:: \bar m = \frac{\sum_d x_d}{\sum_d n_d}, \qquad
              se = \sqrt{\frac{D}{D-1} \sum_d (x_d - \bar m\, n_d)^2} \Big/ \sum_d n_d

    the ratio estimator with days as clusters: coins move together, and so do hours of one day.
    """
    n = float(totals[_VOTES])
    if n == 0.0:
        return (0, 0, asked, None, None, None, None, None)
    moved, voted = days[:, 0], days[:, 1]
    mean = float(moved.sum() / n)
    n_days = int((voted > 0).sum())
    error = None
    if n_days > 1:
        spread = float(((moved - mean * voted) ** 2).sum())
        error = float(np.sqrt(n_days / (n_days - 1) * spread) / n)
    right, prob, weight = (float(totals[i] / n) for i in (_RIGHT, _PROB, _WEIGHT))
    return (int(n), n_days, asked, right, mean, error, prob, weight)
