"""Correlation: which engines say the same thing, measured on their signed votes, per regime.

In: on the hour, every coin's votes ``v = (2p - 1) s``. Out: one shrunk, positive definite
correlation matrix per regime. Votes of all coins in a regime are pooled; an hour of pooled votes
counts as one observation when samples are counted, because coins move together (METHODS 2.1, 2.2).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from quorate.core.consensus import params as options
from quorate.core.consensus.params import Params
from quorate.core.consensus.reliability import effective_size, fade
from quorate.core.consensus.simplex import eigen, factor
from quorate.core.kernel import kernel
from quorate.core.types import N_REGIMES, ByteVec, Cube, IntVec, Mat, Vec

_OAS = int(options.Shrinkage.OAS)


class State(NamedTuple):
    """Decayed raw moments of the votes, and the matrices they give.

    ``first``, ``second``, ``mass`` (regime, engine, engine): sums of v_i, of v_i v_j (the lower
    triangle) and of 1 over the votes where both engines were healthy. ``third`` (regime, engine)
    and ``fourth`` (regime,): sums of |v|^2 v_i and |v|^4. ``hours``, ``hours_square`` (regime,):
    decayed counts of hours with a vote, and of squared weights. ``matrix`` (regime, engine,
    engine): the correlation in force. ``last_k`` (1,): the hour of the last update.
    """

    first: Cube
    second: Cube
    mass: Cube
    third: Mat
    fourth: Vec
    hours: Vec
    hours_square: Vec
    matrix: Cube
    last_k: IntVec


def init(n_engines: int) -> State:
    """Return a state that has seen no vote; the matrices are the identity.

    Examples
    --------
    >>> init(2).matrix[0].tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    square = (N_REGIMES, n_engines, n_engines)
    matrix = np.zeros(square)
    matrix[:] = np.eye(n_engines)
    return State(
        first=np.zeros(square),
        second=np.zeros(square),
        mass=np.zeros(square),
        third=np.zeros((N_REGIMES, n_engines)),
        fourth=np.zeros(N_REGIMES),
        hours=np.zeros(N_REGIMES),
        hours_square=np.zeros(N_REGIMES),
        matrix=matrix,
        last_k=np.full(1, -1, dtype=np.int64),
    )


@kernel
def accumulate(
    k: int, votes: Mat, regime: ByteVec, healthy: ByteVec, params: Params, state: State
) -> None:
    """Fade the moments to this hour and add its votes.

    Parameters
    ----------
    k : int
        Bar counter of a bar that closes on the hour.
    votes : Mat
        Signed votes, 0 for an abstention, shape (coin, engine).
    regime : ByteVec
        Each coin's regime; negative where its votes do not count, shape (coin,).
    healthy : ByteVec
        1 where the engine could vote, shape (engine,).
    params : Params
        Half-life and bars per hour.
    state : State
        Updated in place.

    Notes
    -----
    Units: votes in [-1, 1].  Causal: votes of bar k.
    Missing: a pair counts where both engines are healthy; an abstention is a vote of 0.
    METHODS 2.1.
    """
    n_coins, n_engines = votes.shape
    decay = 1.0
    if state.last_k[0] >= 0:
        days = (k - state.last_k[0]) / params.bars_per_day
        decay = fade(days, params.correlation_half_life_days)
    state.last_k[0] = k
    count = np.zeros(N_REGIMES)
    total = np.zeros((N_REGIMES, n_engines))
    _fade_all(decay, state)
    second = state.second
    third = state.third
    fourth = state.fourth
    for c in range(n_coins):
        v = int(regime[c])
        if v < 0:
            continue
        count[v] += 1.0
        row = votes[c]
        norm = 0.0
        for e in range(n_engines):
            norm += row[e] * row[e]
        fourth[v] += norm * norm
        for e in range(n_engines):
            vote = row[e]
            total[v, e] += vote
            third[v, e] += norm * vote
            if vote != 0.0:
                into = second[v, e]
                for j in range(e + 1):
                    into[j] += vote * row[j]
    for v in range(N_REGIMES):
        if count[v] > 0.0:
            state.hours[v] += 1.0
            state.hours_square[v] += 1.0
            _count(count[v], total[v], healthy, state.first[v], state.mass[v])
            rebuild(v, params, state)


@kernel
def _count(count: float, total: Vec, healthy: ByteVec, first: Mat, mass: Mat) -> None:
    """Add sums and counts of one hour to the pairs that were both healthy."""
    for e in range(total.size):
        for j in range(total.size):
            if healthy[e] and healthy[j]:
                first[e, j] += total[e]
                mass[e, j] += count


@kernel
def _fade_all(decay: float, state: State) -> None:
    """Multiply every sum by the decay, and the squared weights by its square."""
    fourth, third, hours, squares = state.fourth, state.third, state.hours, state.hours_square
    first, second, mass = state.first, state.second, state.mass
    n_engines = third.shape[1]
    for v in range(N_REGIMES):
        fourth[v] *= decay
        hours[v] *= decay
        squares[v] *= decay * decay
        for e in range(n_engines):
            third[v, e] *= decay
            for j in range(n_engines):
                first[v, e, j] *= decay
                second[v, e, j] *= decay
                mass[v, e, j] *= decay


@kernel
def rebuild(v: int, params: Params, state: State) -> None:
    """Turn one regime's moments into its correlation matrix, in ``state.matrix[v]``.

    Covariance -> shrinkage -> unit diagonal -> floor at 0 -> positive semidefinite -> ridge.
    With fewer than two effective hours per engine the matrix is the identity.

    Notes
    -----
    Units: correlations.  Causal: votes up to the last hour.
    Missing: an engine that never varies has correlation 0 and diagonal 1.  METHODS 2.2.
    """
    n = state.third.shape[1]
    matrix = state.matrix[v]
    for e in range(n):
        for j in range(n):
            matrix[e, j] = 1.0 if e == j else 0.0
    samples = effective_size(state.hours[v], state.hours_square[v])
    if samples < 2.0 * n:
        return
    cov = np.zeros((n, n))
    covariance(v, state, cov)
    if params.shrinkage == _OAS:
        amount = oas(cov, samples)
    else:
        amount = ledoit_wolf(cov, mean_fourth(v, state), samples)
    shrink(cov, amount)
    scale = np.empty(n)
    for e in range(n):
        scale[e] = cov[e, e]
    for e in range(n):
        row = matrix[e]
        for j in range(n):
            square = scale[e] * scale[j]
            agree = (square > 0.0) & (cov[e, j] > 0.0)
            row[j] = min(cov[e, j] / math.sqrt(square), 1.0) if agree else 0.0
        row[e] = 1.0
    repair(matrix, params.ridge)


@kernel
def covariance(v: int, state: State, cov: Mat) -> None:
    """Write the covariance of one regime's votes; exactly 0 for an engine that never varied."""
    n = cov.shape[0]
    for e in range(n):
        first, second, mass = state.first[v, e], state.second[v, e], state.mass[v, e]
        for j in range(n):
            # a mean for now; the lower triangle turns it into a covariance below
            cov[e, j] = first[j] / mass[j] if mass[j] > 0.0 else 0.0
        for j in range(e + 1):
            mean = second[j] / mass[j] if mass[j] > 0.0 else 0.0
            cov[e, j] = mean - cov[e, j] * cov[j, e]
            cov[j, e] = cov[e, j]
    for e in range(n):
        raw = state.second[v, e, e]
        # what is left of the subtraction below this is rounding, not variance
        if cov[e, e] * state.mass[v, e, e] <= 1e-12 * raw:
            for j in range(n):
                cov[e, j] = 0.0
                cov[j, e] = 0.0


@kernel
def mean_fourth(v: int, state: State) -> float:
    r"""Return the mean of |v - mean|^4, from raw moments."""
    n = state.third.shape[1]
    mass = 0.0
    for e in range(n):
        mass = max(mass, state.mass[v, e, e])
    if mass <= 0.0:
        return 0.0
    norm_mean = 0.0
    mean_norm = 0.0
    cross = 0.0
    spread = 0.0
    for e in range(n):
        mean_e = state.first[v, e, e] / mass
        norm_mean += mean_e * mean_e
        mean_norm += state.second[v, e, e] / mass
        cross += mean_e * state.third[v, e] / mass
        for j in range(n):
            spread += (
                mean_e
                * (state.first[v, j, j] / mass)
                * state.second[v, max(e, j), min(e, j)]
                / mass
            )
    # |x - m|^4 = (|x|^2 - 2 m'x + |m|^2)^2, term by term
    return (
        state.fourth[v] / mass
        + 4.0 * spread
        - 3.0 * norm_mean * norm_mean
        - 4.0 * cross
        + 2.0 * norm_mean * mean_norm
    )


@kernel
def oas(cov: Mat, samples: float) -> float:
    r"""Return the Oracle Approximating Shrinkage toward :math:`\mu I`.

    .. math:: \rho = \min\left(1, \frac{\overline{s^2} + \mu^2}
              {(n + 1)(\overline{s^2} - \mu^2 / p)}\right)

    with :math:`\overline{s^2}` the mean squared entry and :math:`\mu` the mean variance.

    Notes
    -----
    Units: a share in [0, 1].  Causal: a formula.  Missing: no spread, shrink fully.
    Chen, Wiesel, Eldar and Hero 2010, with scikit-learn's large-p form of the numerator.
    """
    n = cov.shape[0]
    trace = 0.0
    squares = 0.0
    for e in range(n):
        trace += cov[e, e]
        for j in range(n):
            squares += cov[e, j] * cov[e, j]
    mean = trace / n
    alpha = squares / (n * n)
    below = (samples + 1.0) * (alpha - mean * mean / n)
    if below <= 0.0:
        return 1.0
    return min((alpha + mean * mean) / below, 1.0)


@kernel
def ledoit_wolf(cov: Mat, fourth: float, samples: float) -> float:
    r"""Return the Ledoit-Wolf shrinkage toward :math:`\mu I` (2004).

    .. math:: \rho = \min\left(1, \frac{E|x|^4 - \|S\|^2}{n\,(\|S\|^2 - p\mu^2)}\right)

    Notes
    -----
    Units: a share in [0, 1].  Causal: a formula.  Missing: no spread, nothing to shrink.
    Ledoit and Wolf 2004; ``fourth`` is the mean of the fourth power of centred norms.
    """
    n = cov.shape[0]
    trace = 0.0
    squares = 0.0
    for e in range(n):
        trace += cov[e, e]
        for j in range(n):
            squares += cov[e, j] * cov[e, j]
    noise = (fourth - squares) / samples
    spread = squares - trace * trace / n
    if noise <= 0.0 or spread <= 0.0:
        return 0.0
    return min(noise / spread, 1.0)


@kernel
def shrink(cov: Mat, amount: float) -> None:
    """Pull a covariance toward the identity of the same mean variance, in place."""
    n = cov.shape[0]
    trace = 0.0
    for e in range(n):
        trace += cov[e, e]
    for e in range(n):
        varies = cov[e, e] > 0.0
        for j in range(n):
            cov[e, j] *= 1.0 - amount
        if varies:
            cov[e, e] += amount * trace / n


@kernel
def repair(matrix: Mat, ridge: float) -> bool:
    """Make a correlation matrix positive definite in place; True if eigenvalues were clipped.

    The ridge alone is added where it suffices; else negative eigenvalues are set to 0, the
    diagonal is scaled back to 1, and the ridge follows.

    Notes
    -----
    Units: correlations.  Causal: a formula.  Missing: no NaN may enter.  METHODS 2.2.

    Examples
    --------
    >>> bad = np.array([[1.0, 0.9, 0.0], [0.9, 1.0, 0.9], [0.0, 0.9, 1.0]])
    >>> repair(bad, 1e-6), repair(np.eye(2), 1e-6)
    (True, False)
    """
    n = matrix.shape[0]
    rows = np.arange(n)
    work = np.empty((n, n))
    for e in range(n):
        matrix[e, e] += ridge
    if factor(matrix, rows, n, work):
        return False
    vectors = np.empty((n, n))
    for e in range(n):
        matrix[e, e] -= ridge
        for j in range(n):
            work[e, j] = matrix[e, j]
    eigen(work, vectors)
    for e in range(n):
        for j in range(n):
            total = 0.0
            for v in range(n):
                if work[v, v] > 0.0:
                    total += vectors[e, v] * work[v, v] * vectors[j, v]
            matrix[e, j] = total
    scale = np.empty(n)
    for e in range(n):
        scale[e] = math.sqrt(matrix[e, e])
    for e in range(n):
        for j in range(n):
            matrix[e, j] = 1.0 + ridge if e == j else matrix[e, j] / (scale[e] * scale[j])
    return True
