"""Gates: which engine may vote in which regime (Spec 2, the approval matrix).

In: the set of regimes each engine is approved in. Out: a matrix that a kernel can read. The gate
only zeroes a weight: every engine votes on every bar (METHODS 0b.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import numpy as np

from quorate.core.kernel import kernel
from quorate.core.types import N_REGIMES, ByteMat, Hazard, Regime

_ILLIQUID = int(Hazard.ILLIQUID)


def approval(approved: Sequence[AbstractSet[Regime]]) -> ByteMat:
    """Return the approval matrix.

    Parameters
    ----------
    approved : Sequence of sets of Regime
        One set an engine, in the order of the engines.

    Returns
    -------
    ByteMat
        1 where the engine may vote, shape (regime, engine).

    Notes
    -----
    Units: none.  Causal: no time here.  Missing: an empty set is an engine that never votes.
    An engine whose set does not name NEUTRAL votes there if it is approved in both TREND and
    RANGE (METHODS 4.3).  Spec 2.

    Examples
    --------
    >>> both, one = {Regime.TREND, Regime.RANGE}, {Regime.TREND}
    >>> approval([both, one])[Regime.NEUTRAL].tolist()
    [1, 0]
    """
    matrix = np.zeros((N_REGIMES, len(approved)), np.int8)
    for e, regimes in enumerate(approved):
        for regime in regimes:
            matrix[Regime(regime), e] = 1
        if {Regime.TREND, Regime.RANGE} <= set(regimes):
            matrix[Regime.NEUTRAL, e] = 1
    return matrix


@kernel
def may_vote(matrix: ByteMat, regime: int, e: int) -> bool:
    """Tell whether engine ``e`` may vote in a regime.

    Examples
    --------
    >>> may_vote(approval([{Regime.PANIC}]), int(Regime.PANIC), 0)
    True
    """
    return bool(matrix[regime, e] == 1)


@kernel
def may_enter(hazards: int) -> bool:
    """Tell whether entries are allowed under these hazards: never while ILLIQUID (METHODS 4.3).

    Examples
    --------
    >>> may_enter(int(Hazard.PANIC)), may_enter(int(Hazard.PANIC) | int(Hazard.ILLIQUID))
    (True, False)
    """
    return (hazards & _ILLIQUID) == 0
