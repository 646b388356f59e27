"""Reliability: how far an engine's stated probabilities have been from what happened.

In: the labels that ended, with the probabilities stated when the votes were made. Out: one
reliability per engine, pooled over coins. Every sum fades by the time since the label *ended*;
a vote is scored once, with the probability recorded for it (METHODS 1).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from quorate.core.consensus import params as options
from quorate.core.consensus.labels import IntCube, brier_of
from quorate.core.consensus.params import Params
from quorate.core.kernel import kernel
from quorate.core.types import N_REGIMES, ByteVec, Cube, IntMat, Mat, Vec

POOLED = N_REGIMES
"""Row of the state that holds all regimes together; rows 0 to 4 hold one regime each."""

_SPEC = int(options.Reliability.SPEC)
_HEDGE = int(options.Weighting.HEDGE)


class State(NamedTuple):
    """Decayed sums A, N, N2 and the bar of the last label, shape (regime or pooled, engine).

    ``log_weight`` is the exponential-weights memory, used by ``Weighting.HEDGE`` alone.
    """

    loss: Mat
    mass: Mat
    square: Mat
    last_k: IntMat
    log_weight: Mat


class Standing(NamedTuple):
    """How the engines stand on one bar, as ``read``, shape (regime or pooled, engine)."""

    reliability: Mat
    score: Mat
    mass: Mat


def init(n_engines: int) -> State:
    """Return a state that has seen no label.

    Examples
    --------
    >>> init(3).loss.shape
    (6, 3)
    """
    shape = (N_REGIMES + 1, n_engines)
    return State(
        loss=np.zeros(shape),
        mass=np.zeros(shape),
        square=np.zeros(shape),
        last_k=np.full(shape, -1, dtype=np.int64),
        log_weight=np.zeros(shape),
    )


@kernel
def fade(elapsed_days: float, half_life_days: float) -> float:
    """Return 2^(-elapsed / half-life).

    Examples
    --------
    >>> fade(30.0, 30.0)
    0.5
    """
    return float(2.0 ** (-elapsed_days / half_life_days))


@kernel
def update(
    sums: tuple[float, float, float], decay: float, weight: float, prob: float, outcome: float
) -> tuple[float, float, float]:
    r"""Fade the Brier sums (A, N, N2) and add one label.

    .. math:: A \leftarrow A d + u (p - y)^2, \quad N \leftarrow N d + u,
              \quad N_2 \leftarrow N_2 d^2 + u^2

    Notes
    -----
    Units: effective labels.  Causal: a label is added when it has ended.  Missing: not called.
    METHODS 1.2.

    Examples
    --------
    >>> update((0.0, 0.0, 0.0), 1.0, 1.0, 0.5, 1.0)
    (0.25, 1.0, 1.0)
    """
    gap = prob - outcome
    return (
        sums[0] * decay + weight * gap * gap,
        sums[1] * decay + weight,
        sums[2] * decay * decay + weight * weight,
    )


@kernel
def effective_size(mass: float, square: float) -> float:
    """Return N^2 / N2, the number of equal labels with the same spread; it does not age."""
    return mass * mass / square if square > 0.0 else 0.0


@kernel
def brier(loss: float, mass: float, prior_loss: float, prior_mass: float) -> float:
    r"""Return the Brier score, pulled to a prior.

    .. math:: \tilde B = \frac{A + \kappa B_0}{N + \kappa}

    Notes
    -----
    Units: squared probability.  Causal: a formula.  Missing: with no mass at all it is B0.
    METHODS 1.2.

    Examples
    --------
    >>> brier(0.0, 0.0, 0.25, 0.0), brier(2.0, 10.0, 0.25, 0.0), brier(2.0, 10.0, 0.25, 10.0)
    (0.25, 0.2, 0.225)
    """
    total = mass + prior_mass
    return (loss + prior_mass * prior_loss) / total if total > 0.0 else prior_loss


@kernel
def skill(score: float, reference: float) -> float:
    """Return the Brier skill score 1 - B / B_ref (METHODS 1.3).

    Examples
    --------
    >>> skill(0.2, 0.25) > 0.0, skill(0.25, 0.25)
    (True, 0.0)
    """
    return 1.0 - score / reference


@kernel
def specialists(log_weight: Vec, loss: Vec, awake: ByteVec, rate: float) -> None:
    r"""Play one round of sleeping Hedge, in place.

    .. math:: w_i \leftarrow w_i\, e^{-\eta (l_i - m)}, \qquad
              e^{-\eta m} = \frac{\sum_{awake} w_j e^{-\eta l_j}}{\sum_{awake} w_j}

    The weight of those awake is shared anew among them; those asleep keep theirs.

    Notes
    -----
    Units: log weights, any base level.  Causal: losses of labels that ended.
    Missing: an engine that is asleep is left alone; nobody awake, nothing changes.
    METHODS 2.6 (Freund, Schapire, Singer and Warmuth 1997).
    """
    top = -np.inf
    for e in range(log_weight.size):
        if awake[e] and log_weight[e] > top:
            top = log_weight[e]
    before = 0.0
    after = 0.0
    for e in range(log_weight.size):
        if awake[e]:
            share = math.exp(log_weight[e] - top)
            before += share
            after += share * math.exp(-rate * loss[e])
    if before > 0.0 and after > 0.0:
        level = math.log(before / after)
        for e in range(log_weight.size):
            if awake[e]:
                log_weight[e] += level - rate * loss[e]


@kernel
def step(k: int, ended: IntCube, square: Mat, prob: Cube, params: Params, state: State) -> None:
    """Fade and add the labels that ended on this bar, per regime and pooled.

    Parameters
    ----------
    k : int
        Bar counter.
    ended, square : IntCube, Mat
        From ``labels.resolve``.
    prob : Cube
        ``labels.State.prob``: the probabilities as recorded, shape (h, engine, cell).
    params : Params
        Horizon and half-life.
    state : State
        Updated in place.

    Notes
    -----
    Units: effective labels.  Causal: labels that ended by bar k.
    Missing: an engine with nothing new is not touched; its sums fade when they are read.
    Spec 1, METHODS 1.2.
    """
    horizon = params.horizon_bars
    slot = k % horizon
    n_engines = state.loss.shape[1]
    loss = np.zeros(state.loss.shape)
    mass = np.zeros(state.loss.shape)
    one_bar = fade(1.0 / params.bars_per_day, params.half_life_days)
    for e in range(n_engines):
        squares = 0.0
        for v in range(N_REGIMES):
            if square[e, v] > 0.0:  # a label ended
                loss[v, e], mass[v, e] = brier_of(ended, e, prob[slot, e], v)
                _add(k, v, e, loss[v, e], mass[v, e], square[e, v], one_bar, params, state)
                loss[POOLED, e] += loss[v, e]
                mass[POOLED, e] += mass[v, e]
                squares += square[e, v]
        if squares > 0.0:
            _add(k, POOLED, e, loss[POOLED, e], mass[POOLED, e], squares, one_bar, params, state)
    if params.weighting == _HEDGE:
        _hedge(loss, mass, one_bar, params, state)


@kernel
def _add(
    k: int,
    v: int,
    e: int,
    loss: float,
    mass: float,
    square: float,
    one_bar: float,
    params: Params,
    state: State,
) -> None:
    """Fade one cell of the sums to bar k and add to it."""
    decay = one_bar
    elapsed = k - state.last_k[v, e]
    if elapsed != 1 and state.last_k[v, e] >= 0:
        decay = fade(elapsed / params.bars_per_day, params.half_life_days)
    state.loss[v, e] = state.loss[v, e] * decay + loss
    state.mass[v, e] = state.mass[v, e] * decay + mass
    state.square[v, e] = state.square[v, e] * decay * decay + square
    state.last_k[v, e] = k


@kernel
def _hedge(loss: Mat, mass: Mat, one_bar: float, params: Params, state: State) -> None:
    """Play one round a bar: the mean loss of each engine awake, sized by the mean uniqueness.

    With every vote of every bar on record, ``h + 1`` rounds overlap and count as one label.
    """
    n_engines = loss.shape[1]
    unit = 1.0 / (params.horizon_bars + 1.0)
    awake = np.zeros(n_engines, dtype=np.int8)
    mean = np.zeros(n_engines)
    for v in range(N_REGIMES + 1):
        for e in range(n_engines):
            awake[e] = int(mass[v, e] > 0.0)
            mean[e] = unit * loss[v, e] / mass[v, e] if mass[v, e] > 0.0 else 0.0
            state.log_weight[v, e] *= one_bar
        specialists(state.log_weight[v], mean, awake, params.hedge_rate)


@kernel
def read(k: int, v: int, e: int, params: Params, state: State) -> tuple[float, float, float]:
    r"""Return (reliability, Brier score, mass) of an engine as they stand at bar k.

    .. math:: r = (1 - A/N)\; 2^{-(t - t_{last})/H}

    Notes
    -----
    Units: in [0, 1]; mass in effective labels.  Causal: labels that ended by bar k.
    Missing: with no label B = B0 and nothing is stale, so r = 0.75.
    Spec 1, METHODS 1.2; option ``SHRUNK`` pulls B to B0 by ``reliability_mass``.

    Examples
    --------
    >>> from quorate.core.consensus.params import params
    >>> read(0, 0, 0, params(), init(1))
    (0.75, 0.25, 0.0)
    """
    last = state.last_k[v, e]
    stale = 1.0
    if last >= 0 and k != last:
        stale = fade((k - last) / params.bars_per_day, params.half_life_days)
    loss = state.loss[v, e] * stale
    mass = state.mass[v, e] * stale
    if params.reliability == _SPEC:
        score = brier(state.loss[v, e], state.mass[v, e], params.prior_loss, 0.0)
        return (1.0 - score) * stale, score, mass
    score = brier(loss, mass, params.prior_loss, params.reliability_mass)
    return 1.0 - score, score, mass


@kernel
def stand(k: int, params: Params, state: State, standing: Standing) -> None:
    """Read every engine as it stands at bar k: pooled, and by regime where that is asked for."""
    for v in range(0 if params.by_regime else POOLED, POOLED + 1):
        for e in range(state.loss.shape[1]):
            r, score, mass = read(k, v, e, params, state)
            standing.reliability[v, e] = r
            standing.score[v, e] = score
            standing.mass[v, e] = mass
