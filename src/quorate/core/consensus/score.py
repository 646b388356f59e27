"""Score: weighted votes become one number per coin, and the number must clear a threshold.

In: this bar's contributions. Out: the score, the spread of the last 100 scores before it, the
threshold and the reason. The ring holds one score per traded bar of each coin.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from quorate.core.consensus import params as options
from quorate.core.consensus.params import Params
from quorate.core.kernel import kernel
from quorate.core.types import ByteVec, IntVec, Mat, Vec

_FLOOR = int(options.Threshold.FLOOR)
_STD = int(options.Sigma.STD)
_RMS = int(options.Sigma.RMS)
_NONZERO = int(options.Sigma.NONZERO)
_LOG = int(options.Pool.LOG)


class State(NamedTuple):
    """``ring`` (window, coin): the last scores; ``pushed`` (coin,): how many ever were.

    The next score of coin c goes to row ``pushed[c] % window``.
    """

    ring: Mat
    pushed: IntVec


def init(n_coins: int, window: int) -> State:
    """Return a state that holds no score.

    Examples
    --------
    >>> init(3, 100).ring.shape
    (100, 3)
    """
    return State(ring=np.zeros((window, n_coins)), pushed=np.zeros(n_coins, dtype=np.int64))


@kernel
def evidence(prob: float, pool: int) -> float:
    """Return what one vote of weight 1 adds for its side: 2p - 1, or logit p in the log pool.

    Examples
    --------
    >>> evidence(0.75, 0)
    0.5
    """
    if pool == _LOG:
        return math.log(prob / (1.0 - prob))
    return 2.0 * prob - 1.0


@kernel
def pooled(total: float, pool: int, power: float) -> float:
    r"""Return the score of summed evidence: itself, or :math:`2P - 1` with logit P = a x total.

    Examples
    --------
    >>> pooled(0.25, 0, 1.0), pooled(0.0, 1, 2.0)
    (0.25, 0.0)
    """
    if pool == _LOG:
        return math.tanh(0.5 * power * total)
    return total


@kernel
def score(prob: Vec, side: ByteVec, weights: Vec, pool: int, power: float) -> float:
    r"""Return the consensus of one coin's votes.

    .. math:: S = \sum_i w_i (2 p_i - 1) s_i

    or, in the log pool, :math:`S = 2P - 1`, :math:`logit P = a \sum_i w_i s_i logit p_i`.

    Parameters
    ----------
    prob, side, weights : Vec, ByteVec, Vec
        Shape (engine,).
    pool : int
        A ``Pool``.
    power : float
        The a of the log pool.

    Returns
    -------
    float
        In [-1, 1].

    Notes
    -----
    Units: none.  Causal: a formula.  Missing: an abstention (side 0) adds nothing.
    Spec 1, METHODS 2.6.

    Examples
    --------
    >>> sides = np.array([1, -1], dtype=np.int8)
    >>> score(np.array([0.75, 0.625]), sides, np.array([0.5, 0.5]), 0, 1.0)
    0.125
    """
    total = 0.0
    for e in range(side.size):
        if side[e] != 0:
            total += weights[e] * evidence(prob[e], pool) * side[e]
    return pooled(total, pool, power)


@kernel
def shares(prob: Vec, side: ByteVec, weights: Vec, value: float, out: Vec) -> None:
    r"""Write each engine's share of a linear score, :math:`w_i v_i / S`; they sum to 1.

    Notes
    -----
    Units: shares; a dissenter's is negative.  Causal: a formula.
    Missing: a score of 0 has no shares: all 0.  METHODS 13.1.

    Examples
    --------
    >>> out = np.zeros(2)
    >>> sides = np.array([1, -1], dtype=np.int8)
    >>> shares(np.array([0.75, 0.625]), sides, np.array([0.5, 0.5]), 0.125, out)
    >>> out.tolist()
    [2.0, -1.0]
    """
    for e in range(side.size):
        vote = (2.0 * prob[e] - 1.0) * side[e] if side[e] != 0 else 0.0
        out[e] = weights[e] * vote / value if value != 0.0 else 0.0


@kernel
def threshold(sigma: float, params: Params) -> float:
    """Return what |S| must exceed: k * sigma, at least ``theta_min`` under option ``FLOOR``.

    Notes
    -----
    Units: of the score.  Causal: a formula.  Missing: NaN sigma, NaN threshold.
    Spec 1, METHODS 3.2.
    """
    bar = params.k * sigma
    if params.threshold == _FLOOR and bar < params.theta_min:
        return params.theta_min
    return bar


@kernel
def spread(params: Params, state: State, sigma: Vec) -> None:
    r"""Write the standard deviation of each coin's last scores, NaN where there are too few.

    .. math:: \sigma_S = \sqrt{\frac{1}{n-1} \sum_{j=t-100}^{t-1} (S_j - \bar S)^2}

    Parameters
    ----------
    params : Params
        ``sigma`` chooses the estimator, ``min_nonzero`` what ``NONZERO`` needs.
    state : State
        Read only: this bar's score is not in it yet.
    sigma : Vec
        Written, shape (coin,).

    Notes
    -----
    Units: of the score.  Causal: scores before this bar.
    Missing: fewer than ``window`` scores, NaN.  Spec 1, METHODS 3.1, 3.2.
    Deviations are taken from the ring's first entry, so that equal scores give exactly 0.
    """
    ring = state.ring
    pushed = state.pushed
    window, n_coins = ring.shape
    total = np.zeros(n_coins)
    squares = np.zeros(n_coins)
    count = np.empty(n_coins)
    for c in range(n_coins):
        count[c] = 0.0 if params.sigma == _NONZERO else float(window)
    if params.sigma == _STD:
        _deviations(ring, total, squares)
    else:
        for v in range(window):
            for c in range(n_coins):
                value = ring[v, c]
                if params.sigma == _NONZERO:
                    count[c] += 1.0 if value != 0.0 else 0.0
                total[c] += value
                squares[c] += value * value
    for c in range(n_coins):
        if params.sigma == _RMS:
            variance = squares[c] / count[c]
        else:
            variance = (squares[c] - total[c] * total[c] / count[c]) / (count[c] - 1.0)
        enough = pushed[c] >= window
        if params.sigma == _NONZERO and count[c] < params.min_nonzero:
            enough = False
        sigma[c] = math.sqrt(max(variance, 0.0)) if enough else np.nan


@kernel
def _deviations(ring: Mat, total: Vec, squares: Vec) -> None:
    """Add up deviations from the ring's first row and their squares, four rows at a time."""
    window, n_coins = ring.shape
    whole = window - window % 4
    for v in range(0, whole, 4):
        for c in range(n_coins):
            pivot = ring[0, c]
            one = ring[v, c] - pivot
            two = ring[v + 1, c] - pivot
            three = ring[v + 2, c] - pivot
            four = ring[v + 3, c] - pivot
            total[c] += (one + two) + (three + four)
            squares[c] += (one * one + two * two) + (three * three + four * four)
    for v in range(whole, window):
        for c in range(n_coins):
            one = ring[v, c] - ring[0, c]
            total[c] += one
            squares[c] += one * one


@kernel
def push(value: Vec, votes: ByteVec, state: State) -> None:
    """Append this bar's scores where the coin traded.

    Notes
    -----
    Units: of the score.  Causal: called after ``spread``.
    Missing: a bar without votes leaves the ring as it was.
    """
    ring = state.ring
    pushed = state.pushed
    window = ring.shape[0]
    for c in range(value.size):
        if votes[c]:
            ring[pushed[c] % window, c] = value[c]
            pushed[c] += 1
