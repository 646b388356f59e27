"""Weights: reliability times the weights that make the votes least alike, per regime.

In: reliabilities, correlations, who is approved and healthy. Out: weights that sum to 1 over the
eligible engines of each regime. Abstainers keep theirs: silence shrinks a score (METHODS 2.5).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from quorate.core.consensus import params as options
from quorate.core.consensus.params import Params
from quorate.core.consensus.reliability import POOLED, Standing, skill
from quorate.core.consensus.simplex import min_variance, normalise
from quorate.core.kernel import kernel
from quorate.core.types import N_REGIMES, ByteMat, ByteVec, Cube, Mat, Vec

_SKILL = int(options.Weighting.SKILL)
_HEDGE = int(options.Weighting.HEDGE)
_EQUAL = int(options.Weighting.EQUAL)


class State(NamedTuple):
    """``spread`` (regime, engine): w_corr in force; ``eligible``: the engines it was solved for."""

    spread: Mat
    eligible: ByteMat


def init(n_engines: int) -> State:
    """Return a state in which nothing has been solved.

    Examples
    --------
    >>> init(2).spread.shape
    (5, 2)
    """
    return State(
        spread=np.zeros((N_REGIMES, n_engines)),
        eligible=np.zeros((N_REGIMES, n_engines), dtype=np.int8),
    )


@kernel
def combine(base: Vec, spread: Vec, eligible: ByteVec, mix: float, out: Vec) -> float:
    r"""Write :math:`w \propto w_{base} w_{corr}` over the eligible engines; return the sum of w.

    With ``mix`` = phi the result is :math:`(1 - \varphi) w + \varphi / N_{eligible}`.

    Notes
    -----
    Units: weights sum to 1.  Causal: a formula.
    Missing: all weights are 0 (and the result 0) when no product is positive.
    Spec 1, METHODS 2.4.

    Examples
    --------
    >>> out = np.zeros(2)
    >>> combine(np.array([0.6, 0.2]), np.array([0.5, 0.5]), np.ones(2, dtype=np.int8), 0.0, out)
    1.0
    >>> out.round(12).tolist()
    [0.75, 0.25]
    """
    n_eligible = 0
    for e in range(out.size):
        out[e] = base[e] * spread[e] if eligible[e] else 0.0
        n_eligible += int(eligible[e] != 0)
    if not normalise(out) > 0.0:
        return 0.0
    if mix > 0.0:
        for e in range(out.size):
            if eligible[e]:
                out[e] = (1.0 - mix) * out[e] + mix / n_eligible
    return 1.0


@kernel
def hedge(log_weight: Vec, out: Vec) -> None:
    r"""Write exponential weights :math:`w \propto e^{x}`, summing to 1.

    With ``x = -eta * A``, A the cumulative loss, this is Hedge (METHODS 1.3, 2.6).

    Examples
    --------
    >>> out = np.zeros(2)
    >>> hedge(np.array([-1000.0, -1000.0]), out)
    >>> out.tolist()
    [0.5, 0.5]
    """
    top = -np.inf
    for e in range(out.size):
        top = max(top, log_weight[e])
    for e in range(out.size):
        out[e] = math.exp(log_weight[e] - top)
    normalise(out)


@kernel
def base_weights(v: int, params: Params, standing: Standing, log_weight: Mat, out: Vec) -> None:
    """Write the unnormalised base weight of every engine in one regime (METHODS 1.3).

    Notes
    -----
    Units: non-negative.  Causal: labels that ended by the bar of ``standing``.
    Missing: an engine without labels has the coin flip's.  Spec 1.
    """
    row = v if params.by_regime else POOLED
    if params.weighting == _HEDGE:
        hedge(log_weight[row], out)
        return
    for e in range(out.size):
        out[e] = standing.reliability[row, e]
        if params.weighting == _SKILL:
            gained = max(params.skill_floor, skill(standing.score[row, e], params.prior_loss))
            out[e] = gained**params.skill_power
        elif params.weighting == _EQUAL:
            out[e] = 1.0


@kernel
def step(
    approved: ByteMat,
    healthy: ByteVec,
    matrix: Cube,
    rebuilt: ByteVec,
    standing: Standing,
    log_weight: Mat,
    params: Params,
    state: State,
    out: Mat,
) -> None:
    """Write this bar's weights per regime.

    ``w_corr`` is solved anew where the matrix or the eligible engines changed on this bar.

    Parameters
    ----------
    approved : ByteMat
        1 where an engine may vote in a regime, shape (regime, engine).
    healthy : ByteVec
        1 where an engine works, shape (engine,).
    matrix : Cube
        ``correlation.State.matrix``.
    rebuilt : ByteVec
        1 where the matrix is of this bar, shape (regime,).
    standing : Standing
        From ``reliability.stand``, this bar.
    log_weight : Mat
        ``reliability.State.log_weight``.
    params : Params
        Weighting and mix.
    state : State
        Updated in place.
    out : Mat
        Written: weights, shape (regime, engine).

    Notes
    -----
    Units: weights sum to 1 in each regime with an eligible engine.  Causal: as its inputs.
    Missing: a regime without one has weights 0.  Spec 1, METHODS 2.3, 2.4.
    """
    n_engines = healthy.size
    base = np.empty(n_engines)
    for v in range(N_REGIMES):
        changed = rebuilt[v] != 0
        for e in range(n_engines):
            may = int(approved[v, e] != 0 and healthy[e] != 0)
            if may != state.eligible[v, e]:
                changed = True
                state.eligible[v, e] = may
        if changed:
            min_variance(matrix[v], state.eligible[v], state.spread[v])
        if v == 0 or params.by_regime:
            base_weights(v, params, standing, log_weight, base)
        combine(base, state.spread[v], state.eligible[v], params.mix, out[v])
