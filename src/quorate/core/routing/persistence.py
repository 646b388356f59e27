"""How often a signal still points the same way when its schedule ends (METHODS 9.2).

In: one row of scores and regimes a bar. Out: decayed counts per regime, pooled over coins, of
pairs of scores ``schedule_bars`` apart, and from them a probability shrunk to one half.
"""

from __future__ import annotations

import math

from quorate.core.kernel import inlined
from quorate.core.routing import Params, State
from quorate.core.types import N_REGIMES, ByteVec, Vec

_UNKNOWN = 2


@inlined
def step(score: Vec, regime: ByteVec, k: int, state: State, params: Params) -> None:
    r"""Learn from one bar: compare each sign with the one ``schedule_bars`` ago.

    .. math:: P(\operatorname{sign} S_{t+m} = \operatorname{sign} S_t \mid \text{regime}_t),
              \quad S_t \ne 0

    Parameters
    ----------
    score : Vec
        Consensus scores of the bar, shape (coin,).
    regime : ByteVec
        Regimes of the bar, shape (coin,).
    k : int
        Bar counter; bars come one by one.
    state : State
        Ring and counts, updated in place.
    params : Params
        ``schedule_bars`` (m) and ``decay``.

    Notes
    -----
    Units: dimensionless.  Causal: reads bars <= t.
    Missing: a NaN score is unknown and makes no pair; a score that fell to 0 did not persist.
    Spec 8, METHODS 9.2.
    """
    row = k % params.schedule_bars
    for g in range(N_REGIMES):
        state.counts[0, g] *= params.decay
        state.counts[1, g] *= params.decay
    for c in range(score.size):
        sign = _UNKNOWN
        if score[c] > 0.0:
            sign = 1
        elif score[c] < 0.0:
            sign = -1
        elif score[c] == 0.0:
            sign = 0
        old = state.sign[row, c]
        if sign != _UNKNOWN and old != _UNKNOWN and old != 0:
            g = state.regime[row, c]
            state.counts[1, g] += 1.0
            if sign == old:
                state.counts[0, g] += 1.0
        state.sign[row, c] = sign
        state.regime[row, c] = regime[c]


@inlined
def value(regime: int, state: State, params: Params) -> float:
    r"""Return the probability that a signal of a regime outlasts its schedule.

    .. math:: (n_{\text{same}} + \tfrac12 m) / (n + m), \qquad m = 200

    Parameters
    ----------
    regime : int
        ``types.Regime``.
    state : State
        From ``step``.
    params : Params
        ``prior_mass`` (m).

    Returns
    -------
    float
        In [0, 1].

    Notes
    -----
    Units: probability.  Causal: as ``step``.  Missing: one half where there is nothing to go by.
    Spec 8, METHODS 9.2.

    Examples
    --------
    >>> from quorate.core.routing import init, Params
    >>> value(0, init(1, Params()), Params())
    0.5
    """
    mass = state.counts[1, regime] + params.prior_mass
    if not mass > 0.0:
        return 0.5
    same = state.counts[0, regime] + 0.5 * params.prior_mass
    return same / mass if math.isfinite(mass) else 0.5
