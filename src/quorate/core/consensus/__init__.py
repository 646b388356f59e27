"""Consensus: votes of many engines become one score per coin, an edge and a reason (Spec 1).

In: votes, closes, regimes, approvals of one bar, and calibrations that were fitted. Out: one row of
``Out``. The order within a bar:

1. ``labels``: settle the votes of ``h`` bars ago whose outcome this close decides.
2. ``reliability`` and ``calibration``: learn from what was settled, for every engine in every
   regime, gated or not; where a calibration was fitted out of sample, that one speaks.
3. ``correlation`` (on the hour): add this bar's signed votes, rebuild the matrices.
4. ``weights``: reliability times minimum-variance weights, over the eligible engines.
5. ``vote`` and ``score``: record this bar's votes, add them up, compare with the threshold.
6. ``edge``: basis points and confidence.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from quorate.core.consensus import (
    calibration,
    correlation,
    edge,
    labels,
    reliability,
    score,
    vote,
    weights,
)
from quorate.core.consensus.out import Out, out
from quorate.core.consensus.params import (
    Params,
    Pool,
    Reliability,
    Shrinkage,
    Sigma,
    Threshold,
    Weighting,
    params,
)
from quorate.core.consensus.score import shares
from quorate.core.consensus.work import Work
from quorate.core.kernel import kernel
from quorate.core.types import (
    N_REGIMES,
    Bar,
    ByteCube,
    ByteMat,
    ByteVec,
    Cube,
    Mat,
    Reason,
    Vec,
)

__all__ = [
    "Out",
    "Params",
    "Pool",
    "Reliability",
    "Shrinkage",
    "Sigma",
    "State",
    "Threshold",
    "Weighting",
    "init",
    "out",
    "params",
    "scan",
    "shares",
    "step",
]


class State(NamedTuple):
    """All the consensus remembers between two bars."""

    labels: labels.State
    calibration: calibration.State
    reliability: reliability.State
    correlation: correlation.State
    weights: weights.State
    score: score.State


def init(n_engines: int, n_coins: int, params: Params) -> State:
    """Return a consensus that has seen nothing.

    Examples
    --------
    >>> init(3, 2, params()).score.ring.shape
    (100, 2)
    """
    return State(
        labels=labels.init(n_engines, n_coins, params.horizon_bars),
        calibration=calibration.init(n_engines),
        reliability=reliability.init(n_engines),
        correlation=correlation.init(n_engines),
        weights=weights.init(n_engines),
        score=score.init(n_coins, params.window),
    )


@kernel
def step(
    t: int,
    k: int,
    close: Vec,
    status: ByteVec,
    ready: ByteVec,
    regime: ByteVec,
    sigma_daily: Vec,
    side: ByteMat,
    strength: Mat,
    approved: ByteMat,
    fitted: Mat,
    healthy: ByteVec,
    family: ByteVec,
    params: Params,
    state: State,
    work: Work,
    out: Out,
) -> None:
    r"""Take one bar of votes and write row t of the block.

    .. math:: S = \sum_i w_i (2 p_i - 1) s_i, \qquad \text{signal if } |S| > k\,\sigma_S

    Parameters
    ----------
    t, k : int
        Row of ``out`` to write; bar counter of the close.
    close : Vec
        Shape (coin,).
    status, ready, regime : ByteVec
        ``Bar``, 1 where the regime is known, ``Regime``, shape (coin,).
    sigma_daily : Vec
        Realised volatility of 24 h as a fraction, shape (coin,).
    side, strength : ByteMat, Mat
        Votes as the engines gave them, shape (engine, coin).
    approved : ByteMat
        1 where an engine may vote in a regime, shape (regime, engine).
    fitted : Mat
        Probabilities of a fitted calibration, NaN where there is none, shape (engine, cell); or
        ``calibration.unfitted``.
    healthy, family : ByteVec
        1 where an engine works; its family, 0 to 62, shape (engine,).
    params : Params
        From ``params``.
    state : State
        Updated in place.
    work : Work
        Overwritten.
    out : Out
        Row t is written.

    Notes
    -----
    Units: as in ``Out``.
    Causal: outputs of bar k read bars up to k; a vote is learned from when its label has ended.
    Missing: coins not traded or not ready record no vote and get no signal; the reason says so.
    Spec 1, METHODS 0b, 1 to 3.
    """
    n_engines, n_coins = side.shape
    codes, gated = work.codes, work.gated
    vote.admit(status, ready, regime, work.votes, gated)
    labels.encode(side, strength, gated, codes)
    labels.moves(k, close, status, state.labels, work.move)
    labels.resolve(k, codes, work.move, state.labels, work.ended, work.square)
    reliability.step(k, work.ended, work.square, state.labels.prob, params, state.reliability)
    calibration.step(k, work.ended, params, state.calibration, work.prob)
    calibration.overrule(fitted, params.floor_prob, work.prob)
    for v in range(N_REGIMES):
        work.rebuilt[v] = 0
    if k % params.bars_per_hour == 0:
        for c in range(n_coins):
            if gated[c] >= 0:
                work.rebuilt[gated[c]] = 1
        vote.signed(codes, work.prob, work.signed)
        correlation.accumulate(k, work.signed, gated, healthy, params, state.correlation)
    reliability.stand(k, params, state.reliability, work.standing)
    for e in range(n_engines):
        out.reliability[t, e] = work.standing.reliability[reliability.POOLED, e]
    weights.step(
        approved,
        healthy,
        state.correlation.matrix,
        work.rebuilt,
        work.standing,
        state.reliability.log_weight,
        params,
        state.weights,
        out.weights[t],
    )
    vote.step(
        k,
        codes,
        work.prob,
        out.weights[t],
        work.standing.mass,
        family,
        params,
        state.labels,
        work.tally,
        out.prob[t],
    )
    closes = state.labels.close[k % params.horizon_bars]
    for c in range(n_coins):
        closes[c] = close[c]
    score.spread(params, state.score, out.sigma[t])
    _decide(t, status, gated, sigma_daily, work.tally, params, state.weights.eligible, out)
    score.push(out.score[t], work.votes, state.score)


@kernel
def scan(
    k0: int,
    close: Mat,
    status: ByteMat,
    ready: ByteMat,
    regime: ByteMat,
    sigma_daily: Mat,
    side: ByteCube,
    strength: Cube,
    approved: ByteMat,
    fitted: Mat,
    healthy: ByteMat,
    family: ByteVec,
    params: Params,
    state: State,
    out: Out,
) -> None:
    """Fold ``step`` over a block, bar t having counter k0 + t; nothing here reads the account.

    Parameters
    ----------
    k0 : int
        Counter of the first bar.
    close, status, ready, regime, sigma_daily
        The block, shape (time, coin).
    side, strength : ByteCube, Cube
        Votes, shape (time, engine, coin).
    healthy : ByteMat
        1 where an engine works, shape (time, engine).
    approved, fitted, family, params, state, out
        As ``step``.

    Notes
    -----
    Units, Causal, Missing: as ``step``. Spec 1.
    """
    _, n_engines, n_coins = side.shape
    rows = (N_REGIMES + 1, n_engines)
    work = Work(
        np.empty(n_coins, dtype=np.int8),
        np.empty(n_coins, dtype=np.int8),
        np.empty(n_coins, dtype=np.int8),
        np.empty((n_engines, n_coins), dtype=np.int8),
        np.empty((2, n_engines, labels.N_CELLS), dtype=np.int64),
        np.empty((n_engines, N_REGIMES)),
        np.empty((n_engines, labels.N_CELLS)),
        np.empty((n_coins, n_engines)),
        np.empty(N_REGIMES, dtype=np.int8),
        reliability.Standing(np.empty(rows), np.empty(rows), np.empty(rows)),
        vote.Tally(
            np.empty(n_coins),
            np.empty(n_coins),
            np.empty(n_coins),
            np.empty(n_coins, dtype=np.int64),
        ),
    )
    for t in range(close.shape[0]):
        step(
            t,
            k0 + t,
            close[t],
            status[t],
            ready[t],
            regime[t],
            sigma_daily[t],
            side[t],
            strength[t],
            approved,
            fitted,
            healthy[t],
            family,
            params,
            state,
            work,
            out,
        )


@kernel
def _n_families(bits: int) -> int:
    """Count the bits that are set."""
    count = 0
    while bits:
        bits &= bits - 1
        count += 1
    return count


@kernel
def _decide(
    t: int,
    status: ByteVec,
    gated: ByteVec,
    sigma_daily: Vec,
    tally: vote.Tally,
    params: Params,
    eligible: ByteMat,
    out: Out,
) -> None:
    """Turn each coin's tally into score, threshold, edge, signal and reason."""
    n_eligible = np.zeros(N_REGIMES, dtype=np.int64)
    for v in range(N_REGIMES):
        for e in range(eligible.shape[1]):
            n_eligible[v] += eligible[v, e]
    sigma = out.sigma[t]
    bar = out.threshold[t]
    scores = out.score[t]
    voters = out.voters_weight[t]
    trust = out.confidence[t]
    edges = out.edge_bps[t]
    signal = out.signal[t]
    reasons = out.reason[t]
    for c in range(status.size):
        value = score.pooled(tally.evidence[c], params.pool, params.pool_power)
        scores[c] = value
        bar[c] = score.threshold(sigma[c], params)
        weight = tally.weight[c]
        voters[c] = weight
        trust[c] = edge.confidence(tally.mass[c] / weight if weight > 0.0 else 0.0, params)
        edges[c] = edge.edge_bps(value, sigma_daily[c], params) if value != 0.0 else 0.0
        signal[c] = 0
        if status[c] == Bar.IMPUTED:
            reason = Reason.IMPUTED
        elif status[c] != Bar.TRADED:
            reason = Reason.NO_DATA
        elif gated[c] < 0 or math.isnan(sigma_daily[c]) or math.isnan(sigma[c]):
            reason = Reason.WARMUP
        elif n_eligible[gated[c]] == 0:
            reason = Reason.NO_APPROVED_ENGINE
        elif params.quorum > 0.0 and (
            weight < params.quorum or _n_families(tally.families[c]) < params.min_families
        ):
            reason = Reason.NO_QUORUM
        elif abs(value) > bar[c]:
            reason = Reason.NONE
            signal[c] = 1 if value > 0.0 else -1
        else:
            reason = Reason.BELOW_THRESHOLD
        reasons[c] = reason
