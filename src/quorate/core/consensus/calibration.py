"""Calibration: what a stated strength has been worth, per engine, regime and strength bucket.

In: the labels that ended. Out: a probability per engine and cell. An engine's strength is a
claim; the decayed share of such claims that came true, pulled to 0.5 by a Beta prior and never
below 0.5, is what votes (METHODS 0b.4). Where a calibration was fitted out of sample, what it says
of a cell is used instead (METHODS 1.4); the share is counted on, and speaks in all other cells.

The buckets are of equal width over [0.5, 1] (``labels.N_BUCKETS``), so that a table reads the
same for every engine; outcomes fade with a half-life of 30 days, as reliability's do.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quorate.core.consensus.labels import N_CELLS, SCALE, IntCube
from quorate.core.consensus.params import Params
from quorate.core.kernel import kernel
from quorate.core.types import IntVec, Mat


class State(NamedTuple):
    """Decayed effective labels, shape (engine, cell): those that ended right, and all of them."""

    right: Mat
    mass: Mat
    last_k: IntVec


def init(n_engines: int) -> State:
    """Return a state that has seen no label.

    Examples
    --------
    >>> init(3).mass.shape
    (3, 25)
    """
    return State(
        right=np.zeros((n_engines, N_CELLS)),
        mass=np.zeros((n_engines, N_CELLS)),
        last_k=np.full(1, -1, dtype=np.int64),
    )


@kernel
def calibrated(
    right: float, mass: float, prior_prob: float, prior_mass: float, floor_prob: float
) -> float:
    r"""Return the floored Beta mean.

    .. math:: p = \max(p_{floor}, \frac{right + p_0 m_0}{mass + m_0})

    Notes
    -----
    Units: a probability.  Causal: a formula.  Missing: with no label it is the prior.
    METHODS 0b.4.

    Examples
    --------
    >>> calibrated(160.0, 200.0, 0.5, 200.0, 0.5), calibrated(0.0, 50.0, 0.5, 200.0, 0.5)
    (0.65, 0.5)
    """
    mean = (right + prior_prob * prior_mass) / (mass + prior_mass)
    return mean if mean > floor_prob else floor_prob


@kernel
def step(k: int, ended: IntCube, params: Params, state: State, prob: Mat) -> None:
    """Fade the past, add the labels that ended on this bar, and write the probabilities in force.

    Parameters
    ----------
    k : int
        Bar counter.
    ended : IntCube
        From ``labels.resolve``, shape (2, engine, cell).
    params : Params
        Prior, floor and half-life.
    state : State
        Updated in place.
    prob : Mat
        Written: calibrated probability, shape (engine, cell).

    Notes
    -----
    Units: probabilities.  Causal: labels that ended by bar k.  Missing: no label, the prior.
    METHODS 0b.4.
    """
    unit = 1.0 / SCALE
    decay = 1.0
    if state.last_k[0] >= 0:
        half_life_bars = params.calibration_half_life_days * params.bars_per_day
        decay = 2.0 ** (-(k - state.last_k[0]) / half_life_bars)
    state.last_k[0] = k
    # all engines and cells in one run: a loop of 25 has hardly begun when it ends
    wrong, good = ended[0].reshape(-1), ended[1].reshape(-1)
    right, mass, means = state.right.reshape(-1), state.mass.reshape(-1), prob.reshape(-1)
    for i in range(means.size):
        gained = good[i] * unit
        right[i] = right[i] * decay + gained
        mass[i] = mass[i] * decay + (gained + wrong[i] * unit)
        means[i] = calibrated(
            right[i], mass[i], params.prior_prob, params.prior_mass, params.floor_prob
        )


def unfitted() -> Mat:
    """Return the table of no fit at all: without rows, so that no bar looks at it.

    Examples
    --------
    >>> unfitted().shape
    (0, 25)
    """
    return np.empty((0, N_CELLS))


@kernel
def overrule(fitted: Mat, floor_prob: float, prob: Mat) -> None:
    """Put what was fitted in place of the probabilities in force, where something was.

    Parameters
    ----------
    fitted : Mat
        Fitted probabilities, NaN where there is no fit, shape (engine, cell); or ``unfitted``.
    floor_prob : float
        No probability is below it, as in ``step``.
    prob : Mat
        From ``step``; cells with a fit are overwritten, shape (engine, cell).

    Notes
    -----
    Units: probabilities.  Causal: fixed before the run.  Missing: NaN, the streaming one stays.
    METHODS 0b.4, 1.4.

    Examples
    --------
    >>> prob = np.full((1, 3), 0.55)
    >>> overrule(np.array([[0.7, np.nan, 0.4]]), 0.5, prob)
    >>> prob.tolist()
    [[0.7, 0.55, 0.5]]
    """
    known, means = fitted.reshape(-1), prob.reshape(-1)
    for i in range(known.size):
        p = known[i]
        if p == p:
            means[i] = max(p, floor_prob)
